/// A borrowed look at bytes of a ``ByteBuffer``.
///
/// Accessors check their offsets in debug builds only: scanners check ranges once and then trust
/// them. `@unchecked Sendable`: nobody writes to the buffer while views of it are in use.
@safe struct TextView: @unchecked Sendable {
  private let base: UnsafeRawPointer
  let count: Int

  /// - Parameter base: `count` bytes, with ``ByteBuffer/padding`` more before and behind them that
  ///   may be read; they outlive the view.
  @unsafe init(base: UnsafeRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  /// The first byte, for a kernel that reads within the view and its padding.
  @unsafe var start: UnsafePointer<UInt8> { unsafe base.assumingMemoryBound(to: UInt8.self) }

  @inline(__always) subscript(offset: Int) -> UInt8 {
    assert(offset >= 0 && offset < count + ByteBuffer.padding)
    // SAFETY: callers stay inside the view or its padding.
    return unsafe base.load(fromByteOffset: offset, as: UInt8.self)
  }

  /// The eight bytes from `offset` on, the first in the lowest bits.
  @inline(__always) func word(at offset: Int) -> UInt64 {
    assert(offset >= 0 && offset + 8 <= count + ByteBuffer.padding)
    // SAFETY: callers stay inside the view or its padding.
    return unsafe UInt64(
      littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always) func load<T: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: T.Type
  ) -> T {
    assert(offset >= 0 && offset + MemoryLayout<T>.size <= count + ByteBuffer.padding)
    // SAFETY: callers stay inside the view or its padding.
    return unsafe T(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The bytes of `range`, lent as a span.
  func withSpan<R, E: Error>(
    _ range: Range<Int>, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
    // SAFETY: the range was checked, and the buffer outlives the call.
    let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    return try unsafe body(Span<UInt8>(_unsafeBytes: bytes))
  }

  /// Lends the bytes of `range` as a raw span.
  func withRawSpan<R, E: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
    // SAFETY: the range was checked, and the buffer outlives the call.
    let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    return try unsafe body(RawSpan(_unsafeBytes: bytes))
  }

  /// The text of `range`; broken UTF-8 is repaired.
  func string(_ range: Range<Int>) -> String {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
    // SAFETY: the range was checked.
    let bytes = unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    return unsafe String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the bytes of `range` to `array`.
  func append(_ range: Range<Int>, to array: inout [UInt8]) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
    // SAFETY: the range was checked.
    unsafe array.append(
      contentsOf: UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }
}
