import Merestone
import MerestoneTestSupport
import Testing

@Suite("Edges as seeds from a program")
struct GraphEdgeSeedTests {
  @Test("are sampled around without showing themselves")
  func answers() throws {
    let folder = TemporaryFolder()
    let graph = try GraphTests.drawn(in: folder)
    let negatives = try graph.negatives(for: [EdgeID(0)], count: 1)
    let sample = try graph.sample(
      edges: [EdgeID(0)], others: negatives.destinations, fanouts: [-1])
    #expect(!sample.batch.blocks[0].edges.contains(EdgeID(0)))
    #expect(sample.batch.blocks[0].edges.contains(EdgeID(1)))
    #expect(sample.batch.seeds[..<2] == [NodeID(1), NodeID(0)] && sample.others.count == 1)
    let whole = try graph.sample(edges: [EdgeID(0)], fanouts: [-1], excluding: .nothing)
    #expect(whole.batch.blocks[0].edges.contains(EdgeID(0)))
    #expect(throws: GraphError.edgeOutOfRange(EdgeID(5), edgeCount: 5)) {
      try graph.sample(edges: [EdgeID(5)], fanouts: [1])
    }
  }
}
