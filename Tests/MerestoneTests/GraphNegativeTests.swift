import Merestone
import MerestoneTestSupport
import Testing

@Suite("Negative edges from a program")
struct GraphNegativeTests {
  @Test("come by edge ids and by raw ids, and name what they do not know")
  func answers() throws {
    let folder = TemporaryFolder()
    let graph = try GraphTests.drawn(in: folder)
    let negatives = try graph.negatives(for: [EdgeID(3), EdgeID(0)], count: 4)
    #expect(negatives.sources == [3, 3, 3, 3, 1, 1, 1, 1].map { NodeID($0) })
    #expect(negatives.trueEdges.isEmpty && negatives.destinations.count == 8)
    #expect(!negatives.destinations[..<4].contains(NodeID(2)))
    let raw = try graph.negatives(
      for: [(source: .integer(1), destination: .integer(0))], count: 6, replacing: .source)
    #expect(raw.allSatisfy { $0.destination == .integer(0) })
    #expect(!raw.contains { [.integer(1), .integer(2)].contains($0.source) })
    #expect(throws: GraphError.edgeOutOfRange(EdgeID(5), edgeCount: 5)) {
      try graph.negatives(for: [EdgeID(5)], count: 1)
    }
    #expect(throws: GraphError.unknownNode(.integer(9))) {
      try graph.negatives(for: [(source: .integer(9), destination: .integer(0))], count: 1)
    }
  }
}
