import Glibc
import MerestoneCore
import Synchronization

/// Records routed to buckets in temporary files: the first half of every external sort.
///
/// Each bucket has a buffer; a full one becomes a block with a checksum. Buckets take turns among a
/// few files, since the threads that write to one wait for each other. Any thread
/// appends, so the order of records inside a bucket is not defined: who needs one stores it in the
/// records. Resident: the buffers until ``finish()``, and 24 bytes per block.
///
/// `@unchecked Sendable`: a bucket's buffer, fill and blocks are touched under its lock only;
/// reading begins after ``finish()``.
@safe package final class BucketFile: @unchecked Sendable {
  /// One block of the file.
  package struct Block: Sendable, Equatable {
    package var byteOffset: Int
    package var byteCount: Int
    package var checksum: UInt32

    package init(byteOffset: Int, byteCount: Int, checksum: UInt32) {
      self.byteOffset = byteOffset
      self.byteCount = byteCount
      self.checksum = checksum
    }
  }

  package let bucketCount: Int

  /// Bucket `b` lies in file `b` modulo their number.
  private let files: [File]
  private let blockBytes: Int
  private var buffers: UnsafeMutableRawBufferPointer
  private let locks: UnsafeMutablePointer<pthread_mutex_t>
  private let fills: UnsafeMutablePointer<Int>
  private var blocks: [[Block]]

  private static let fileCount = 16

  /// One of the files, and where it ends.
  private final class File: Sendable {
    let scratch: ScratchFile
    let end: Atomic<Int>

    init(_ scratch: ScratchFile, end: Int = 0) {
      self.scratch = scratch
      self.end = Atomic(end)
    }
  }

  private static func path(_ path: String, _ file: Int) -> String {
    file == 0 ? path : "\(path).\(file)"
  }

  private func file(of bucket: Int) -> File { files[bucket % files.count] }

  /// The smallest and the largest block that buffers are cut into.
  package static let blockLimits = 4 << 10...256 << 10

  /// - Parameter bufferBytes: For the buffers of all buckets together; at least 4 KiB each are used.
  package init(path: String, bucketCount: Int, bufferBytes: Int) throws(StorageError) {
    files = try (0..<min(Self.fileCount, max(bucketCount, 1))).map { (file) throws(StorageError) in
      File(try ScratchFile(path: Self.path(path, file)))
    }
    self.bucketCount = bucketCount
    blocks = Array(repeating: [], count: bucketCount)
    blockBytes = Self.blockBytes(bucketCount: bucketCount, bufferBytes: bufferBytes)
    unsafe (buffers, locks, fills) = Self.allocate(bucketCount, blockBytes)
  }

  /// Goes on with a file whose ``table()`` was kept; what was appended after that is forgotten.
  package init(
    path: String, resuming table: [[Block]], bufferBytes: Int
  ) throws(StorageError) {
    let count = min(Self.fileCount, max(table.count, 1))
    files = try (0..<count).map { (file) throws(StorageError) in
      let scratch = try ScratchFile(path: Self.path(path, file), resuming: true)
      var last = 0
      for bucket in stride(from: file, to: table.count, by: count) {
        last = table[bucket].reduce(last) { max($0, $1.byteOffset + $1.byteCount) }
      }
      let size = try scratch.byteCount()
      guard size >= last else { throw .wrongSize(path: scratch.path, expected: last, found: size) }
      try scratch.truncate(to: last)
      return File(scratch, end: last)
    }
    bucketCount = table.count
    blocks = table
    blockBytes = Self.blockBytes(bucketCount: table.count, bufferBytes: bufferBytes)
    unsafe (buffers, locks, fills) = Self.allocate(bufferBytes > 0 ? table.count : 0, blockBytes)
  }

  deinit {
    unsafe buffers.deallocate()
    unsafe locks.deallocate()
    unsafe fills.deallocate()
  }

  private static func blockBytes(bucketCount: Int, bufferBytes: Int) -> Int {
    let share = bufferBytes / max(1, bucketCount) / 4096 * 4096
    return min(max(share, blockLimits.lowerBound), blockLimits.upperBound)
  }

  private static func allocate(
    _ buckets: Int, _ blockBytes: Int
  ) -> (
    UnsafeMutableRawBufferPointer, UnsafeMutablePointer<pthread_mutex_t>, UnsafeMutablePointer<Int>
  ) {
    let buffers = UnsafeMutableRawBufferPointer.allocate(
      byteCount: buckets * blockBytes, alignment: 4096)
    let locks = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: buckets)
    let fills = UnsafeMutablePointer<Int>.allocate(capacity: buckets)
    unsafe fills.initialize(repeating: 0, count: buckets)
    // SAFETY: there are `buckets` locks, just allocated.
    for bucket in 0..<buckets { unsafe pthread_mutex_init(locks + bucket, nil) }
    return unsafe (buffers, locks, fills)
  }

  // MARK: - Writing

  /// Adds whole records to a bucket. Records of one call are in one block.
  package func append(_ bytes: RawSpan, to bucket: Int) throws(StorageError) {
    precondition(bucket >= 0 && bucket < bucketCount, "bucket \(bucket) of \(bucketCount)")
    guard bytes.byteCount > 0 else { return }
    // SAFETY: `bucket` was checked; its lock guards its buffer, fill and blocks.
    unsafe pthread_mutex_lock(locks + bucket)
    defer { unsafe pthread_mutex_unlock(locks + bucket) }
    if unsafe fills[bucket] + bytes.byteCount > blockBytes { try flush(bucket) }
    if bytes.byteCount > blockBytes {
      try write(bytes, to: bucket)
    } else {
      unsafe bytes.withUnsafeBytes { source in
        unsafe (buffers.baseAddress! + bucket * blockBytes + fills[bucket])
          .copyMemory(from: source.baseAddress!, byteCount: source.count)
      }
      unsafe fills[bucket] += bytes.byteCount
    }
  }

  /// Adds records that lie grouped by bucket, those of one bucket together, since each append locks.
  ///
  /// - Parameter ends: Where each bucket's records end, in records; the first begin at 0.
  package func append(
    _ records: RawSpan, ends: [UInt32], recordBytes: Int
  ) throws(StorageError) {
    var lower = 0
    for bucket in ends.indices {
      let upper = Int(ends[bucket])
      if upper > lower {
        try append(records.extracting(lower * recordBytes..<upper * recordBytes), to: bucket)
      }
      lower = upper
    }
  }

  private func flush(_ bucket: Int) throws(StorageError) {
    let fill = unsafe fills[bucket]
    guard fill > 0 else { return }
    let start = bucket * blockBytes
    let part = unsafe UnsafeRawBufferPointer(rebasing: buffers[start..<start + fill])
    // SAFETY: the part is this bucket's, whose lock is held, and outlives the call.
    try write(unsafe RawSpan(_unsafeBytes: part), to: bucket)
    unsafe fills[bucket] = 0
  }

  private func write(_ bytes: RawSpan, to bucket: Int) throws(StorageError) {
    let file = file(of: bucket)
    let offset = file.end.add(bytes.byteCount, ordering: .relaxed).oldValue
    try file.scratch.write(bytes, at: offset)
    let block = Block(
      byteOffset: offset, byteCount: bytes.byteCount, checksum: Checksum.of(bytes))
    // SAFETY: the array of arrays was made with all its elements; each is changed under its lock.
    unsafe blocks.withUnsafeMutableBufferPointer { unsafe $0[bucket].append(block) }
  }

  /// Writes what the buffers hold; appending may go on. No thread may append meanwhile.
  package func flush() throws(StorageError) {
    for bucket in 0..<bucketCount { try flush(bucket) }
  }

  /// Writes what the buffers hold and frees them.
  package func finish() throws(StorageError) {
    guard unsafe buffers.count > 0 else { return }
    try flush()
    unsafe buffers.deallocate()
    unsafe buffers = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  /// The blocks of all buckets: what ``init(path:resuming:bufferBytes:)`` needs.
  package func table() -> [[Block]] { blocks }

  // MARK: - Reading

  package func byteCount(of bucket: Int) -> Int {
    blocks[bucket].reduce(0) { $0 + $1.byteCount }
  }

  /// Bytes of all buckets, and so the size of the files.
  package var byteCount: Int { files.reduce(0) { $0 + $1.end.load(ordering: .relaxed) } }

  /// Reads a whole bucket and compares its checksums.
  /// - Precondition: `target` has exactly ``byteCount(of:)`` bytes.
  @unsafe package func read(
    _ bucket: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(StorageError) {
    precondition(target.count == byteCount(of: bucket), "a buffer of another size")
    var start = 0
    for block in blocks[bucket] {
      let part = unsafe UnsafeMutableRawBufferPointer(
        rebasing: target[start..<start + block.byteCount])
      unsafe try read(block, of: bucket, into: part)
      start += block.byteCount
    }
  }

  /// Reads a whole bucket into `buffer`, which gets just its size.
  package func read(_ bucket: Int, into buffer: inout [UInt8]) throws(StorageError) {
    Self.resize(&buffer, to: byteCount(of: bucket))
    try unsafe buffer.withUnsafeMutableBufferPointer { bytes throws(StorageError) in
      // SAFETY: the buffer has just the bucket's size.
      unsafe try read(bucket, into: UnsafeMutableRawBufferPointer(bytes))
    }
  }

  /// Reads one block of a bucket into `buffer`, which gets just its size.
  package func read(
    _ block: Block, of bucket: Int, into buffer: inout [UInt8]
  ) throws(StorageError) {
    Self.resize(&buffer, to: block.byteCount)
    try unsafe buffer.withUnsafeMutableBufferPointer { bytes throws(StorageError) in
      // SAFETY: the buffer has just the block's size.
      unsafe try read(block, of: bucket, into: UnsafeMutableRawBufferPointer(bytes))
    }
  }

  private static func resize(_ buffer: inout [UInt8], to count: Int) {
    // What it held is not needed: two buffers at a time would be.
    if buffer.capacity < count { buffer = [] }
    buffer.resize(to: count, filling: 0)
  }

  /// Lends a bucket block by block; each holds whole records.
  package func forEachBlock(
    of bucket: Int, _ body: (RawSpan) throws(StorageError) -> Void
  ) throws(StorageError) {
    var buffer: [UInt8] = []
    for block in blocks[bucket] {
      if buffer.count < block.byteCount {
        buffer = [UInt8](repeating: 0, count: block.byteCount)
      }
      try unsafe buffer.withUnsafeMutableBufferPointer { bytes throws(StorageError) in
        let part = UnsafeMutableRawBufferPointer(bytes.extracting(0..<block.byteCount))
        unsafe try read(block, of: bucket, into: part)
        // SAFETY: the part has just been filled and outlives the call.
        try body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(part)))
      }
    }
  }

  private func read(
    _ block: Block, of bucket: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(StorageError) {
    let file = file(of: bucket).scratch
    unsafe try file.read(into: target, at: block.byteOffset)
    let found = unsafe Checksum.of(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(target)))
    guard found == block.checksum else {
      throw .wrongChecksum(
        path: file.path, byteOffset: block.byteOffset, byteCount: block.byteCount,
        expected: block.checksum, found: found)
    }
  }

  /// Asks the kernel to read a bucket ahead.
  package func prefetch(_ bucket: Int) {
    let file = file(of: bucket).scratch
    for block in blocks[bucket] {
      file.prefetch(block.byteOffset..<block.byteOffset + block.byteCount)
    }
  }

  /// Gives the disk space of a bucket back; it must not be read again.
  package func release(_ bucket: Int) {
    let file = file(of: bucket).scratch
    for block in blocks[bucket] {
      file.release(block.byteOffset..<block.byteOffset + block.byteCount)
    }
  }

  /// Removes the files.
  package func remove() { for file in files { file.scratch.remove() } }
}
