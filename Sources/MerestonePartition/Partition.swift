/// What all ways to partition a graph share: limits, checks, and the memory that they take.
package enum Partition {
  /// The most nodes that 32 bits number, one value kept free for "none".
  package static let nodeLimit = Int(UInt32.max)

  /// A shard's number must fit the 16 bits of an assignment, with one value to spare.
  package static let shardLimit = 65_535

  /// - Throws: ``PartitionError`` for options that no graph of `nodeCount` nodes can meet. One
  ///   shard is always possible.
  package static func check(
    _ options: PartitionOptions, nodeCount: Int
  ) throws(PartitionError) {
    guard nodeCount <= nodeLimit else {
      throw .tooManyNodes(count: nodeCount, limit: nodeLimit)
    }
    guard options.shards >= 1, options.shards <= max(nodeCount, 1) else {
      throw .shardsOutOfRange(shards: options.shards, nodeCount: nodeCount)
    }
    guard options.shards <= shardLimit else {
      throw .tooManyShards(shards: options.shards, limit: shardLimit)
    }
    guard options.imbalance >= 0, options.imbalance <= 100 else {
      throw .imbalanceOutOfRange(options.imbalance)
    }
  }

  /// Shards follow each other without a gap and hold everything once.
  static func checkBounds(
    _ bounds: [UInt64], shards: Int, total: Int, of what: String
  ) throws(PartitionError) {
    guard bounds.count == shards + 1 else {
      throw .inconsistent(
        check: "the number of boundaries of \(what)", expected: shards + 1, found: bounds.count)
    }
    for (lower, upper) in zip(bounds, bounds.dropFirst()) where lower > upper {
      throw .inconsistent(
        check: "a boundary of \(what) after another", expected: Int(lower), found: Int(upper))
    }
    guard bounds[0] == 0, bounds[shards] == UInt64(total) else {
      throw .inconsistent(
        check: "the \(what) in all shards", expected: total, found: Int(bounds[shards]))
    }
  }
}
