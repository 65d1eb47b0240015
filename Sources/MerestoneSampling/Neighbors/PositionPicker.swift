package import MerestoneCore

/// Picks `k` of `n` list positions uniformly without replacement, in ascending order.
///
/// Floyd's method (Bentley and Floyd, "Programming Pearls: A Sample of Brilliance", CACM 1987):
/// for `j` in `n - k ..< n` draw `t` from `0...j` and keep `t`, or `j` where `t` is kept already.
/// Draw `i` takes word `i` of the entity: 32 bits wide where `n` is at most 65,536 (bias below
/// 2^-16 of a probability), else 64 bits. This algorithm and its draw widths are part of the
/// format version: every faster kernel must give the same bits.
package enum PositionPicker {
  /// The largest list for which draws are 32 bits wide.
  package static let narrowLimit: UInt64 = 1 << 16

  /// Picks into `window`, which must have room for `k` elements.
  ///
  /// - Precondition: `0 < k < n`.
  /// - Complexity: O(*k*) draws and O(*k*^2) moves of one word; no memory.
  @unsafe @inline(__always)
  package static func pick(
    _ k: Int, of n: UInt64, entity: UInt64, draws: RandomDraws,
    into window: UnsafeMutablePointer<UInt64>
  ) {
    if n <= 64 {
      // SAFETY: the caller's promise is passed on.
      unsafe pickShort(k, of: n, entity: entity, draws: draws, into: window)
      return
    }
    var j = n &- UInt64(k)
    var i = 0
    if n <= narrowLimit {
      while i < k {
        let words = draws.words(entity: entity, number: UInt32(truncatingIfNeeded: i &>> 2))
        // SAFETY: at most `k` insertions are made.
        unsafe insert((UInt64(words.x) &* (j &+ 1)) &>> 32, orElse: j, into: window, count: i)
        guard i &+ 1 < k else { return }
        unsafe insert(
          (UInt64(words.y) &* (j &+ 2)) &>> 32, orElse: j &+ 1, into: window, count: i &+ 1)
        guard i &+ 2 < k else { return }
        unsafe insert(
          (UInt64(words.z) &* (j &+ 3)) &>> 32, orElse: j &+ 2, into: window, count: i &+ 2)
        guard i &+ 3 < k else { return }
        unsafe insert(
          (UInt64(words.w) &* (j &+ 4)) &>> 32, orElse: j &+ 3, into: window, count: i &+ 3)
        i &+= 4
        j &+= 4
      }
    } else {
      while i < k {
        let words = draws.wideWords(entity: entity, number: UInt32(truncatingIfNeeded: i &>> 1))
        // SAFETY: as above.
        unsafe insert(
          words.x.multipliedFullWidth(by: j &+ 1).high, orElse: j, into: window, count: i)
        guard i &+ 1 < k else { return }
        unsafe insert(
          words.y.multipliedFullWidth(by: j &+ 2).high, orElse: j &+ 1, into: window,
          count: i &+ 1)
        i &+= 2
        j &+= 2
      }
    }
  }

  /// The same for lists of at most 64 positions, which one word holds as a set: no branch depends
  /// on a draw.
  @unsafe @inline(__always)
  private static func pickShort(
    _ k: Int, of n: UInt64, entity: UInt64, draws: RandomDraws,
    into window: UnsafeMutablePointer<UInt64>
  ) {
    var chosen: UInt64 = 0
    var j = n &- UInt64(k)
    var number: UInt32 = 0
    while j < n {
      let words = draws.words(entity: entity, number: number)
      number &+= 1
      for lane in 0..<4 where j < n {
        let t = (UInt64(words[lane]) &* (j &+ 1)) &>> 32
        let bit = (1 as UInt64) &<< t
        chosen |= chosen & bit == 0 ? bit : 1 &<< j
        j &+= 1
      }
    }
    for place in 0..<k {
      // SAFETY: `chosen` has `k` members, and the window room for them.
      unsafe window[place] = UInt64(truncatingIfNeeded: chosen.trailingZeroBitCount)
      chosen &= chosen &- 1
    }
  }

  /// Puts `t` in its place among the first `count` ascending elements, or `j`, which is larger
  /// than all of them, at the end if `t` is there.
  @unsafe @inline(__always)
  private static func insert(
    _ t: UInt64, orElse j: UInt64, into window: UnsafeMutablePointer<UInt64>, count: Int
  ) {
    // One pass moves the larger elements up; finding `t` below them moves them back down.
    var place = count
    // SAFETY: `place` is in `1...count`, and the window has room for `count + 1` elements.
    while place > 0, unsafe window[place &- 1] > t {
      unsafe window[place] = window[place &- 1]
      place &-= 1
    }
    guard place > 0, unsafe window[place &- 1] == t else {
      unsafe window[place] = t
      return
    }
    while place < count {
      unsafe window[place] = window[place &+ 1]
      place &+= 1
    }
    unsafe window[count] = j
  }
}
