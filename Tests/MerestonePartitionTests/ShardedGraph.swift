import MerestoneCore
import MerestonePartition

/// A graph that went through what preprocessing does: nodes to shards, then global ids.
struct ShardedGraph {
  let edges: EdgeList
  let order: GlobalOrder
  let assignment: ShardAssignment?

  init(
    _ edges: EdgeList, _ options: PartitionOptions, pool: ThreadPool = ThreadPool(threads: 2)
  ) throws {
    try Partition.check(options, nodeCount: edges.nodeCount)
    let neighbors = InMemoryNeighbors(
      nodeCount: edges.nodeCount, sources: edges.sources, destinations: edges.destinations)
    assignment =
      switch options.partitioner {
      case .range: nil
      case .random:
        try .random(nodeCount: edges.nodeCount, options: options, pool: pool)
      case .ldg, .fennel, .multilevel:
        try .make(
          neighbors: neighbors, inDegrees: edges.inDegrees, options: options, pool: pool)
      }
    order = try GlobalOrder(
      options.ordering == .input ? .input : .degree, inDegrees: edges.inDegrees,
      assignment: assignment, shards: options.shards, pool: pool)
    self.edges = edges
  }

  /// The input index of every global id.
  var inputs: [UInt32] {
    var inputs = [UInt32](repeating: .max, count: order.globals.count)
    for (input, global) in order.globals.enumerated() { inputs[Int(global)] = UInt32(input) }
    return inputs
  }

  /// The shard of every input index, by the boundaries.
  var shardOf: [Int] {
    order.globals.map { global in
      order.nodeBounds.dropFirst().firstIndex { UInt64(global) < $0 }! - 1
    }
  }

  var cutEdges: Int { edges.cut(shardOf) }

  /// Cut edges over all edges; 0 where there are none.
  var cutRatio: Double {
    edges.sources.isEmpty ? 0 : Double(cutEdges) / Double(edges.sources.count)
  }

  var nodeCounts: [UInt64] { zip(order.nodeBounds, order.nodeBounds.dropFirst()).map { $1 - $0 } }

  var edgeCounts: [UInt64] { zip(order.edgeBounds, order.edgeBounds.dropFirst()).map { $1 - $0 } }
}
