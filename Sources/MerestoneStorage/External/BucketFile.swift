import Glibc
import MerestoneCore
import Synchronization

/// Records routed to buckets in temporary files: the first half of every external sort.
///
/// Records come through ``BucketGroups``, one for each thread, or one by one to a buffer for each bucket
/// that threads share. What is full becomes a block with a checksum, in one of a few files, since the
/// threads that write to one wait for each other. Any thread appends, so the order of records inside a
/// bucket is not defined: who needs one stores it in the records. Resident: the buffers until
/// ``finish()``, and 32 bytes per block.
///
/// `@unchecked Sendable`: a bucket's buffer and fill are touched under its lock only; reading begins
/// after ``finish()``.
@safe package final class BucketFile: @unchecked Sendable {
  /// One block of one of the files; it begins at a page, which it shares with no other.
  package struct Block: Sendable, Equatable {
    /// The number of the file.
    package var file: Int
    package var byteOffset: Int
    package var byteCount: Int
    package var checksum: UInt32

    package init(file: Int = 0, byteOffset: Int, byteCount: Int, checksum: UInt32) {
      self.file = file
      self.byteOffset = byteOffset
      self.byteCount = byteCount
      self.checksum = checksum
    }
  }

  package let bucketCount: Int

  private let files: [File]
  private let blockBytes: Int
  private var buffers: UnsafeMutableRawBufferPointer
  private let locks: UnsafeMutablePointer<pthread_mutex_t>
  private let fills: UnsafeMutablePointer<Int>
  private let blocks: Mutex<[[Block]]>
  private let turns = Atomic(0)

  private static let fileCount = 16
  static let pageBytes = 4096

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

  /// The bytes of the pages that `count` bytes lie in.
  static func padded(_ count: Int, to page: Int = pageBytes) -> Int {
    (count + page - 1) / page * page
  }

  /// The smallest and the largest block that buffers are cut into.
  package static let blockLimits = 4 << 10...256 << 10

  /// - Parameter bufferBytes: For the buffers of all buckets together; at least 4 KiB each are used, and
  ///   none where it is 0: ``append(_:to:)`` must not be called then.
  package init(path: String, bucketCount: Int, bufferBytes: Int) throws(StorageError) {
    files = try (0..<min(Self.fileCount, max(bucketCount, 1))).map { (file) throws(StorageError) in
      File(try ScratchFile(path: Self.path(path, file)))
    }
    self.bucketCount = bucketCount
    blocks = Mutex(Array(repeating: [], count: bucketCount))
    blockBytes = Self.blockBytes(bucketCount: bucketCount, bufferBytes: bufferBytes)
    unsafe (buffers, locks, fills) = Self.allocate(bufferBytes > 0 ? bucketCount : 0, blockBytes)
  }

  /// Goes on with a file whose ``table()`` was kept; what was appended after that is forgotten.
  package init(
    path: String, resuming table: [[Block]], bufferBytes: Int
  ) throws(StorageError) {
    let count = min(Self.fileCount, max(table.count, 1))
    files = try (0..<count).map { (file) throws(StorageError) in
      let scratch = try ScratchFile(path: Self.path(path, file), resuming: true)
      var last = 0
      for blocks in table {
        for block in blocks where block.file == file {
          last = max(last, block.byteOffset + block.byteCount)
        }
      }
      let size = try scratch.byteCount()
      guard size >= last else { throw .wrongSize(path: scratch.path, expected: last, found: size) }
      try scratch.truncate(to: last)
      return File(scratch, end: Self.padded(last, to: BucketGroups.batchBytes))
    }
    bucketCount = table.count
    blocks = Mutex(table)
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
    precondition(hasBuffers, "a file without buffers")
    guard bytes.byteCount > 0 else { return }
    // SAFETY: `bucket` was checked; its lock guards its buffer and fill.
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
    let file = bucket % files.count
    let offset = reserve(bytes.byteCount, in: file)
    try files[file].scratch.write(bytes, at: offset)
    let block = Block(
      file: file, byteOffset: offset, byteCount: bytes.byteCount, checksum: Checksum.of(bytes))
    blocks.withLock { $0[bucket].append(block) }
  }

  /// The place of bytes that are to be written to one of the files.
  private func reserve(_ byteCount: Int, in file: Int) -> Int {
    files[file].end.add(Self.padded(byteCount), ordering: .relaxed).oldValue
  }

  /// Records of one bucket in memory that ``BucketGroups`` lends, of which they have whole pages.
  struct Filled {
    var bucket: Int
    /// Where they lie in the memory.
    var start: Int
    var byteCount = 0
  }

  /// Writes records of any buckets to one of the files, one behind the other.
  @unsafe func write(
    _ filled: [Filled], of memory: UnsafeRawBufferPointer, toFile file: Int
  ) throws(StorageError) {
    let pages = filled.map { $0.start..<$0.start + Self.padded($0.byteCount) }
    // Whole batches begin where a large page does.
    let byteCount = pages.reduce(0) { $0 + $1.count }
    var offset = reserve(Self.padded(byteCount, to: BucketGroups.batchBytes), in: file)
    unsafe try files[file].scratch.write(pages, of: memory, at: offset)
    let written = filled.map { part in
      defer { offset += Self.padded(part.byteCount) }
      let bytes = unsafe UnsafeRawBufferPointer(
        rebasing: memory[part.start..<part.start + part.byteCount])
      // SAFETY: the memory outlives the call.
      let checksum = unsafe Checksum.of(RawSpan(_unsafeBytes: bytes))
      return Block(
        file: file, byteOffset: offset, byteCount: part.byteCount, checksum: checksum)
    }
    blocks.withLock { blocks in
      for (part, block) in zip(filled, written) { blocks[part.bucket].append(block) }
    }
  }

  /// One of the files for a thread, each in its turn.
  func nextFile() -> Int { turns.add(1, ordering: .relaxed).oldValue % files.count }

  /// Whether ``append(_:to:)`` may be called.
  var hasBuffers: Bool { unsafe buffers.count > 0 }

  /// Writes what the buffers hold; appending may go on. No thread may append meanwhile.
  package func flush() throws(StorageError) {
    guard hasBuffers else { return }
    for bucket in 0..<bucketCount { try flush(bucket) }
  }

  /// Writes what the buffers hold and frees them.
  package func finish() throws(StorageError) {
    try flush()
    unsafe buffers.deallocate()
    unsafe buffers = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  /// The blocks of all buckets: what ``init(path:resuming:bufferBytes:)`` needs.
  package func table() -> [[Block]] { blocks.withLock { $0 } }

  // MARK: - Reading

  private func blocks(of bucket: Int) -> [Block] { blocks.withLock { $0[bucket] } }

  package func byteCount(of bucket: Int) -> Int {
    blocks(of: bucket).reduce(0) { $0 + $1.byteCount }
  }

  /// Bytes of all buckets.
  package var byteCount: Int { (0..<bucketCount).reduce(0) { $0 + byteCount(of: $1) } }

  /// Reads a whole bucket and compares its checksums.
  /// - Precondition: `target` has exactly ``byteCount(of:)`` bytes.
  @unsafe package func read(
    _ bucket: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(StorageError) {
    precondition(target.count == byteCount(of: bucket), "a buffer of another size")
    var start = 0
    for block in blocks(of: bucket) {
      let part = unsafe UnsafeMutableRawBufferPointer(
        rebasing: target[start..<start + block.byteCount])
      unsafe try read(block, into: part)
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

  /// Reads one block into `buffer`, which gets just its size.
  package func read(_ block: Block, into buffer: inout [UInt8]) throws(StorageError) {
    Self.resize(&buffer, to: block.byteCount)
    try unsafe buffer.withUnsafeMutableBufferPointer { bytes throws(StorageError) in
      // SAFETY: the buffer has just the block's size.
      unsafe try read(block, into: UnsafeMutableRawBufferPointer(bytes))
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
    for block in blocks(of: bucket) {
      if buffer.count < block.byteCount {
        buffer = [UInt8](repeating: 0, count: block.byteCount)
      }
      try unsafe buffer.withUnsafeMutableBufferPointer { bytes throws(StorageError) in
        let part = UnsafeMutableRawBufferPointer(bytes.extracting(0..<block.byteCount))
        unsafe try read(block, into: part)
        // SAFETY: the part has just been filled and outlives the call.
        try body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(part)))
      }
    }
  }

  private func read(
    _ block: Block, into target: UnsafeMutableRawBufferPointer
  ) throws(StorageError) {
    let file = files[block.file].scratch
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
    for block in blocks(of: bucket) {
      files[block.file].scratch.prefetch(
        block.byteOffset..<block.byteOffset + block.byteCount)
    }
  }

  /// Gives the disk space of a bucket back; it must not be read again.
  package func release(_ bucket: Int) {
    for block in blocks(of: bucket) {
      // The rest of its last page is nobody's.
      files[block.file].scratch.release(
        block.byteOffset..<block.byteOffset + Self.padded(block.byteCount))
    }
  }

  /// Removes the files.
  package func remove() { for file in files { file.scratch.remove() } }
}
