import MerestoneCore
import MerestoneTestSupport

@testable import MerestoneSampling

/// Naive subgraphs over plain lists, written from the definition.
struct ReferenceSubgraphs {
  let graph: TestGraph
  var edgeSet = EdgeSet.all

  /// All allowed edges among `nodes`, which are distinct.
  func induced(on nodes: [UInt64]) -> LocalSubgraph {
    let walks = ReferenceWalks(graph: graph, edgeSet: edgeSet)
    var result = LocalSubgraph(nodes: nodes.map { NodeID($0) })
    for node in nodes {
      for (source, edge) in walks.inEdges(of: node) {
        guard let place = nodes.firstIndex(of: source) else { continue }
        result.indices.append(BlockIndex(UInt32(place)))
        result.edges.append(EdgeID(edge))
      }
      result.indptr.append(result.edges.count)
    }
    return result
  }

  /// The nodes that a sampled mini-batch reaches, by first appearance.
  func reached(from seeds: [UInt64], fanouts: [Int], key: RandomKey) -> [UInt64] {
    var key = key
    key.stream = .subgraph
    let batch = ReferenceSampler(graph: graph, edgeSet: edgeSet).sample(
      seeds, fanouts: fanouts, key: key)
    return batch.inputNodes.map(\.rawValue)
  }
}
