/// The shard of every node, as a partitioner chose it.
package struct ShardAssignment: Sendable, Equatable {
  /// By input index. Shape `[nodeCount]`.
  package internal(set) var shardOf: [UInt16]
  package let shards: Int
  /// What the user should know, such as a bound that cannot hold.
  package internal(set) var warnings: [String] = []
}
