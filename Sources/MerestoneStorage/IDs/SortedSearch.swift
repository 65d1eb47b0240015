/// Searches ascending 64-bit keys that are dear to read.
package enum SortedSearch {
  /// The first place of `key`, `nil` where it is absent.
  ///
  /// Interpolation with guards: a read at the expected place, then one a standard deviation or two
  /// beyond the key, which mostly closes the interval from the other side. A round that leaves
  /// more than half of the interval bisects it. Keys that do not ascend give a wrong answer, but
  /// an answer.
  ///
  /// - Parameters:
  ///   - count: How many keys there are.
  ///   - read: Gives the key at a place of `0..<count`.
  /// - Complexity: O(log log *n*) reads for keys that are spread evenly, as hashes are; at most
  ///   3 log2 *n* for any.
  @inline(__always)
  package static func firstIndex<E: Error>(
    of key: UInt64, count: Int, read: (Int) throws(E) -> UInt64
  ) throws(E) -> Int? {
    // Keys below `lower` are less than `key`, the nearest being `below`; keys from `upper` on are
    // not, the first being `above`.
    var (lower, upper) = (0, count)
    var (below, above) = (UInt64.min, UInt64.max)

    func probe(_ index: Int) throws(E) {
      let found = try read(index)
      if found < key {
        (lower, below) = (index &+ 1, found)
      } else {
        (upper, above) = (index, found)
      }
    }

    while upper &- lower > 4 {
      let size = upper &- lower
      let guess = min(lower &+ share(key &- below, of: above &- below, size), upper &- 1)
      let step = Int(Double(size).squareRoot()) &+ 1
      try probe(guess)
      if lower > guess {
        if guess &+ step < upper { try probe(guess &+ step) }
      } else if guess &- step >= lower {
        try probe(guess &- step)
      }
      if upper &- lower > size / 2 { try probe(lower &+ (upper &- lower) / 2) }
    }
    while lower < upper { try probe(lower &+ (upper &- lower) / 2) }
    // `above` is the key at `upper`, unless nothing was read there.
    return lower < count && above == key ? lower : nil
  }

  /// `size * part / whole`, rounded down; 0 where `whole` is.
  @inline(__always)
  private static func share(_ part: UInt64, of whole: UInt64, _ size: Int) -> Int {
    guard whole > 0 else { return 0 }
    // `part <= whole`, so the quotient is at most `size`, and the upper half below `whole`.
    let product = part.multipliedFullWidth(by: UInt64(size))
    return Int(whole.dividingFullWidth(product).quotient)
  }
}
