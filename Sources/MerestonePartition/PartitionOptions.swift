/// How nodes are shared out among shards.
package enum Partitioner: String, Sendable, CaseIterable, Codable {
  /// Cuts the ordered sequence into contiguous pieces of about equal load, so that global ids do
  /// not depend on the number of shards.
  case range
  /// Draws a shard for every node from its ``RandomKey``.
  case random
  /// Linear deterministic greedy, restreamed: each node goes where most of its neighbours are,
  /// discounted by how full the shard is.
  case ldg
  /// As `ldg`, with an additive cost of load instead of a discount.
  case fennel
  /// Clusters until little is left, partitions that, and refines on the way back: the smallest
  /// cut, for more time and memory.
  case multilevel
}

/// In which order nodes get their global ids; inside each shard for `random` and `ldg`.
package enum NodeOrdering: String, Sendable, CaseIterable, Codable {
  /// The cheapest order to store, on a sample of the graph: ``OrderChoice``.
  case auto
  /// In-degree descending, ties by input index.
  case degree
  /// Neighbours, and nodes with the same neighbours, next to each other.
  case locality
  /// As the input lists the nodes.
  case input

  /// The order that `auto` stands for where nothing was sampled.
  package var resolved: NodeOrdering { self == .auto ? .degree : self }
}

/// What shapes a partition; equal options and edges give an equal partition on any machine and
/// with any number of threads.
package struct PartitionOptions: Sendable, Equatable {
  package var shards: Int
  package var partitioner: Partitioner
  package var ordering: NodeOrdering
  /// The allowed excess of the largest shard over the mean: 0.05 is 5%. Bounds all but `range`
  /// and `random`.
  package var imbalance: Double
  /// What that bound is about, training nodes aside.
  package var balance: Balance
  package var seed: UInt64
  /// How often `ldg` and `fennel` stream over all nodes.
  package var passes: Int

  package init(
    shards: Int, partitioner: Partitioner = .range, ordering: NodeOrdering = .auto,
    imbalance: Double = 0.05, balance: Balance = .both, seed: UInt64 = 0, passes: Int = 5
  ) {
    self.shards = shards
    self.partitioner = partitioner
    self.ordering = ordering
    self.imbalance = imbalance
    self.balance = balance
    self.seed = seed
    self.passes = passes
  }
}
