package import MerestoneCore
package import MerestoneIngest
package import MerestoneStorage

/// Numbers raw ids that do not fit into memory: sparse 64-bit integers and strings.
///
/// Ids come in sequence: the rows of the node table, then the ends of the edges. A table of ids
/// that were seen lately (the *front*) gives every id a rank; when it is full, it is emptied and a
/// new *chunk* begins. So an end costs 4 bytes on disk, its rank in the chunk, and only the first
/// appearance of an id in a chunk (an *entry*) is sent to the bucket of its hash. Entries are
/// numbered through, so that their order is that of first appearance. ``finish(progress:)`` finds
/// equal ids bucket by bucket and numbers the distinct ones: those of the node table in its order,
/// then integers ascending or strings by first appearance. Strings are compared in full.
///
/// Resident: the budget, 16 bytes per chunk, and nothing per node or edge. The result depends on
/// the sequence only. Killed or thrown out of, it leaves its files in the folder, whose owner
/// removes them.
package struct DictionaryBuilder: ~Copyable {
  private let folder: String
  private let kind: RawIDKind
  private let plan: DictionaryPlan
  private let pool: ThreadPool
  private let cancellation: Cancellation

  private let shards: [FrontShard]
  private let buckets: BucketFile
  private let ends: ScratchFile

  private var endCount = 0
  private var listedCount = 0
  private var chunks: [DictionaryMerge.Chunk] = []
  private var ranges = EntryRanges()
  private var sample = ValueSample()
  private var hashes: [UInt64] = []
  private var states: [UInt32] = []

  /// - Parameters:
  ///   - folder: For temporary files; it exists.
  ///   - plan: How the memory is spent.
  package init(
    folder: String, plan: DictionaryPlan, kind: RawIDKind, pool: ThreadPool,
    cancellation: Cancellation
  ) throws(StorageError) {
    let buckets = try BucketFile(
      path: "\(folder)/dictionary-entries.tmp", bucketCount: 1 << plan.bucketBits,
      bufferBytes: plan.bufferBytes)
    let ends = try ScratchFile(path: NodeDictionary.endsPath(folder))
    self.folder = folder
    self.kind = kind
    self.plan = plan
    self.pool = pool
    self.cancellation = cancellation
    self.buckets = buckets
    self.ends = ends
    shards = (0..<1 << FrontShard.bits).map { _ in FrontShard() }
  }

  /// Adds rows of the node table, in order, before any edge.
  ///
  /// Rows with the same id are found by ``finish(progress:)``
  /// (``NodeDictionary/Summary/repeatedRow``).
  package mutating func appendListed(_ ids: RawIDColumn) throws(StorageError) {
    precondition(endCount == 0, "rows of the node table after edges")
    switch ids {
    case .integers(let values): try appendListed(IntegerIDs(values))
    case .strings(let strings): try appendListed(StringIDs(strings))
    }
  }

  /// Adds a block of edges, in sequence.
  /// - Parameters:
  ///   - sources: Raw ids of the kind that was announced. Shape `[e]`.
  ///   - destinations: Shape `[e]`.
  package mutating func append(
    sources: RawIDColumn, destinations: RawIDColumn
  ) throws(StorageError) {
    switch (sources, destinations) {
    case (.integers(let sources), .integers(let destinations)):
      try append(IntegerIDs(sources: sources, destinations: destinations))
    case (.strings(let sources), .strings(let destinations)):
      try append(StringIDs(sources: sources, destinations: destinations))
    default: preconditionFailure("sources and destinations of two kinds")
    }
  }

  /// Makes the ids distinct, numbers them and writes the number of every end.
  package consuming func finish(
    progress: any ProgressListener
  ) throws(StorageError) -> NodeDictionary {
    try buckets.finish()
    let merge = DictionaryMerge(
      folder: folder, kind: kind, plan: plan, pool: pool, cancellation: cancellation,
      progress: progress, buckets: buckets, ends: ends, endCount: endCount,
      listedCount: listedCount, chunks: chunks, ranges: ranges, sample: sample)
    for shard in shards { shard.discard() }
    return try merge.run()
  }

  // MARK: - Slices

  private mutating func appendListed(_ ids: some IDSource) throws(StorageError) {
    checkKind(ids)
    var first = 0
    while first < ids.count {
      let (count, bytes) = slice(ids, first)
      computeHashes(ids, first, count)
      let (firstEntry, bits, buckets) = (ranges.end, plan.bucketBits, buckets)
      let hashes = hashes
      try pool.forEach(shards.count) { (shard) throws(StorageError) in
        try FrontShard.route(
          ids, first: first, hashes: hashes, shard: shard, firstEntry: firstEntry,
          bucketBits: bits, file: buckets)
      }
      ranges.add(count, bytes: bytes, plan: plan)
      listedCount += count
      first += count
    }
    try checkLimits()
  }

  private mutating func append(_ ids: some IDSource) throws(StorageError) {
    checkKind(ids)
    if endCount == 0 { ranges.cut() }
    var first = 0
    while first < ids.count {
      if cancellation.isCancelled { throw .interrupted(path: folder) }
      let (count, bytes) = slice(ids, first)
      try beginChunkWhereNeeded()
      computeHashes(ids, first, count)
      if states.count != count { states = [UInt32](repeating: 0, count: count) }
      let (hashes, shards, slotLimit) = (hashes, shards, plan.frontSlots)
      let pool = pool
      states.withSharedBuffer { states in
        pool.forEach(shards.count) { shard in
          shards[shard].find(
            ids, first: first, hashes: hashes, shard: shard, slotLimit: slotLimit, states: states)
        }
      }
      let (added, addedBytes) = rank(ids, first)
      let (ranks, bits, buckets) = (states, plan.bucketBits, buckets)
      let firstEntry = chunks[chunks.count - 1].firstEntry
      try pool.forEach(shards.count) { (shard) throws(StorageError) in
        try shards[shard].settle(
          ids, first: first, hashes: hashes, ranks: ranks, firstEntry: firstEntry,
          bucketBits: bits, file: buckets)
      }
      // SAFETY: integers have no padding.
      try unsafe ends.write(ranks.span.bytes, at: endCount * 4)
      ranges.add(added, bytes: min(addedBytes, bytes), plan: plan)
      endCount += count
      first += count
    }
    try checkLimits()
  }

  private func checkKind(_ ids: some IDSource) {
    precondition(
      ids.count == 0 || (ids.integer(0) == nil) == (kind == .string), "ids of another kind")
  }

  /// Entries have five bytes in temporary records.
  private func checkLimits() throws(StorageError) {
    guard ranges.end < 1 << 40 else {
      throw .invalid(
        path: folder, what: "raw ids in the dictionary", expected: "less than 2^40",
        found: "\(ranges.end)", mend: "give --memory more, or cut the input into several graphs")
    }
  }

  /// How many of the ids from `first` on are looked up together, and their bytes.
  private borrowing func slice(_ ids: some IDSource, _ first: Int) -> (count: Int, bytes: Int) {
    let limit = min(plan.sliceIDs, ids.count - first)
    if kind == .integer { return (limit, 8 * limit) }
    var (count, bytes) = (0, 0)
    while count < limit {
      let added = ids.byteCount(first + count) + 1
      if count > 0, bytes + added > plan.sliceBytes { break }
      bytes += added
      count += 1
    }
    return (count, bytes)
  }

  private mutating func computeHashes(_ ids: some IDSource, _ first: Int, _ count: Int) {
    if hashes.count != count { hashes = [UInt64](repeating: 0, count: count) }
    let (pool, mask) = (pool, plan.hashMask)
    hashes.withSharedBuffer { hashes in
      pool.forEachTile(of: count, tile: 8192) { tile in
        hashes.withPart(tile) { part in
          for offset in part.indices {
            part[offset] = ids.hash(first &+ tile.lowerBound &+ offset) & mask
          }
        }
      }
    }
  }

  /// Gives new ids their ranks, in order, and every end of the slice its rank.
  private mutating func rank(
    _ ids: some IDSource, _ first: Int
  ) -> (added: Int, bytes: Int) {
    let base = UInt32(ranges.end - chunks[chunks.count - 1].firstEntry)
    var next = base
    var bytes = 0
    for index in states.indices {
      let state = states[index]
      guard state & FrontShard.pending != 0 else { continue }
      let origin = Int(state & ~FrontShard.pending)
      guard origin == index else {
        states[index] = states[origin]
        continue
      }
      states[index] = next
      next &+= 1
      bytes &+= ids.byteCount(first &+ index) &+ 1
      if let value = ids.integer(first &+ index) {
        sample.consider(value, hash: RawIDHash.mix(value))
      }
    }
    return (Int(next - base), bytes)
  }

  /// Empties the front where it is full.
  private mutating func beginChunkWhereNeeded() throws(StorageError) {
    let entryLimit = plan.entryLimit
    let isFull =
      shards.contains { $0.count >= entryLimit || $0.isFull(arenaBytes: plan.frontArenaBytes) }
      || ranges.end - (chunks.last?.firstEntry ?? 0) > 1 << 30
    guard chunks.isEmpty || isFull else { return }
    if isFull {
      let shards = shards
      pool.forEach(shards.count) { shards[$0].clear() }
    }
    chunks.append(.init(firstEnd: endCount, firstEntry: ranges.end))
  }
}
