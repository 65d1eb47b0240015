import MerestoneCore

/// A keyed bijection of the numbers below 2^bits.
///
/// Rounds of steps that can each be undone: a multiplication by an odd number, an addition, and
/// the exclusive or of the upper half into the lower.
struct IDScramble: Sendable {
  private let mask: UInt64
  private let half: UInt64
  private let factors: SIMD4<UInt64>
  private let offsets: SIMD4<UInt64>

  init(bits: Int, draws: RandomDraws) {
    precondition((1...63).contains(bits), "\(bits) bits")
    mask = 1 << UInt64(bits) - 1
    half = UInt64((bits + 1) / 2)
    var factors = SIMD4<UInt64>()
    var offsets = SIMD4<UInt64>()
    for round in 0..<4 {
      let words = draws.wideWords(entity: UInt64(round), number: 0)
      factors[round] = words.x | 1
      offsets[round] = words.y
    }
    self.factors = factors
    self.offsets = offsets
  }

  @inline(__always) func apply(_ value: UInt64) -> UInt64 {
    var value = value
    for round in 0..<3 {
      value = (value &* factors[round] &+ offsets[round]) & mask
      value ^= value &>> half
    }
    return value
  }
}
