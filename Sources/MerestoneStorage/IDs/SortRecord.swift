/// A temporary record of writing an id map: twelve bytes without padding.
///
/// Either a hash and a node, or a 32-bit place in a range and a 64-bit value.
struct SortRecord: BitwiseCopyable {
  private let low: UInt32
  private let high: UInt32
  private let other: UInt32

  static let byteCount = 12

  init(wide: UInt64, narrow: UInt32) {
    low = UInt32(truncatingIfNeeded: wide).littleEndian
    high = UInt32(truncatingIfNeeded: wide >> 32).littleEndian
    other = narrow.littleEndian
  }

  @inline(__always)
  static func wide(in bytes: RawSpan, at byteOffset: Int) -> UInt64 {
    bytes.littleEndian(at: byteOffset, as: UInt64.self)
  }

  @inline(__always)
  static func narrow(in bytes: RawSpan, at byteOffset: Int) -> UInt32 {
    bytes.littleEndian(at: byteOffset &+ 8, as: UInt32.self)
  }

  func append(to bucket: Int, of file: BucketFile) throws(StorageError) {
    try unsafe withUnsafeBytes(of: self) { (bytes) throws(StorageError) in
      // SAFETY: three words have no padding, and the span ends with the call.
      try unsafe file.append(RawSpan(_unsafeBytes: bytes), to: bucket)
    }
  }
}
