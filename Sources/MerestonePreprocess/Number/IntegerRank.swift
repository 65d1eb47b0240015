internal import CMerestoneKernels
import MerestoneCore

/// Numbers the integers of a set in ascending order: a bitmap and a count per word of it.
///
/// - Complexity: 16 bytes per 64 integers of `0...largest`; a number takes one load.
struct IntegerRank: Sendable {
  /// 64 integers: which of them are members, and how many members lie before them. Side by side, so
  /// that a number costs one cache line.
  private struct Word: BitwiseCopyable, Sendable {
    var bits: UInt64
    var before: UInt32
  }

  private let words: [Word]
  let count: Int

  /// - Parameter words: Bit `i % 64` of word `i / 64` says whether `i` is a member; fewer than
  ///   2^32 - 1 of them.
  init(words: [UInt64]) {
    var placed = [Word](inHugePages: Word(bits: 0, before: 0), count: words.count)
    var count = 0
    for (place, bits) in words.enumerated() {
      placed[place] = Word(bits: bits, before: UInt32(truncatingIfNeeded: count))
      count += bits.nonzeroBitCount
    }
    self.words = placed
    self.count = count
  }

  /// No member is as large as this.
  var limit: Int { words.count * 64 }

  /// Stands for an integer that is no member.
  static let absent = UInt32.max

  /// The number of members below `id`, or ``absent`` where `id` is none.
  @inline(__always) func number(of id: UInt64) -> UInt32 {
    guard id &>> 6 < UInt64(words.count) else { return Self.absent }
    let word = words[Int(truncatingIfNeeded: id &>> 6)]
    let bit = (1 as UInt64) &<< (id & 63)
    let lower = word.bits & (bit &- 1)
    return word.bits & bit == 0
      ? Self.absent : word.before &+ UInt32(truncatingIfNeeded: lower.nonzeroBitCount)
  }

  /// Asks for what ``number(of:)`` will read.
  @inline(__always) func prefetch(_ id: UInt64) {
    unsafe words.withUnsafeBufferPointer { words in
      guard let first = words.baseAddress else { return }
      // SAFETY: what is asked for need not exist.
      unsafe mrs_prefetch(first + Int(truncatingIfNeeded: id &>> 6))
    }
  }

  /// Calls `body` with the members of some words, 64 integers each, and their numbers.
  func forEach(inWords range: Range<Int>, _ body: (_ id: UInt64, _ number: UInt32) -> Void) {
    for place in range {
      var (bits, number) = (words[place].bits, words[place].before)
      while bits != 0 {
        body(UInt64(place) &* 64 &+ UInt64(bits.trailingZeroBitCount), number)
        bits &= bits &- 1
        number &+= 1
      }
    }
  }

  /// Calls `body` with all members in ascending order, `size` at a time.
  func forEachBlock<E: Error>(of size: Int, _ body: ([UInt64]) throws(E) -> Void) throws(E) {
    var block: [UInt64] = []
    block.reserveCapacity(size)
    for (place, start) in words.enumerated() {
      var word = start.bits
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
