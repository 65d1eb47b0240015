import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// Sorts the buckets one after the other and writes every shard's edges.
///
/// Buckets are read and sorted on all threads while those before them are appended in order, so
/// that nobody waits for copying, checksums and the disk. A bucket that does not fit the budget, a
/// hub's, is cut by key ranges into a file of smaller ones first.
struct EdgeWriting {
  let plan: RoutePlan
  let buckets: BucketFile
  let columns: EdgeColumns
  /// Boundaries of the shards for each type. Shape `[types, shards + 1]`.
  let nodeBounds: [[UInt64]]
  let relations: [RelationTriple]
  let pageFormat: PageFormat
  /// Whether the edges are written in packed pages, too.
  let storesPackedStream: Bool
  let writer: GraphWriter
  let pool: ThreadPool
  /// Bytes for records and sorting.
  let memory: Int
  /// Whether equal edges are counted here, because no earlier stage has.
  let countsDuplicates: Bool
  /// Where a bucket that is cut goes.
  let temporaryFolder: String
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// How far the stage has come, for the journal.
  struct State: Codable, Sendable {
    /// The next bucket to sort.
    var bucket = 0
    var piece: PieceWriter.State?
    var counts = RunCounts()
    /// The largest in-degree of each relation.
    var maximumInDegrees: [Int] = []
    /// Boundaries of the shards in the edges of each relation. Shape `[relations, shards + 1]`.
    var edgeBounds: [[UInt64]] = []
    /// Files that are complete.
    var files: [FileEntry] = []
    /// Whether all buckets are written.
    var isComplete = false
  }

  /// One bucket in memory.
  private final class Slot {
    var run = SortedRun()
    var records: [UInt8] = []
    var counts = RunCounts()
  }

  /// Bytes that a bucket in memory takes.
  private func bytes(_ bucket: RoutePlan.Bucket) -> Int {
    SortedRun.workingBytes(
      edges: bucket.edges, destinations: bucket.nodes.count, recordBytes: plan.recordBytes,
      rowBytes: plan.rowBytes)
  }

  /// Bytes that an edge takes at most.
  private var edgeBytes: Int {
    SortedRun.workingBytes(
      edges: 1, destinations: 1, recordBytes: plan.recordBytes, rowBytes: plan.rowBytes)
  }

  /// - Parameters:
  ///   - state: Where an earlier run left off.
  ///   - edgesPerCheckpoint: How much work a killed run repeats at most.
  ///   - checkpoint: Keeps the state; buckets before it are given back afterwards.
  /// - Returns: The state at the end.
  func run(
    from state: State, edgesPerCheckpoint: Int,
    checkpoint: (State) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> State {
    var state = state
    if state.maximumInDegrees.isEmpty {
      state.maximumInDegrees = [Int](repeating: 0, count: relations.count)
      state.edgeBounds = plan.edgeBounds(
        relations: relations.count, shards: nodeBounds[0].count - 1)
    }
    let relation = columns.position(of: "relation").map(columns.range)
    let split = columns.position(of: "split").map(columns.range)
    let sorted = sorting(from: state.bucket, relation: relation, split: split)
    defer { sorted.stop() }
    var piece: PieceWriter?
    var sinceCheckpoint = 0
    var released = state.bucket
    removeIndexes(state)
    while state.bucket < plan.buckets.count {
      if cancellation.isCancelled { throw .interrupted }
      let bucket = plan.buckets[state.bucket]
      if piece == nil { piece = try open(bucket, state.piece) }
      state.piece = nil
      state.counts += try sorted.take { (slot) throws(PreprocessError) in
        guard let piece else { return RunCounts() }
        guard fits(bucket) else {
          return try cut(state.bucket, relation: relation, split: split, to: piece)
        }
        try PreprocessError.storing { () throws(StorageError) in
          try piece.append(slot.run, start: bucket.nodes.lowerBound, plan: plan)
        }
        return slot.counts
      }
      state.bucket += 1
      sinceCheckpoint += bucket.edges
      let isOver = state.bucket == plan.buckets.count
      if isOver || !plan.buckets[state.bucket].sharesPiece(with: bucket), let done = piece {
        state.files += try PreprocessError.storing { () throws(StorageError) in try done.finish() }
        state.maximumInDegrees[bucket.relation] = max(
          state.maximumInDegrees[bucket.relation], done.maximumInDegree)
        piece = nil
      }
      guard sinceCheckpoint >= edgesPerCheckpoint, !isOver else { continue }
      if let piece {
        state.piece = try PreprocessError.storing { () throws(StorageError) in
          try piece.checkpoint()
        }
      }
      try checkpoint(state)
      sinceCheckpoint = 0
      for bucket in released..<state.bucket { buckets.release(bucket) }
      released = state.bucket
      removeIndexes(state)
    }
    if !state.isComplete {
      state.isComplete = true
      try checkpoint(state)
    }
    removeIndexes(state)
    return state
  }

  /// Whether a bucket can be sorted in memory.
  private func fits(_ bucket: RoutePlan.Bucket) -> Bool { bytes(bucket) <= memory }

  /// Reads and sorts the buckets, ahead of whoever takes them.
  private func sorting(
    from first: Int, relation: Range<Int>?, split: Range<Int>?
  ) -> OrderedWork<Slot> {
    OrderedWork(
      first..<plan.buckets.count, threads: pool.threadCount, budget: memory,
      cost: { bytes(plan.buckets[$0]) }, make: Slot.init,
      prepare: { (bucket, slot) throws(PreprocessError) in
        if cancellation.isCancelled { throw .interrupted }
        guard fits(plan.buckets[bucket]) else { return }
        let ahead = bucket + pool.threadCount * OrderedWork<Slot>.placesPerThread
        if ahead < plan.buckets.count { buckets.prefetch(ahead) }
        try sort(bucket, slot, relation: relation, split: split)
      })
  }

  /// Appends a bucket that does not fit.
  private func cut(
    _ bucket: Int, relation: Range<Int>?, split: Range<Int>?, to piece: PieceWriter
  ) throws(PreprocessError) -> RunCounts {
    let cutter = BucketCutter(
      plan: plan, start: plan.buckets[bucket].nodes.lowerBound, edgeLimit: memory / edgeBytes,
      relation: relation, folder: temporaryFolder, cancellation: cancellation)
    var counts = RunCounts()
    try cutter.forEachRun(of: bucket, in: buckets) {
      (run: inout SortedRun) throws(PreprocessError) in
      counts += RunCounts(
        taking: &run, plan: plan, owned: sources(of: bucket), split: split,
        countsDuplicates: countsDuplicates)
      let count = run.count
      try PreprocessError.storing { () throws(StorageError) in
        try piece.append(run, start: cutter.start, plan: plan)
      }
      progress.advance(by: count)
    }
    return counts
  }

  /// Files that are complete and in the journal need no way back.
  private func removeIndexes(_ state: State) {
    for file in state.files where file.path.hasSuffix(".csc") || file.path.hasSuffix(".packed") {
      EdgeStoreWriter.removeIndex(of: file.path)
    }
  }

  /// The nodes of a type that a shard owns.
  private func nodes(of type: Int, in shard: Int) -> Range<Int> {
    Int(nodeBounds[type][shard])..<Int(nodeBounds[type][shard + 1])
  }

  /// The sources of a bucket's edges that its own shard owns.
  private func sources(of bucket: Int) -> Range<Int> {
    let place = plan.buckets[bucket]
    return nodes(of: relations[place.relation].source, in: place.shard)
  }

  /// The writer of the edges of a relation in a shard; nil where there are none.
  private func open(
    _ place: RoutePlan.Bucket, _ state: PieceWriter.State?
  ) throws(PreprocessError) -> PieceWriter? {
    let edges = plan.buckets.reduce(0) { $0 + ($1.sharesPiece(with: place) ? $1.edges : 0) }
    guard edges > 0 else { return nil }
    let (relation, id) = (RelationID(place.relation), ShardID(place.shard))
    let triple = relations[place.relation]
    let sources = nodeBounds[triple.source].last!
    let piece = PieceWriter.Piece(
      edgesPath: writer.path(GraphLayout.edges(relation, shard: id)),
      packedPath: storesPackedStream
        ? writer.path(GraphLayout.packedEdges(relation, shard: id)) : nil,
      columnPaths: columns.columns.indices.map {
        writer.path(GraphLayout.edgeColumn($0, of: relation, shard: id))
      },
      nodes: nodes(of: triple.destination, in: place.shard), edges: edges,
      maximumSource: sources - 1, pageFormat: pageFormat, columns: columns)
    return try PreprocessError.storing { () throws(StorageError) in
      try PieceWriter(piece, pool: pool, resuming: state)
    }
  }

  private func sort(
    _ bucket: Int, _ slot: Slot, relation: Range<Int>?, split: Range<Int>?
  ) throws(PreprocessError) {
    try PreprocessError.storing { () throws(StorageError) in
      try buckets.read(bucket, into: &slot.records)
    }
    let expected = plan.buckets[bucket].edges
    guard slot.records.count == expected * plan.recordBytes else {
      throw .partition(
        .inconsistent(
          check: "the number of edges into nodes \(plan.buckets[bucket].nodes)",
          expected: expected, found: slot.records.count / plan.recordBytes))
    }
    slot.run.sort(slot.records, plan: plan, relation: relation)
    slot.counts = RunCounts(
      taking: &slot.run, plan: plan, owned: sources(of: bucket), split: split,
      countsDuplicates: countsDuplicates)
    progress.advance(by: slot.run.count)
  }
}

extension RoutePlan.Bucket {
  /// Whether the edges of both go to one file.
  func sharesPiece(with other: Self) -> Bool {
    shard == other.shard && relation == other.relation
  }
}
