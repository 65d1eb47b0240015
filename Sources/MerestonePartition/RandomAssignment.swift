import MerestoneCore

/// A shard drawn for every node by itself.
enum RandomAssignment {
  /// - Returns: The shard of every input index, uniform over `0..<shards`.
  static func assign(nodeCount: Int, shards: Int, seed: UInt64, pool: ThreadPool) -> [UInt16] {
    let draws = RandomKey(seed: seed, stream: .partition).draws
    return [UInt16](filling: nodeCount, pool: pool) { tile, part in
      for offset in 0..<part.count {
        part[offset] = UInt16(
          truncatingIfNeeded: draws.uniform(
            below: UInt64(shards), entity: UInt64(tile.lowerBound &+ offset), number: 0))
      }
    }
  }
}
