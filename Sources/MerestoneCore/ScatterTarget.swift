/// An array that several threads write at places of their own, scattered all over it.
///
/// `@unchecked Sendable`: no two calls may name one place; a permutation guarantees that.
@safe package struct ScatterTarget: @unchecked Sendable {
  @usableFromInline let base: UnsafeMutableBufferPointer<UInt32>

  fileprivate init(base: UnsafeMutableBufferPointer<UInt32>) { unsafe self.base = base }

  /// - Precondition: `place` is inside of the array.
  @inlinable @inline(__always)
  package func set(_ place: Int, to value: UInt32) {
    // SAFETY: the place is checked first.
    precondition(unsafe place >= 0 && place < base.count, "place out of bounds")
    unsafe base.baseAddress![place] = value
  }
}

extension [UInt32] {
  /// Lends the array to threads that write it at scattered places.
  package mutating func withScatterTarget<R>(_ body: (ScatterTarget) -> R) -> R {
    unsafe withUnsafeMutableBufferPointer { buffer in
      // SAFETY: the target is used inside of this scope only.
      unsafe body(ScatterTarget(base: buffer))
    }
  }
}
