import MerestoneStorage

/// Counts distinct ids in bounded memory: keeps those whose hash is small enough, and halves what
/// is enough whenever there are too many.
///
/// Adaptive sampling; Flajolet, "On adaptive sampling", Computing 1990. The error is about
/// 1 / sqrt(``limit`` / 2), 0.3%.
struct DistinctSample {
  private var kept: Set<UInt64> = []
  /// Leading bits of a hash that have to be zero.
  private var depth: UInt64 = 0

  private static let limit = 1 << 17

  /// Adds an id by its hash, ``RawIDHash/mix(_:)`` or equal.
  @inline(__always) mutating func insert(hash: UInt64) {
    guard depth == 0 || hash &>> (64 &- depth) == 0 else { return }
    keep(hash)
  }

  private mutating func keep(_ hash: UInt64) {
    kept.insert(hash)
    while kept.count > Self.limit {
      depth += 1
      let depth = depth
      kept = kept.filter { $0 >> (64 - depth) == 0 }
    }
  }

  /// About how many different ids were added; exact for few.
  var estimate: Double {
    var scale = 1.0
    for _ in 0..<depth { scale *= 2 }
    return Double(kept.count) * scale
  }
}
