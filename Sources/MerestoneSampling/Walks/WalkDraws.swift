import MerestoneCore

/// The draws of walks: stream ``RandomStream/walk``, entity = walk number, draw = step. The key's
/// hop numbers the attempts of one step.
struct WalkDraws {
  private let attempts: [RandomDraws]
  private let firstWalk: UInt64

  /// Attempts that a step may make, the last one included that cannot fail.
  static let attemptCount = 17

  init(key: RandomKey, relation: RelationID, firstWalk: UInt64) {
    var key = key
    key.stream = .walk
    key.relation = UInt16(truncatingIfNeeded: relation.rawValue)
    attempts = (0..<Self.attemptCount).map { attempt in
      key.hop = UInt8(attempt)
      return key.draws
    }
    self.firstWalk = firstWalk
  }

  @inline(__always)
  func words(walk: Int, step: Int, attempt: Int = 0) -> SIMD2<UInt64> {
    attempts[attempt].wideWords(
      entity: firstWalk &+ UInt64(walk), number: UInt32(truncatingIfNeeded: step))
  }
}

extension UInt64 {
  /// The word as a number of `[0, 1)`, by its upper 53 bits.
  @inline(__always) var unit: Double { Double(self &>> 11) * 0x1p-53 }
}
