package import MerestoneCore
import MerestoneStorage

/// Batches of a graph's own shards: all edges among the nodes of some shards.
///
/// Chiang et al., "Cluster-GCN: An Efficient Algorithm for Training Deep and Large Graph
/// Convolutional Networks", KDD 2019: preprocessing has cut the graph into clusters already. Each
/// epoch puts the shards in an order of its own and takes them `shardsPerBatch` at a time, so that
/// each shard is in one batch and edges between shards of one batch are kept. The order is a
/// ``RandomPermutation`` under the stream ``RandomStream/subgraph``. A value belongs to one thread.
package struct ClusterBatches {
  private let topology: Topology
  private let permutation: RandomPermutation
  private let shardsPerBatch: Int
  private var induced: InducedReader

  /// How many batches an epoch has.
  package let count: Int

  /// - Parameter key: Names the epoch's order; its stream is set here.
  /// - Throws: ``SamplingError/badParameter(name:value:expected:)``.
  package init(
    _ topology: Topology, shardsPerBatch: Int, key: RandomKey
  ) throws(SamplingError) {
    guard shardsPerBatch >= 1 else {
      throw .badParameter(
        name: "shards per batch", value: Double(shardsPerBatch), expected: "1 or more")
    }
    var key = key
    key.stream = .subgraph
    let shards = topology.store.book.shardCount
    self.topology = topology
    self.shardsPerBatch = min(shardsPerBatch, shards)
    permutation = RandomPermutation(count: shards, key: key)
    induced = InducedReader(topology)
    count = (shards + self.shardsPerBatch - 1) / self.shardsPerBatch
  }

  /// The shards of a batch, ascending.
  ///
  /// - Precondition: `batch` is in `0..<count`.
  package func shards(of batch: Int) -> [ShardID] {
    let first = batch * shardsPerBatch
    return (first..<min(first + shardsPerBatch, Int(permutation.count)))
      .map { ShardID(permutation[$0]) }.sorted()
  }

  /// All edges among the nodes of a batch's shards; nodes ascend.
  ///
  /// - Complexity: O(in-edges of the shards); the memory is that of the result and of a million
  ///   edges.
  package mutating func subgraph(of batch: Int) throws(SamplingError) -> LocalSubgraph {
    let book = topology.store.book
    let ranges = shards(of: batch).map { book.nodes(of: topology.nodeType, in: $0) }
    let numbering = RangeNumbering(ranges)
    var nodes: [NodeID] = []
    nodes.reserveCapacity(numbering.count)
    for range in ranges {
      for node in range { nodes.append(NodeID(node)) }
    }
    return try induced.induced(on: nodes, numbering)
  }
}

/// Numbers the nodes of some ranges, one range after the other.
private struct RangeNumbering: NodeNumbering {
  private var starts: [UInt64] = []
  private var ends: [UInt64] = []
  private var firsts: [Int] = []
  private(set) var count = 0

  /// - Parameter ranges: Ascending and disjoint.
  init(_ ranges: [Range<UInt64>]) {
    for range in ranges where !range.isEmpty {
      starts.append(range.lowerBound)
      ends.append(range.upperBound)
      firsts.append(count)
      count += range.count
    }
  }

  /// - Complexity: O(log ranges).
  @inline(__always) func number(of node: NodeID) -> Int? {
    var lower = 0
    var upper = starts.count
    while upper &- lower > 1 {
      let middle = (lower &+ upper) / 2
      if starts[middle] <= node.rawValue { lower = middle } else { upper = middle }
    }
    guard lower < upper, starts[lower] <= node.rawValue, node.rawValue < ends[lower] else {
      return nil
    }
    return firsts[lower] &+ Int(node.rawValue &- starts[lower])
  }
}
