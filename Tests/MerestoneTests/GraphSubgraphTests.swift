import Merestone
import MerestoneTestSupport
import Testing

@Suite("Subgraphs from a program")
struct GraphSubgraphTests {
  @Test("come by global and raw ids, and name what they do not know")
  func answers() throws {
    let folder = TemporaryFolder()
    let graph = try GraphTests.drawn(in: folder)
    let induced = try graph.induced([0, 2, 4].map { .integer($0) })
    #expect(induced.nodes == [0, 2, 4].map { NodeID($0) } && induced.edges == [EdgeID(1)])
    let nodes = [NodeID(0), NodeID(2), NodeID(4)]
    #expect(try graph.induced(nodes) == induced)
    #expect(try graph.ego(of: [NodeID(1)], hops: 1).edges == [EdgeID(2)])
    let shadow = try graph.shadow(of: [NodeID(1), NodeID(4)], fanouts: [-1, -1])
    #expect(shadow[0].nodes == [1, 2, 3].map { NodeID($0) } && shadow[0].edgeCount == 3)
    #expect(shadow[1] == LocalSubgraph(nodes: [NodeID(4)], indptr: [0, 0]))
    #expect(try graph.shadow(of: [NodeID(1)], pageRankCount: 3)[0].edges == shadow[0].edges)
    #expect(throws: GraphError.nodeOutOfRange(NodeID(5), nodeCount: 5)) {
      try graph.induced([NodeID(5)])
    }
    #expect(throws: GraphError.self) { try graph.ego(of: [NodeID(0)], hops: -1) }
  }
}
