package import MerestoneCore

/// Picks `k` of `n` list positions uniformly without replacement, in ascending order.
///
/// Floyd's method (Bentley and Floyd, "Programming Pearls: A Sample of Brilliance", CACM 1987):
/// for `j` in `n - k ..< n` draw `t` from `0...j` and keep `t`, or `j` where `t` is kept already.
/// Draw `i` takes word `i` of the entity: 32 bits wide where `n` is at most 65,536 (bias below
/// 2^-16 of a probability), else 64 bits. This algorithm and its draw widths are part of the
/// format version: every faster kernel must give the same bits.
package struct PositionPicker {
  /// The picked positions, ascending; valid up to the count that `pick` was asked for.
  private var chosen: [UInt64] = []

  /// The largest list for which draws are 32 bits wide.
  package static let narrowLimit: UInt64 = 1 << 16

  package init() {}

  /// Picks `k` positions of `0..<n` and hands each, ascending, to `body`.
  ///
  /// - Precondition: `0 < k < n`.
  /// - Complexity: O(*k*) draws and O(*k*^2) moves of one word, in one buffer of `k` words.
  @inline(__always)
  package mutating func pick(
    _ k: Int, of n: UInt64, entity: UInt64, draws: RandomDraws, _ body: (UInt64) -> Void
  ) {
    if chosen.count < k { chosen = [UInt64](repeating: 0, count: k) }
    var window = chosen.mutableSpan
    let narrow = n <= Self.narrowLimit
    var words = SIMD4<UInt32>()
    var wideWords = SIMD2<UInt64>()
    for i in 0..<k {
      let j = n &- UInt64(k) &+ UInt64(i)
      let t: UInt64
      if narrow {
        if i & 3 == 0 { words = draws.words(entity: entity, number: UInt32(i >> 2)) }
        t = (UInt64(words[i & 3]) &* (j &+ 1)) &>> 32
      } else {
        if i & 1 == 0 { wideWords = draws.wideWords(entity: entity, number: UInt32(i >> 1)) }
        t = wideWords[i & 1].multipliedFullWidth(by: j &+ 1).high
      }
      Self.insert(t, orElse: j, into: &window, count: i)
    }
    for i in 0..<k { body(window[i]) }
  }

  /// Puts `t` in its place among the first `count` ascending elements, or `j`, which is larger
  /// than all of them, at the end if `t` is there.
  @inline(__always)
  private static func insert(
    _ t: UInt64, orElse j: UInt64, into window: inout MutableSpan<UInt64>, count: Int
  ) {
    var place = count
    while place > 0, window[place &- 1] > t { place &-= 1 }
    if place > 0, window[place &- 1] == t {
      window[count] = j
      return
    }
    var move = count
    while move > place {
      window[move] = window[move &- 1]
      move &-= 1
    }
    window[place] = t
  }
}
