/// Numbers the integers of a set in ascending order: a bitmap and a count per word of it.
///
/// - Complexity: 12 bytes per 64 integers of `0...largest`; a number takes one load of each.
struct IntegerRank: Sendable {
  private let words: [UInt64]
  /// How many members lie before each word.
  private let before: [UInt32]
  let count: Int

  /// - Parameter words: Bit `i % 64` of word `i / 64` says whether `i` is a member; fewer than
  ///   2^32 - 1 of them.
  init(words: [UInt64]) {
    self.words = words
    var before: [UInt32] = []
    before.reserveCapacity(words.count)
    var count = 0
    for word in words {
      before.append(UInt32(truncatingIfNeeded: count))
      count += word.nonzeroBitCount
    }
    self.before = before
    self.count = count
  }

  /// Stands for an integer that is no member.
  static let absent = UInt32.max

  /// The number of members below `id`, or ``absent`` where `id` is none.
  @inline(__always) func number(of id: UInt64) -> UInt32 {
    guard id &>> 6 < UInt64(words.count) else { return Self.absent }
    let place = Int(truncatingIfNeeded: id &>> 6)
    let word = words[place]
    let bit = id & 63
    guard word &>> bit & 1 == 1 else { return Self.absent }
    let lower = word & ((1 as UInt64) &<< bit &- 1)
    return before[place] &+ UInt32(truncatingIfNeeded: lower.nonzeroBitCount)
  }

  /// Calls `body` with all members in ascending order, `size` at a time.
  func forEachBlock<E: Error>(of size: Int, _ body: ([UInt64]) throws(E) -> Void) throws(E) {
    var block: [UInt64] = []
    block.reserveCapacity(size)
    for (place, start) in words.enumerated() {
      var word = start
      while word != 0 {
        block.append(UInt64(place) &* 64 &+ UInt64(word.trailingZeroBitCount))
        word &= word &- 1
        if block.count == size {
          try body(block)
          block.removeAll(keepingCapacity: true)
        }
      }
    }
    if !block.isEmpty { try body(block) }
  }
}
