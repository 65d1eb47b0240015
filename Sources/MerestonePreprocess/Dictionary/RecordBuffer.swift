import Glibc
import MerestoneStorage

/// One temporary record at a time, put together field by field.
struct RecordBuffer {
  private var bytes = [UInt8](repeating: 0, count: 64)
  private(set) var count = 0

  mutating func clear() { count = 0 }

  @inline(__always)
  mutating func put(_ value: some FixedWidthInteger & UnsignedInteger, byteCount: Int) {
    reserve(byteCount)
    var rest = value
    for _ in 0..<byteCount {
      bytes[count] = UInt8(truncatingIfNeeded: rest)
      rest >>= 8
      count &+= 1
    }
  }

  @inline(__always) mutating func put(entry: Int) { put(UInt64(entry), byteCount: 5) }

  @inline(__always) mutating func put(length: Int) {
    reserve(10)
    var rest = length
    while rest >= 0x80 {
      bytes[count] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest >>= 7
      count &+= 1
    }
    bytes[count] = UInt8(truncatingIfNeeded: rest)
    count &+= 1
  }

  mutating func put(_ source: RawSpan) {
    guard source.byteCount > 0 else { return }
    reserve(source.byteCount)
    let start = count
    unsafe bytes.withUnsafeMutableBytes { target in
      // SAFETY: room was reserved, and the source is lent for the call.
      unsafe source.withUnsafeBytes {
        unsafe _ = memcpy(target.baseAddress! + start, $0.baseAddress!, $0.count)
      }
    }
    count += source.byteCount
  }

  /// Adds the record to a bucket.
  func append(to bucket: Int, of file: BucketFile) throws(StorageError) {
    // SAFETY: an array of bytes is initialised throughout.
    try unsafe file.append(bytes.span.bytes.extracting(0..<count), to: bucket)
  }

  /// Writes all that was put and starts anew.
  mutating func write(to file: SummedFile, at byteOffset: Int) throws(StorageError) {
    // SAFETY: an array of bytes is initialised throughout.
    try unsafe file.write(bytes.span.bytes.extracting(0..<count), at: byteOffset)
    count = 0
  }

  private mutating func reserve(_ added: Int) {
    guard count + added > bytes.count else { return }
    let room = max(bytes.count * 2, count + added)
    bytes.append(contentsOf: repeatElement(0, count: room - bytes.count))
  }
}
