import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// Sorts the buckets one after the other and writes every shard's edges.
///
/// A group of buckets is read and sorted on all threads, then appended in order. A bucket that
/// does not fit the budget, a hub's, is cut by key ranges into a file of smaller ones first.
struct EdgeWriting {
  let plan: RoutePlan
  let buckets: BucketFile
  let columns: EdgeColumns
  /// Boundaries of the shards for each type. Shape `[types, shards + 1]`.
  let nodeBounds: [[UInt64]]
  let relations: [RelationTriple]
  let pageFormat: PageFormat
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

  private var edgeBytes: Int {
    SortedRun.workingBytes(recordBytes: plan.recordBytes, rowBytes: plan.rowBytes)
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
    let slots = (0..<2 * pool.threadCount).map { _ in Slot() }
    let split = columns.position(of: "split").map(columns.range)
    let relation = columns.position(of: "relation").map(columns.range)
    var piece: PieceWriter?
    var sinceCheckpoint = 0
    var released = state.bucket
    removeIndexes(state)
    while state.bucket < plan.buckets.count {
      if cancellation.isCancelled { throw .interrupted }
      let place = plan.buckets[state.bucket]
      let owned = nodes(of: relations[place.relation].source, in: place.shard)
      if piece == nil { piece = try open(place, state.piece) }
      state.piece = nil
      let group = group(from: state.bucket, slots: slots.count)
      prefetch(after: group)
      let mayFit = plan.buckets[group.lowerBound].edges * edgeBytes <= memory
      if let piece {
        if mayFit {
          try sort(group, slots, relation: relation, split: split, shard: owned)
          for (slot, bucket) in zip(slots, group) {
            try PreprocessError.storing { () throws(StorageError) in
              try piece.append(
                slot.run, start: plan.buckets[bucket].nodes.lowerBound, plan: plan)
            }
            state.counts += slot.counts
          }
        } else {
          let cutter = BucketCutter(
            plan: plan, start: plan.buckets[group.lowerBound].nodes.lowerBound,
            edgeLimit: memory / edgeBytes, relation: relation, folder: temporaryFolder,
            cancellation: cancellation)
          try cutter.forEachRun(of: group.lowerBound, in: buckets) {
            (run: inout SortedRun) throws(PreprocessError) in
            state.counts += RunCounts(
              run, plan: plan, shard: owned, split: split, countsDuplicates: countsDuplicates)
            run.takeLists(plan)
            let count = run.count
            try PreprocessError.storing { () throws(StorageError) in
              try piece.append(run, start: cutter.start, plan: plan)
            }
            progress.advance(by: count)
          }
        }
      }
      state.bucket = group.upperBound
      for bucket in group { sinceCheckpoint += plan.buckets[bucket].edges }
      let isLast =
        state.bucket == plan.buckets.count || !plan.buckets[state.bucket].sharesPiece(with: place)
      if isLast, let done = piece {
        let entries = try PreprocessError.storing { () throws(StorageError) in try done.finish() }
        state.files += entries
        state.maximumInDegrees[place.relation] = max(
          state.maximumInDegrees[place.relation], done.maximumInDegree)
        piece = nil
      }
      guard sinceCheckpoint >= edgesPerCheckpoint || state.bucket == plan.buckets.count else {
        continue
      }
      if let piece {
        state.piece = try PreprocessError.storing { () throws(StorageError) in
          try piece.checkpoint()
        }
      }
      state.isComplete = state.bucket == plan.buckets.count
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

  /// Files that are complete and in the journal need no way back.
  private func removeIndexes(_ state: State) {
    for file in state.files where file.path.hasSuffix(".csc") {
      EdgeStoreWriter.removeIndex(of: file.path)
    }
  }

  /// The nodes of a type that a shard owns.
  private func nodes(of type: Int, in shard: Int) -> Range<Int> {
    Int(nodeBounds[type][shard])..<Int(nodeBounds[type][shard + 1])
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
      columnPaths: columns.columns.indices.map {
        writer.path(GraphLayout.edgeColumn($0, of: relation, shard: id))
      },
      nodes: nodes(of: triple.destination, in: place.shard), edges: edges,
      maximumSource: sources - 1, pageFormat: pageFormat, columns: columns)
    return try PreprocessError.storing { () throws(StorageError) in
      try PieceWriter(piece, pool: pool, resuming: state)
    }
  }

  /// Buckets of one file that fit the budget together, at least one.
  private func group(from first: Int, slots: Int) -> Range<Int> {
    var end = first
    var bytes = 0
    while end < plan.buckets.count, end - first < slots,
      plan.buckets[end].sharesPiece(with: plan.buckets[first])
    {
      bytes += plan.buckets[end].edges * edgeBytes
      if end > first, bytes > memory { break }
      end += 1
    }
    return first..<end
  }

  private func prefetch(after group: Range<Int>) {
    for bucket in group.upperBound..<min(group.upperBound + group.count, plan.buckets.count) {
      buckets.prefetch(bucket)
    }
  }

  private func sort(
    _ group: Range<Int>, _ slots: [Slot], relation: Range<Int>?, split: Range<Int>?,
    shard: Range<Int>
  ) throws(PreprocessError) {
    try pool.forEach(group.count) { (place) throws(PreprocessError) in
      let bucket = group.lowerBound + place
      let slot = slots[place]
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
        slot.run, plan: plan, shard: shard, split: split, countsDuplicates: countsDuplicates)
      slot.run.takeLists(plan)
      progress.advance(by: slot.run.count)
    }
  }
}

extension RoutePlan.Bucket {
  /// Whether the edges of both go to one file.
  func sharesPiece(with other: Self) -> Bool {
    shard == other.shard && relation == other.relation
  }
}
