import MerestoneCore
import MerestoneStorage

/// Sends parts of the edges to buckets on all threads, and keeps on the way how far that has come.
struct CheckpointedRouting {
  /// Of the files in `folder`.
  let name: String
  let folder: String
  let bucketCount: Int
  /// The parts of the whole.
  let partCount: Int
  /// Bytes of every record.
  let recordBytes: Int
  /// Bytes for records on their way to the buckets.
  let memory: Int
  let pool: ThreadPool

  /// How far the routing has come, for the journal.
  struct Record: Codable, Sendable {
    /// Parts that are routed; all of them at the end.
    var done = 0
    /// Where the blocks of each bucket lie.
    var table = ArrayFile.Entry(count: 0, checksum: 0)
  }

  /// What a place in a file has at most.
  private static let offsetBits: UInt64 = 56

  private var path: String { "\(folder)/\(name).tmp" }
  /// A name for each state, so that the one of the journal is never overwritten.
  private func tablePath(_ done: Int) -> String { "\(folder)/\(name)-blocks-\(done).tmp" }

  func isComplete(_ record: Record) -> Bool { record.done == partCount }

  /// - Parameters:
  ///   - record: Where an earlier run left off.
  ///   - partsPerCheckpoint: How much work a killed run repeats at most.
  ///   - checkpoint: Keeps the record.
  ///   - route: The work of one thread: routes the parts that `next` names, until it names none, to the
  ///     groups that it is lent.
  func run(
    from record: Record?, partsPerCheckpoint: Int,
    checkpoint: (Record) throws(PreprocessError) -> Void,
    route: (_ next: () -> Int?, BucketGroups) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> BucketFile {
    let buckets = try open(record)
    if let record, isComplete(record) { return buckets }
    var record = record ?? Record()
    let groups = LendingPool<BucketGroups>()
    repeat {
      let earlier = record
      let count = min(partsPerCheckpoint, partCount - record.done)
      try pool.forEachWorker(of: count) { (queue) throws(PreprocessError) in
        try groups.lend { () throws(PreprocessError) in
          BucketGroups(buckets, recordBytes: recordBytes, bucketMemory)
        } _: { (groups) throws(PreprocessError) in
          try route({ queue.claim().map { earlier.done + $0 } }, groups)
          try PreprocessError.storing { () throws(StorageError) in try groups.flush() }
        }
      }
      record.done += count
      try PreprocessError.storing { () throws(StorageError) in
        if isComplete(record) { try buckets.finish() } else { try buckets.flush() }
        record.table = try save(buckets.table(), done: record.done)
      }
      try checkpoint(record)
      // No journal names it any more.
      if earlier.done > 0 { ScratchFile.remove(tablePath(earlier.done)) }
    } while !isComplete(record)
    return buckets
  }

  private var bucketMemory: BucketMemory {
    BucketMemory(
      memory, threads: pool.threadCount, bucketCount: bucketCount, recordBytes: recordBytes)
  }

  /// Opens the buckets as a record has them; new ones without one.
  func open(_ record: Record?) throws(PreprocessError) -> BucketFile {
    try PreprocessError.storing { () throws(StorageError) in
      guard let record else {
        return try BucketFile(
          path: path, bucketCount: max(1, bucketCount), bufferBytes: bucketMemory.bufferBytes)
      }
      return try BucketFile(
        path: path, resuming: try loadTable(record),
        bufferBytes: isComplete(record) ? 0 : bucketMemory.bufferBytes)
    }
  }

  /// For each bucket the number of blocks, then file and offset, size and checksum of each.
  private func save(
    _ table: [[BucketFile.Block]], done: Int
  ) throws(StorageError) -> ArrayFile.Entry {
    var words: [UInt64] = []
    for blocks in table {
      words.append(UInt64(blocks.count))
      for block in blocks {
        words.append(UInt64(block.file) << Self.offsetBits | UInt64(block.byteOffset))
        words.append(UInt64(block.byteCount) << 32 | UInt64(block.checksum))
      }
    }
    return try ArrayFile.write(words, to: tablePath(done))
  }

  private func loadTable(_ record: Record) throws(StorageError) -> [[BucketFile.Block]] {
    let words = try ArrayFile.read(record.table, of: UInt64.self, from: tablePath(record.done))
    var table: [[BucketFile.Block]] = []
    var place = 0
    while place < words.count {
      let count = Int(words[place])
      place += 1
      table.append(
        (0..<count).map { block in
          BucketFile.Block(
            file: Int(words[place + 2 * block] >> Self.offsetBits),
            byteOffset: Int(words[place + 2 * block] & (1 << Self.offsetBits - 1)),
            byteCount: Int(words[place + 2 * block + 1] >> 32),
            checksum: UInt32(truncatingIfNeeded: words[place + 2 * block + 1]))
        })
      place += 2 * count
    }
    return table
  }
}
