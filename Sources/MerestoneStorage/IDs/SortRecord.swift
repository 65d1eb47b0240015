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

  /// Appends `count` records to their buckets: those of one bucket together, since each append locks.
  static func append(
    _ count: Int, to file: BucketFile, _ entry: (Int) -> (bucket: Int, record: SortRecord)
  ) throws(StorageError) {
    var buckets = [UInt32](repeating: 0, count: count)
    var records: [SortRecord] = []
    var ends = [UInt32](repeating: 0, count: file.bucketCount)
    records.reserveCapacity(count)
    for index in 0..<count {
      let (bucket, record) = entry(index)
      buckets[index] = UInt32(truncatingIfNeeded: bucket)
      ends[bucket] &+= 1
      records.append(record)
    }
    var start: UInt32 = 0
    for bucket in ends.indices {
      let length = ends[bucket]
      ends[bucket] = start
      start &+= length
    }
    var grouped = records
    for index in 0..<count {
      let bucket = Int(buckets[index])
      grouped[Int(ends[bucket])] = records[index]
      ends[bucket] &+= 1
    }
    // SAFETY: three words have no padding.
    try file.append(unsafe grouped.span.bytes, ends: ends, recordBytes: byteCount)
  }
}
