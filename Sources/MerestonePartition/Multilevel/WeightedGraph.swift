/// A coarsened graph in memory: nodes are clusters of nodes, entries are bundles of edges.
struct WeightedGraph: Sendable {
  /// Where each list starts in ``neighbors``. Shape `[count + 1]`.
  var offsets: [Int]
  /// Neighbours, each once in a list, never the node itself.
  var neighbors: [UInt32]
  /// How many edges each entry stands for.
  var weights: [UInt32]
  /// What each cluster holds.
  var nodes: [UInt32]
  var edges: [UInt64]
  var training: [UInt32]

  var count: Int { nodes.count }

  func placed(_ node: Int, _ bounds: ShardBounds) -> PlacedNode {
    bounds.cluster(nodes: nodes[node], edges: edges[node], training: training[node])
  }

  /// The weight of the entries between different shards, each edge counted at both ends.
  func cut(_ shardOf: [UInt16]) -> UInt64 {
    var cut: UInt64 = 0
    for node in 0..<count {
      let shard = shardOf[node]
      for entry in offsets[node]..<offsets[node + 1]
      where shardOf[Int(neighbors[entry])] != shard {
        cut &+= UInt64(weights[entry])
      }
    }
    return cut
  }
}
