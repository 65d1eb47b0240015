/// A fixed block of memory that input is read into, readable a little before its start and past
/// its end so that scanners may load whole words.
///
/// One thread fills it; afterwards any number of threads may read it through ``view``.
@safe final class ByteBuffer {
  let capacity: Int
  private let base: UnsafeMutableRawPointer

  /// Zeroed bytes before the first byte and behind the capacity.
  static let padding = 64

  init(capacity: Int) {
    self.capacity = capacity
    let whole = UnsafeMutableRawPointer.allocate(
      byteCount: capacity + 2 * Self.padding, alignment: 64)
    // SAFETY: both paddings lie inside the allocation.
    unsafe whole.initializeMemory(as: UInt8.self, repeating: 0, count: Self.padding)
    unsafe base = whole + Self.padding
    unsafe (base + capacity).initializeMemory(
      as: UInt8.self, repeating: 0, count: Self.padding)
  }

  deinit { unsafe (base - Self.padding).deallocate() }

  /// Lends `range` for writing.
  /// - Precondition: the range is inside the buffer.
  func withMutableBytes<R, E: Error>(
    _ range: Range<Int>, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacity, "\(range) of \(capacity)")
    // SAFETY: the range was checked against the allocation.
    return try unsafe body(
      UnsafeMutableRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }

  /// The first `count` bytes for reading; valid while this buffer lives.
  func view(count: Int) -> TextView {
    precondition(count >= 0 && count <= capacity, "\(count) of \(capacity) bytes")
    // SAFETY: the count was checked, and the padding lies behind it.
    return unsafe TextView(base: base, count: count)
  }

  /// Copies `bytes` to `offset` and what follows it.
  func store(_ bytes: ArraySlice<UInt8>, at offset: Int) {
    precondition(offset >= 0 && bytes.count <= capacity - offset, "byte \(offset) of \(capacity)")
    unsafe bytes.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      // SAFETY: the place was checked against the allocation.
      unsafe (base + offset).copyMemory(from: start, byteCount: source.count)
    }
  }

  func store(_ byte: UInt8, at offset: Int) {
    precondition(offset >= 0 && offset < capacity, "byte \(offset) of \(capacity)")
    // SAFETY: the offset was checked.
    unsafe base.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
  }
}
