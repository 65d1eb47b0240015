import MerestoneCore

/// How good a partition is, counted over the stored edges.
package struct PartitionMetrics: Sendable, Equatable {
  /// Edges whose ends are in different shards, each duplicate counted.
  package var cutEdges: Int
  package var edgeCount: Int
  /// Largest shard over the mean, minus 1: of nodes, of edges, of training nodes where there are.
  package var nodeImbalance: Double
  package var edgeImbalance: Double
  package var trainImbalance: Double?

  /// Cut edges over all edges; 0 where there are none.
  package var cutRatio: Double { edgeCount == 0 ? 0 : Double(cutEdges) / Double(edgeCount) }

  /// Counts for `order` cut at `nodeBounds` and `edgeBounds`.
  static func measure(
    _ edges: EdgeList, order: NodeOrder, nodeBounds: [UInt64], edgeBounds: [UInt64],
    train: [Bool]?, pool: ThreadPool
  ) -> Self {
    var shardOf = [UInt16](repeating: 0, count: order.count)
    var trainCounts = [UInt64](repeating: 0, count: nodeBounds.count - 1)
    for shard in 0..<nodeBounds.count - 1 {
      for global in Int(nodeBounds[shard])..<Int(nodeBounds[shard + 1]) {
        let input = Int(order.inputs[global])
        shardOf[input] = UInt16(truncatingIfNeeded: shard)
        if let train, train[input] { trainCounts[shard] += 1 }
      }
    }
    return PartitionMetrics(
      cutEdges: cut(edges, shardOf: shardOf, pool: pool), edgeCount: edges.count,
      nodeImbalance: imbalance(zip(nodeBounds, nodeBounds.dropFirst()).map { $1 - $0 }),
      edgeImbalance: imbalance(zip(edgeBounds, edgeBounds.dropFirst()).map { $1 - $0 }),
      trainImbalance: trainCounts.contains { $0 > 0 } ? imbalance(trainCounts) : nil)
  }

  /// Largest over mean, minus 1; 0 where all are empty.
  static func imbalance(_ sizes: [UInt64]) -> Double {
    let total = sizes.reduce(0, +)
    guard total > 0, let largest = sizes.max() else { return 0 }
    return Double(largest) * Double(sizes.count) / Double(total) - 1
  }

  private static func cut(_ edges: EdgeList, shardOf: [UInt16], pool: ThreadPool) -> Int {
    let tile = 1 << 18
    var counts = [Int](repeating: 0, count: (edges.count + tile - 1) / tile)
    counts.withSharedBuffer { shared in
      pool.forEachTile(of: edges.count, tile: tile) { range in
        var cut = 0
        for edge in range {
          let source = shardOf[Int(edges.sources[edge])]
          let destination = shardOf[Int(edges.destinations[edge])]
          cut &+= source == destination ? 0 : 1
        }
        shared.withPart(range.lowerBound / tile..<range.lowerBound / tile + 1) { $0[0] = cut }
      }
    }
    return counts.reduce(0, +)
  }
}
