import MerestoneCore
import MerestoneStorage
import Synchronization

/// Sends all edges to their buckets.
struct RouteStage {
  let source: EdgeSource
  let plan: RoutePlan
  /// How relations are told apart; nil for edges of one relation.
  let scheme: RelationScheme?
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// What came of it, for the journal.
  struct Record: Codable, Sendable {
    /// Chunks that are routed; all of them at the end.
    var chunks = 0
    var table = ArrayFile.Entry(count: 0, checksum: 0)
  }

  private var bucketsPath: String { "\(folder)/routed.tmp" }
  /// A name for each state, so that the one of the journal is never overwritten.
  private func tablePath(_ chunks: Int) -> String { "\(folder)/routed-blocks-\(chunks).tmp" }

  /// - Parameters:
  ///   - record: Where an earlier run left off.
  ///   - chunksPerCheckpoint: How much work a killed run repeats at most.
  ///   - checkpoint: Keeps the record.
  func run(
    from record: Record?, globals: [UInt32], chunksPerCheckpoint: Int,
    checkpoint: (Record) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> BucketFile {
    let router = router(globals)
    let buckets = try open(record)
    var record = record ?? Record()
    let source = router.source
    while record.chunks < source.chunkCount {
      let first = record.chunks
      let count = min(chunksPerCheckpoint, source.chunkCount - first)
      try pool.forEachWorker(of: count) { (queue) throws(PreprocessError) in
        var chunk = EdgeChunk()
        var scratch = RouteScratch(plan: plan)
        while let index = queue.claim() {
          if cancellation.isCancelled { throw .interrupted }
          let dropped = try source.read(first + index, withColumns: true, into: &chunk)
          let count = chunk.count
          try router.route(&chunk, to: buckets, scratch: &scratch)
          progress.advance(by: count + dropped.selfLoops + dropped.unlisted)
        }
      }
      record.chunks += count
      if record.chunks < source.chunkCount {
        try PreprocessError.storing { () throws(StorageError) in
          try buckets.flush()
          record.table = try save(buckets.table(), chunks: record.chunks)
        }
        try checkpoint(record)
      }
    }
    try PreprocessError.storing { () throws(StorageError) in
      try buckets.finish()
      record.table = try save(buckets.table(), chunks: record.chunks)
    }
    try checkpoint(record)
    return buckets
  }

  private func router(_ globals: [UInt32]) -> EdgeRouter {
    if let scheme {
      return EdgeRouter(source: source, plan: plan, way: .relations(scheme, globals: globals))
    }
    let slots = RouteSlots(plan)
    if let source = source.composed(
      pool: pool, with: { slots.number(of: globals[$0]) })
    {
      return EdgeRouter(source: source, plan: plan, way: .slots(slots, numbers: nil))
    }
    return EdgeRouter(
      source: source, plan: plan,
      way: .slots(slots, numbers: slots.numbers(of: globals, pool: pool)))
  }

  /// Opens the buckets as a record has them; new ones without one.
  func open(_ record: Record?) throws(PreprocessError) -> BucketFile {
    try PreprocessError.storing { () throws(StorageError) in
      guard let record else {
        return try BucketFile(
          path: bucketsPath, bucketCount: max(1, plan.buckets.count), bufferBytes: memory)
      }
      let isComplete = record.chunks == source.chunkCount
      return try BucketFile(
        path: bucketsPath, resuming: try loadTable(record.table, chunks: record.chunks),
        bufferBytes: isComplete ? 0 : memory)
    }
  }

  /// Numbers of blocks per bucket, then offset, size and checksum of each.
  private func save(
    _ table: [[BucketFile.Block]], chunks: Int
  ) throws(StorageError) -> ArrayFile.Entry {
    var words: [UInt64] = [UInt64(table.count)]
    for blocks in table {
      words.append(UInt64(blocks.count))
      for block in blocks {
        words.append(UInt64(block.byteOffset))
        words.append(UInt64(block.byteCount) << 32 | UInt64(block.checksum))
      }
    }
    return try ArrayFile.write(words, to: tablePath(chunks))
  }

  private func loadTable(
    _ entry: ArrayFile.Entry, chunks: Int
  ) throws(StorageError) -> [[BucketFile.Block]] {
    let words = try ArrayFile.read(entry, of: UInt64.self, from: tablePath(chunks))
    var table: [[BucketFile.Block]] = []
    var place = 1
    while place < words.count {
      let count = Int(words[place])
      place += 1
      table.append(
        (0..<count).map { block in
          BucketFile.Block(
            byteOffset: Int(words[place + 2 * block]),
            byteCount: Int(words[place + 2 * block + 1] >> 32),
            checksum: UInt32(truncatingIfNeeded: words[place + 2 * block + 1]))
        })
      place += 2 * count
    }
    return table
  }
}
