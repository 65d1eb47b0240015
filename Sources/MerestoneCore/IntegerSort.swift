internal import CHighway

/// Sorts of integers on one thread, in place: the vectorised quicksort of Highway ("Vectorized and
/// performance-portable Quicksort", 2022).
package enum IntegerSort {
  /// Sorts the first `count` keys; what lies behind them stays.
  ///
  /// - Precondition: There are at least `count` keys.
  /// - Complexity: O(*n* log *n*) comparisons; no memory that grows with *n*.
  package static func sort(_ keys: inout [UInt64], count: Int) {
    precondition(keys.count >= count, "\(count) keys of \(keys.count)")
    unsafe keys.withUnsafeMutableBufferPointer { keys in
      guard let first = keys.baseAddress else { return }
      // SAFETY: there are `count` keys.
      unsafe mrs_sort_u64(first, count)
    }
  }

  /// Sorts all keys.
  package static func sort(_ keys: inout [UInt64]) { sort(&keys, count: keys.count) }

  /// A number of 128 bits, of which the upper ones count first.
  package struct Pair: BitwiseCopyable {
    package var lower: UInt64
    package var upper: UInt64

    package init(lower: UInt64, upper: UInt64) {
      self.lower = lower
      self.upper = upper
    }
  }

  /// Sorts all pairs.
  package static func sort(_ pairs: inout [Pair]) {
    unsafe pairs.withUnsafeMutableBytes { pairs in
      guard let first = pairs.baseAddress else { return }
      // SAFETY: a pair is two words, and an array's elements are aligned to 16 bytes.
      unsafe mrs_sort_u128(
        first.assumingMemoryBound(to: UInt64.self), pairs.count / MemoryLayout<Pair>.stride)
    }
  }
}
