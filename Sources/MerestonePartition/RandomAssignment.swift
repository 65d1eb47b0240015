import MerestoneCore

/// A shard drawn for every node by itself.
enum RandomAssignment {
  /// - Returns: The shard of every input index, uniform over `0..<shards`.
  static func assign(nodeCount: Int, shards: Int, seed: UInt64) -> [UInt16] {
    let draws = RandomKey(seed: seed, stream: .partition).draws
    return (0..<nodeCount).map { node in
      UInt16(draws.uniform(below: UInt64(shards), entity: UInt64(node), number: 0))
    }
  }
}
