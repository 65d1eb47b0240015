import MerestoneCore
import MerestoneStorage

/// Sends every stored edge to the bucket of its source.
struct ReverseRouting {
  let portions: EdgePortions
  let plan: ReversePlan
  let folder: String
  /// Bytes for the buckets' buffers.
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// How far the routing has come, for the journal.
  struct Record: Codable, Sendable {
    /// Portions that are routed; all of them at the end.
    var portions = 0
    var table = ArrayFile.Entry(count: 0, checksum: 0)
  }

  private var path: String { "\(folder)/reversed.tmp" }
  /// A name for each state, so that the one of the journal is never overwritten.
  private func tablePath(_ portions: Int) -> String { "\(folder)/reversed-blocks-\(portions).tmp" }

  /// - Parameters:
  ///   - record: Where an earlier run left off.
  ///   - portionsPerCheckpoint: How much work a killed run repeats at most.
  ///   - checkpoint: Keeps the record.
  func run(
    from record: Record?, portionsPerCheckpoint: Int,
    checkpoint: (Record) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> BucketFile {
    let buckets = try open(record)
    var record = record ?? Record()
    while record.portions < portions.count {
      let first = record.portions
      let count = min(portionsPerCheckpoint, portions.count - first)
      try pool.forEachWorker(of: count) { (queue) throws(PreprocessError) in
        var buffers = EdgePortions.Buffers()
        var scratch = Scratch()
        while let index = queue.claim() {
          if cancellation.isCancelled { throw .interrupted }
          try PreprocessError.storing { () throws(StorageError) in
            try portions.read(first + index, withDestinations: true, into: &buffers)
            try route(buffers, &scratch, to: buckets)
          }
          progress.advance(by: buffers.count)
        }
      }
      record.portions += count
      try PreprocessError.storing { () throws(StorageError) in
        if record.portions < portions.count { try buckets.flush() } else { try buckets.finish() }
        record.table = try save(buckets.table(), portions: record.portions)
      }
      try checkpoint(record)
    }
    return buckets
  }

  /// Opens the buckets as a record has them; new ones without one.
  private func open(_ record: Record?) throws(PreprocessError) -> BucketFile {
    try PreprocessError.storing { () throws(StorageError) in
      guard let record else {
        return try BucketFile(
          path: path, bucketCount: max(1, plan.buckets.count), bufferBytes: memory)
      }
      let isComplete = record.portions == portions.count
      return try BucketFile(
        path: path, resuming: try loadTable(record), bufferBytes: isComplete ? 0 : memory)
    }
  }

  /// A thread's buffers: records grouped by bucket.
  private struct Scratch {
    var ofEdge: [UInt16] = []
    var places: [UInt32] = []
    var records: [UInt8] = []
  }

  private func route(
    _ edges: EdgePortions.Buffers, _ scratch: inout Scratch, to buckets: BucketFile
  ) throws(StorageError) {
    let count = edges.count
    let recordBytes = plan.recordBytes
    if scratch.ofEdge.count < count {
      scratch.ofEdge = [UInt16](repeating: 0, count: count)
      scratch.records = [UInt8](repeating: 0, count: count * recordBytes)
    }
    scratch.places = [UInt32](repeating: 0, count: plan.buckets.count)
    for edge in 0..<count {
      let bucket = plan.bucket(of: edges.sources[edge])
      scratch.ofEdge[edge] = UInt16(truncatingIfNeeded: bucket)
      scratch.places[bucket] &+= 1
    }
    var start: UInt32 = 0
    for bucket in plan.buckets.indices {
      let length = scratch.places[bucket]
      scratch.places[bucket] = start
      start &+= length
    }
    for edge in 0..<count {
      let bucket = Int(scratch.ofEdge[edge])
      let place = Int(scratch.places[bucket])
      scratch.places[bucket] &+= 1
      let offset = UInt64(edges.sources[edge]) &- UInt64(plan.buckets[bucket].nodes.lowerBound)
      var word = offset &<< UInt64(plan.destinationBits) | edges.destinations[edge]
      var byte = place &* recordBytes
      for _ in 0..<plan.keyBytes {
        scratch.records[byte] = UInt8(truncatingIfNeeded: word)
        word &>>= 8
        byte &+= 1
      }
      word = edges.firstEdge &+ UInt64(edge)
      for _ in 0..<plan.idBytes {
        scratch.records[byte] = UInt8(truncatingIfNeeded: word)
        word &>>= 8
        byte &+= 1
      }
    }
    // SAFETY: an array of bytes is initialised throughout.
    let records = unsafe scratch.records.span.bytes
    try buckets.append(records, ends: scratch.places, recordBytes: recordBytes)
  }

  /// Numbers of blocks per bucket, then offset, size and checksum of each.
  private func save(
    _ table: [[BucketFile.Block]], portions: Int
  ) throws(StorageError) -> ArrayFile.Entry {
    var words: [UInt64] = []
    for blocks in table {
      words.append(UInt64(blocks.count))
      for block in blocks {
        words.append(UInt64(block.byteOffset))
        words.append(UInt64(block.byteCount) << 32 | UInt64(block.checksum))
      }
    }
    return try ArrayFile.write(words, to: tablePath(portions))
  }

  private func loadTable(_ record: Record) throws(StorageError) -> [[BucketFile.Block]] {
    let words = try ArrayFile.read(
      record.table, of: UInt64.self, from: tablePath(record.portions))
    var table: [[BucketFile.Block]] = []
    var place = 0
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
