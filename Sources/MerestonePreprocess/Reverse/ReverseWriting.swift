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
    let sorted = sorting(from: state.bucket)
    defer { sorted.stop() }
    var piece: ReversePieceWriter?
    var sinceCheckpoint = 0
    var released = state.bucket
    removeIndexes(state)
    while state.bucket < plan.buckets.count {
      if cancellation.isCancelled { throw .interrupted }
      let bucket = plan.buckets[state.bucket]
      let shard = bucket.shard
      if piece == nil { piece = try open(shard, state) }
      state.piece = nil
      try sorted.take { (slot) throws(PreprocessError) in
        guard let piece else { return }
        guard fits(bucket) else { return try cut(state.bucket, to: piece) }
        try PreprocessError.storing { () throws(StorageError) in
          try piece.append(slot.run, start: bucket.nodes.lowerBound, plan: plan)
        }
      }
      state.bucket += 1
      sinceCheckpoint += bucket.edges
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

  private func bytes(ofEdges count: Int) -> Int {
    ReverseRun.workingBytes(edges: count, recordBytes: plan.recordBytes)
  }

  /// Whether a bucket can be sorted in memory.
  private func fits(_ bucket: ReversePlan.Bucket) -> Bool {
    bytes(ofEdges: bucket.edges) <= memory
  }

  /// Reads and sorts the buckets, ahead of whoever takes them.
  private func sorting(from first: Int) -> OrderedWork<Slot> {
    OrderedWork(
      first..<plan.buckets.count, threads: pool.threadCount, budget: memory,
      cost: { bytes(ofEdges: plan.buckets[$0].edges) },
      make: Slot.init, prepare: sort)
  }

  private func sort(_ bucket: Int, _ slot: Slot) throws(PreprocessError) {
    if cancellation.isCancelled { throw .interrupted }
    guard fits(plan.buckets[bucket]) else { return }
    try PreprocessError.storing { () throws(StorageError) in
      try buckets.read(bucket, into: &slot.records)
    }
    slot.run.sort(slot.records, plan: plan)
    progress.advance(by: slot.run.count)
  }

  /// Appends a bucket that does not fit.
  private func cut(
    _ bucket: Int, to piece: ReversePieceWriter
  ) throws(PreprocessError) {
    let cutter = ReverseCutter(
      plan: plan, edgeLimit: memory / bytes(ofEdges: 1), folder: folder,
      cancellation: cancellation)
    try cutter.forEachRun(of: bucket, in: buckets) { (run) throws(PreprocessError) in
      try PreprocessError.storing { () throws(StorageError) in
        try piece.append(run, start: plan.buckets[bucket].nodes.lowerBound, plan: plan)
      }
      progress.advance(by: run.count)
    }
  }
}
