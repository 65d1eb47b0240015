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

  @Test("come from GraphSAINT and from the shards")
  func batches() throws {
    let folder = TemporaryFolder()
    let graph = try GraphTests.drawn(in: folder)
    var saint = try graph.saint(.walks(roots: 2, length: 2), trials: 8)
    let drawn = try saint.subgraph(3)
    #expect(try graph.induced(drawn.graph.nodes) == drawn.graph)
    #expect(drawn.nodeNormalization.count == drawn.graph.nodeCount)
    #expect(drawn.edgeNormalization.count == drawn.graph.edgeCount)
    var clusters = try graph.clusters(perBatch: 1)
    #expect(clusters.count == 2)
    let nodes = try (0..<2).flatMap { try clusters.subgraph($0).nodes }
    #expect(nodes.sorted() == (0..<5).map { NodeID($0) })
    #expect(throws: GraphError.self) { try graph.clusters(perBatch: 0) }
    #expect(throws: GraphError.self) { try graph.saint(.nodes(count: -1)) }
  }
}
