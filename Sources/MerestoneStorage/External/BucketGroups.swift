import MerestoneCore

/// Records of one thread on their way to the buckets of a file.
///
/// A thread that writes to a thousand buckets in turn misses the caches and the address table at each
/// record. Here the records of a bucket gather in half a kilobyte, which go to a block of the thread's
/// own together, and full blocks are written two mebibytes at a time, which the kernel keeps in large
/// pages: without locks but one for each such batch. With too little memory for blocks
/// (``BucketMemory``) the gathered records go to the buffers that all threads share.
///
/// Not for several threads. What was not flushed is lost with it.
@safe @usableFromInline package final class BucketGroups {
  @usableFromInline let bucketCount: Int
  @usableFromInline let recordBytes: Int
  /// Bytes of a full group, a whole number of records.
  @usableFromInline let groupBytes: Int
  /// From a group to the next.
  @usableFromInline let stride: Int
  @usableFromInline let groups: UnsafeMutableRawPointer
  /// Bytes that are in use of each group. Shape `[bucketCount]`.
  @usableFromInline let fills: UnsafeMutablePointer<Int>

  private let file: BucketFile
  /// Which of its files this thread writes to.
  private let fileNumber: Int
  private let blockBytes: Int
  private let memory: UnsafeMutableRawBufferPointer
  /// The block that each bucket fills. Empty where threads share buffers.
  private var blocks: [BucketFile.Filled] = []
  private var idle: [Int] = []
  /// Full blocks, to be written together.
  private var full: [BucketFile.Filled] = []

  /// About the size of a group.
  static let targetBytes = 512
  /// Bytes of a whole number of records.
  static func groupBytes(recordBytes: Int) -> Int {
    max(1, targetBytes / recordBytes) * recordBytes
  }

  /// Bytes that are written at a time.
  package static let batchBytes = 2 << 20

  /// - Parameter recordBytes: Bytes of every record.
  package init(_ file: BucketFile, recordBytes: Int, _ memory: BucketMemory) {
    self.file = file
    self.recordBytes = recordBytes
    bucketCount = file.bucketCount
    groupBytes = Self.groupBytes(recordBytes: recordBytes)
    // Room for a word behind the last record; an odd number of cache lines, since groups that fill
    // equally fast would compete for the same sets of the caches.
    let stride = ((groupBytes + 8 + 63) / 64 | 1) * 64
    self.stride = stride
    unsafe groups = .allocate(byteCount: bucketCount * stride, alignment: 64)
    unsafe fills = .allocate(capacity: bucketCount)
    unsafe fills.initialize(repeating: 0, count: bucketCount)
    fileNumber = file.nextFile()
    blockBytes = memory.blockBytes
    precondition(blockBytes > 0 || file.hasBuffers, "neither blocks nor buffers")
    let spare = blockBytes == 0 ? 0 : Self.batchBytes / blockBytes
    unsafe self.memory = .allocate(
      byteCount: blockBytes == 0 ? 0 : (bucketCount + spare) * blockBytes,
      alignment: HugePages.byteCount)
    guard blockBytes > 0 else { return }
    unsafe HugePages.advise(self.memory)
    blocks = (0..<bucketCount).map { BucketFile.Filled(bucket: $0, start: $0 * blockBytes) }
    idle = (bucketCount..<bucketCount + spare).map { $0 * blockBytes }
  }

  deinit {
    unsafe groups.deallocate()
    unsafe fills.deallocate()
    unsafe memory.deallocate()
  }

  /// Where the next record of a bucket is to be written, at once.
  ///
  /// A word of eight bytes may be stored at its end, however short it is.
  ///
  /// - Throws: What writing throws; the record is not counted then.
  @unsafe @inlinable @inline(__always)
  package func next(in bucket: Int) throws(StorageError) -> UnsafeMutableRawPointer {
    precondition(UInt(bitPattern: bucket) < UInt(bitPattern: bucketCount), "no such bucket")
    // SAFETY: the bucket was checked, and a group has room for a record up to `groupBytes`.
    var fill = unsafe fills[bucket]
    if fill == groupBytes {
      try empty(bucket)
      fill = 0
    }
    unsafe fills[bucket] = fill &+ recordBytes
    return unsafe groups + (bucket &* stride &+ fill)
  }

  /// Moves a bucket's group on.
  @usableFromInline func empty(_ bucket: Int) throws(StorageError) {
    let fill = unsafe fills[bucket]
    guard fill > 0 else { return }
    let group = unsafe UnsafeRawBufferPointer(start: groups + bucket * stride, count: fill)
    if blockBytes == 0 {
      // SAFETY: the group outlives the call.
      try file.append(unsafe RawSpan(_unsafeBytes: group), to: bucket)
    } else {
      if blocks[bucket].byteCount + fill > blockBytes { try exchange(bucket) }
      // SAFETY: the block has room for it now.
      let place = blocks[bucket].start + blocks[bucket].byteCount
      unsafe (memory.baseAddress! + place)
        .copyMemory(from: group.baseAddress!, byteCount: fill)
      blocks[bucket].byteCount += fill
    }
    unsafe fills[bucket] = 0
  }

  /// Takes a bucket's block away to be written, and gives it another.
  private func exchange(_ bucket: Int) throws(StorageError) {
    if idle.isEmpty { try writeFull() }
    full.append(blocks[bucket])
    blocks[bucket] = BucketFile.Filled(bucket: bucket, start: idle.removeLast())
  }

  private func writeFull() throws(StorageError) {
    try write(full)
    idle += full.map(\.start)
    full.removeAll(keepingCapacity: true)
  }

  private func write(_ batch: [BucketFile.Filled]) throws(StorageError) {
    guard !batch.isEmpty else { return }
    // SAFETY: blocks lie inside the memory, at page boundaries.
    unsafe try file.write(batch, of: UnsafeRawBufferPointer(memory), toFile: fileNumber)
  }

  /// Hands all records over to the file; more may follow.
  package func flush() throws(StorageError) {
    for bucket in 0..<bucketCount { try empty(bucket) }
    guard blockBytes > 0 else { return }
    try writeFull()
    var (batch, bytes): ([BucketFile.Filled], Int) = ([], 0)
    for bucket in 0..<bucketCount where blocks[bucket].byteCount > 0 {
      let size = BucketFile.padded(blocks[bucket].byteCount)
      if bytes + size > Self.batchBytes {
        try write(batch)
        (batch, bytes) = ([], 0)
      }
      batch.append(blocks[bucket])
      bytes += size
    }
    try write(batch)
    for bucket in 0..<bucketCount { blocks[bucket].byteCount = 0 }
  }
}
