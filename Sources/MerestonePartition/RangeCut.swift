/// Cuts an ordered sequence of nodes into contiguous pieces of about equal load.
enum RangeCut {
  /// - Parameter inDegrees: In-degree by place in the sequence; a node's load is one more.
  /// - Returns: `shards + 1` ascending boundaries. Each cut is at the prefix nearest to its equal
  ///   share of the load; every piece has at least one node.
  /// - Precondition: `1 <= shards`, and `shards <= inDegrees.count` unless there is one shard.
  static func bounds(ofDegrees inDegrees: [UInt32], shards: Int) -> [UInt64] {
    let count = inDegrees.count
    let total = inDegrees.reduce(UInt64(count)) { $0 + UInt64($1) }
    var bounds: [UInt64] = [0]
    var position = 0
    var load: UInt64 = 0
    for shard in 1..<max(shards, 1) {
      let share = total.multipliedFullWidth(by: UInt64(shard))
      let target = UInt64(shards).dividingFullWidth(share).quotient
      let earliest = Int(bounds[shard - 1]) + 1
      let latest = count - (shards - shard)
      while position < latest {
        let next = load + 1 + UInt64(inDegrees[position])
        let nearer = next <= target || next - target < target - min(load, target)
        guard nearer || position < earliest else { break }
        load = next
        position += 1
      }
      bounds.append(UInt64(position))
    }
    bounds.append(UInt64(count))
    return bounds
  }
}
