import MerestoneCore

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
}

/// Sort records that any thread sends to the buckets of a temporary file.
struct SortRecordFile: Sendable {
  let buckets: BucketFile
  private let memory: BucketMemory
  private let groups = LendingPool<BucketGroups>()

  init(
    _ name: String, bucketCount: Int, share: Int, workspace: IDMapWorkspace
  ) throws(StorageError) {
    memory = BucketMemory(
      workspace.memory / share, threads: workspace.pool.threadCount, bucketCount: bucketCount,
      recordBytes: SortRecord.byteCount)
    buckets = try BucketFile(
      path: workspace.path(name), bucketCount: bucketCount, bufferBytes: memory.bufferBytes)
  }

  /// Adds `count` records.
  func append(
    _ count: Int, _ entry: (Int) -> (bucket: Int, record: SortRecord)
  ) throws(StorageError) {
    try groups.lend { () throws(StorageError) in
      BucketGroups(buckets, recordBytes: SortRecord.byteCount, memory)
    } _: { (groups) throws(StorageError) in
      for index in 0..<count {
        let (bucket, record) = entry(index)
        // SAFETY: that is a record's size.
        unsafe try groups.next(in: bucket).storeBytes(of: record, as: SortRecord.self)
      }
    }
  }

  /// Writes what is still in memory; nothing may be added afterwards.
  func finish() throws(StorageError) {
    try groups.drain { (groups) throws(StorageError) in try groups.flush() }
    try buckets.finish()
  }
}
