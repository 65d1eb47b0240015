import MerestoneCore
import MerestoneStorage

/// Sorts the buckets of out-edges one after the other and writes every shard's files.
struct ReverseWriting {
  let plan: ReversePlan
  let buckets: BucketFile
  let relation: RelationID
  let sourceBounds: [UInt64]
  let destinations: Int
  let edgeCount: Int
  let writer: GraphWriter
  let pool: ThreadPool
  /// Bytes for records and sorting.
  let memory: Int
  /// Where a bucket that is cut goes.
  let folder: String
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// How far the writing has come, for the journal.
  struct State: Codable, Sendable {
    /// The next bucket to sort.
    var bucket = 0
    var piece: ReversePieceWriter.State?
    /// Files that are complete.
    var files: [FileEntry] = []
    var shardEdges: [Int] = []
    var maxOutDegree = 0
    var isComplete = false
  }

  /// One bucket in memory.
  private final class Slot {
    var run = ReverseRun()
    var records: [UInt8] = []
  }

  /// - Parameters:
  ///   - state: Where an earlier run left off.
  ///   - edgesPerCheckpoint: How much work a killed run repeats at most.
  ///   - checkpoint: Keeps the state; buckets before it are given back afterwards.
  func run(
    from state: State, edgesPerCheckpoint: Int,
    checkpoint: (State) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> State {
    var state = state
    let slots = (0..<2 * pool.threadCount).map { _ in Slot() }
    var piece: ReversePieceWriter?
    var sinceCheckpoint = 0
    var released = state.bucket
    removeIndexes(state)
    while state.bucket < plan.buckets.count {
      if cancellation.isCancelled { throw .interrupted }
      let shard = plan.buckets[state.bucket].shard
      if piece == nil { piece = try open(shard, state) }
      state.piece = nil
      let group = group(from: state.bucket, slots: slots.count)
      if let piece { try append(group, slots, to: piece) }
      state.bucket = group.upperBound
      for bucket in group { sinceCheckpoint += plan.buckets[bucket].edges }
      let isOver = state.bucket == plan.buckets.count
      if isOver || plan.buckets[state.bucket].shard != shard, let done = piece {
        state.files += try PreprocessError.storing { () throws(StorageError) in
          try done.finish()
        }
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
    state.isComplete = true
    try checkpoint(state)
    removeIndexes(state)
    return state
  }

  /// Files that are complete and in the journal need no way back.
  private func removeIndexes(_ state: State) {
    for file in state.files where file.path.hasSuffix(".rev") {
      EdgeStoreWriter.removeIndex(of: file.path)
    }
  }

  /// The writer of a shard's out-edges; nil for a shard without any.
  private func open(_ shard: Int, _ state: State) throws(PreprocessError) -> ReversePieceWriter? {
    guard state.shardEdges[shard] > 0 else { return nil }
    let piece = ReversePieceWriter.Piece(
      listsPath: writer.path(GraphLayout.reverse(relation, shard: ShardID(shard))),
      idsPath: writer.path(GraphLayout.reverseIDs(relation, shard: ShardID(shard))),
      nodes: Int(sourceBounds[shard])..<Int(sourceBounds[shard + 1]),
      edges: state.shardEdges[shard], maximumDestination: UInt64(max(destinations, 1) - 1),
      relationEdges: edgeCount)
    return try PreprocessError.storing { () throws(StorageError) in
      try ReversePieceWriter(piece, pool: pool, resuming: state.piece)
    }
  }

  /// Buckets of one shard that fit the budget together, at least one.
  private func group(from first: Int, slots: Int) -> Range<Int> {
    var end = first
    var bytes = 0
    while end < plan.buckets.count, end - first < slots,
      plan.buckets[end].shard == plan.buckets[first].shard
    {
      bytes += plan.buckets[end].edges * ReverseRun.workingBytes(plan)
      if end > first, bytes > memory { break }
      end += 1
    }
    return first..<end
  }

  private func append(
    _ group: Range<Int>, _ slots: [Slot], to piece: ReversePieceWriter
  ) throws(PreprocessError) {
    let edgeLimit = memory / ReverseRun.workingBytes(plan)
    let first = plan.buckets[group.lowerBound]
    guard first.edges <= edgeLimit else {
      let cutter = ReverseCutter(
        plan: plan, edgeLimit: edgeLimit, folder: folder, cancellation: cancellation)
      return try cutter.forEachRun(of: group.lowerBound, in: buckets) {
        (run) throws(PreprocessError) in
        try PreprocessError.storing { () throws(StorageError) in
          try piece.append(run, start: first.nodes.lowerBound, plan: plan)
        }
        progress.advance(by: run.count)
      }
    }
    try pool.forEach(group.count) { (place) throws(PreprocessError) in
      let slot = slots[place]
      try PreprocessError.storing { () throws(StorageError) in
        try buckets.read(group.lowerBound + place, into: &slot.records)
      }
      slot.run.sort(slot.records, plan: plan)
      progress.advance(by: slot.run.count)
    }
    try PreprocessError.storing { () throws(StorageError) in
      for (slot, bucket) in zip(slots, group) {
        try piece.append(slot.run, start: plan.buckets[bucket].nodes.lowerBound, plan: plan)
      }
    }
    // What a large bucket took must not stand beside the next ones.
    for slot in slots where slot.run.capacity > edgeLimit / slots.count {
      slot.run = ReverseRun()
      slot.records = []
    }
  }
}
