import Merestone
import MerestoneTestSupport
import Testing

@Suite("Walks and neighbourhoods from a program")
struct GraphWalkTests {
  @Test("answer in global and raw ids, and name what they do not know")
  func answers() throws {
    let folder = TemporaryFolder()
    let graph = try GraphTests.drawn(in: folder)
    let walks = try graph.randomWalks(from: [NodeID(1), NodeID(4)], length: 5)
    #expect(walks.nodes == [1, 2, 3, 4].map { NodeID($0) } && walks.indptr == [0, 3, 4])
    #expect(
      try graph.randomWalks(from: [.integer(1), .integer(4)], length: 1)
        == [[.integer(1), .integer(2)], [.integer(4)]])
    #expect(
      try graph.randomWalks(from: [NodeID(0)], length: 9, law: .restart(probability: 0.5), seed: 3)
        == graph.randomWalks(from: [NodeID(0)], length: 9, law: .restart(probability: 0.5), seed: 3)
    )
    let visited = try graph.visitedNeighborhoods(of: [NodeID(2)], count: 3)
    #expect(visited.nodes == [NodeID(3)] && visited.weights == [1])
    let ranked = try graph.pageRankNeighborhoods(of: [NodeID(1)], count: 2, alpha: 0.75)
    #expect(ranked.nodes == [NodeID(1), NodeID(2)])
    #expect(throws: GraphError.unknownNode(.integer(9))) {
      try graph.randomWalks(from: [.integer(9)], length: 1)
    }
    #expect(throws: GraphError.nodeOutOfRange(NodeID(5), nodeCount: 5)) {
      try graph.randomWalks(from: [NodeID(5)], length: 1)
    }
    #expect(
      throws: GraphError.badParameter(name: "p", value: -1, expected: "a number above 0")
    ) {
      try graph.randomWalks(from: [NodeID(0)], length: 1, law: .node2vec(p: -1, q: 1))
    }
  }
}
