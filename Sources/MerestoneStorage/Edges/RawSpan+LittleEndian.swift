extension RawSpan {
  /// Reads a little-endian integer at any alignment.
  /// - Precondition: its bytes are inside the span.
  @inline(__always) func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    at byteOffset: Int, as type: T.Type
  ) -> T {
    // SAFETY: the load checks its bounds, and every bit pattern is a value of an integer type.
    T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: byteOffset, as: type))
  }
}

extension Array where Element == UInt8 {
  /// Appends an integer in little-endian order.
  mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
    var rest = value
    for _ in 0..<value.bitWidth / 8 {
      append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// The CRC-32C of the last `count` bytes, continuing from `start`.
  func checksumOfLast(_ count: Int, continuing start: UInt32 = 0) -> UInt32 {
    var checksum = Checksum(start)
    // SAFETY: every byte of an array of bytes is initialised.
    unsafe checksum.update(span.bytes.extracting(last: count))
    return checksum.value
  }
}
