/// A keyed pseudo-random permutation of `0..<count` in O(1) memory.
///
/// A balanced Feistel network over the smallest even number of bits that holds `count`, with
/// Philox as the round function, walked until the value falls inside the range (cycle walking:
/// Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). A shuffled epoch
/// over any number of training nodes therefore keeps nothing resident.
///
/// - Complexity: fewer than four walks of ``rounds`` Philox calls on average, for each element.
public struct RandomPermutation: Sendable {
  public let count: UInt64
  private let draws: RandomDraws
  private let halfBits: UInt64
  private static let rounds: UInt32 = 6

  public init(count: Int, key: RandomKey) {
    precondition(count >= 0, "a permutation of \(count) elements")
    self.count = UInt64(count)
    self.draws = key.draws
    let bits = UInt64(64 - max(self.count, 2).leadingZeroBitCount)
    self.halfBits = max(1, (bits + 1) / 2)
  }

  /// The element at `position`.
  /// - Precondition: `position` is in `0..<count`.
  public subscript(position: Int) -> Int {
    precondition(UInt64(position) < count, "position \(position) of \(count)")
    var value = UInt64(position)
    repeat {
      value = encrypt(value)
    } while value >= count
    return Int(value)
  }

  private func encrypt(_ value: UInt64) -> UInt64 {
    let mask = (1 as UInt64) << halfBits - 1
    var left = value >> halfBits
    var right = value & mask
    for round in 0..<Self.rounds {
      let word = draws.words(entity: right, number: round)
      let mixed = (UInt64(word.x) | UInt64(word.y) << 32) & mask
      (left, right) = (right, left ^ mixed)
    }
    return left << halfBits | right
  }
}
