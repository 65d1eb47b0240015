/// Memory that several threads of one parallel loop fill, each at index ranges of its own.
///
/// `@unchecked Sendable`: the parts that different calls borrow must not overlap; a loop over
/// disjoint tiles guarantees that.
@safe public struct SharedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  @usableFromInline package let base: UnsafeMutableBufferPointer<Element>

  /// - Parameter base: Initialised memory that outlives every use of this value.
  @unsafe @inlinable public init(unsafe base: UnsafeMutableBufferPointer<Element>) {
    unsafe self.base = base
  }

  @inlinable public var count: Int { unsafe base.count }

  /// Lends the elements of `range` to `body` for writing.
  /// - Precondition: `range` is inside the buffer, and no other call uses any part of it now.
  @inlinable public func withPart<R: ~Copyable, E: Error>(
    _ range: Range<Int>, _ body: (inout MutableSpan<Element>) throws(E) -> R
  ) throws(E) -> R {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "part \(range) of \(count)")
    // SAFETY: the range was checked, and disjointness is this type's contract.
    var span = unsafe MutableSpan(_unsafeElements: base.extracting(range))
    return try body(&span)
  }
}

extension Array where Element: BitwiseCopyable & Sendable {
  /// Lends the array's elements to the threads of a parallel loop.
  @inlinable public mutating func withSharedBuffer<R, E: Error>(
    _ body: (SharedBuffer<Element>) throws(E) -> R
  ) throws(E) -> R {
    try unsafe withUnsafeMutableBufferPointer { buffer throws(E) in
      // SAFETY: the buffer is used inside this scope only.
      try body(unsafe SharedBuffer(unsafe: buffer))
    }
  }
}
