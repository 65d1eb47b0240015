import MerestoneCore
import MerestoneStorage

/// Stores the out-edges of one relation beside its in-edges, from the files that were written.
///
/// The written edges are read three times over: to count the out-degrees, to route every edge to
/// the bucket of its source, and, bucket by bucket, to sort. Resident: 12 bytes per source while
/// counting, then buffers. Temporary: 7 to 13 bytes per edge.
struct ReverseStage {
  let relation: RelationID
  /// Boundaries of the shards among the sources' and the destinations' type, and of the edges.
  let sourceBounds: [UInt64]
  let destinationBounds: [UInt64]
  let edgeBounds: [UInt64]
  let writer: GraphWriter
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation
  /// Edges after which the journal is written, or a share of all where that is more.
  var edgesPerCheckpoint = 1 << 25
  var smallestBucket = ReversePlan.smallestBucket

  /// How far the stage has come, for the journal.
  struct Record: Codable, Sendable {
    var routed: CheckpointedRouting.Record?
    var writing: ReverseWriting.State?

    var isComplete: Bool { writing?.isComplete ?? false }
    var files: [FileEntry] { writing?.files ?? [] }
    var entry: ReverseEntry? {
      writing.map { ReverseEntry(shardEdges: $0.shardEdges, maxOutDegree: $0.maxOutDegree) }
    }
  }

  /// - Parameters:
  ///   - record: Where an earlier run left off.
  ///   - checkpoint: Keeps the record.
  func run(
    from record: Record, checkpoint: (Record) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> Record {
    var record = record
    let portions = try PreprocessError.storing { () throws(StorageError) in try open() }
    let edgeCount = Int(edgeBounds.last! - edgeBounds[0])
    let destinations = Int(destinationBounds.last!)
    var start = ReverseWriting.State()
    let plan = try plan(portions, edgeCount, destinations, &start)
    let routing = ReverseRouting(
      portions: portions, plan: plan, folder: folder, memory: min(memory / 2, 512 << 20),
      pool: pool, progress: progress, cancellation: cancellation)
    var held = record
    let buckets = try routing.run(
      from: record.routed,
      portionsPerCheckpoint: max(
        edgesPerCheckpoint / EdgePortions.edges + 1, portions.count / 8)
    ) { (routed) throws(PreprocessError) in
      held.routed = routed
      try checkpoint(held)
    }
    record = held
    let writing = ReverseWriting(
      plan: plan, buckets: buckets, relation: relation, sourceBounds: sourceBounds,
      destinations: destinations, edgeCount: edgeCount, writer: writer, pool: pool,
      memory: memory, folder: folder, progress: progress, cancellation: cancellation)
    _ = try writing.run(
      from: record.writing ?? start, edgesPerCheckpoint: max(edgesPerCheckpoint, edgeCount / 32)
    ) { (state) throws(PreprocessError) in
      held.writing = state
      try checkpoint(held)
    }
    buckets.remove()
    return held
  }

  /// The edge files of all shards that have edges.
  private func open() throws(StorageError) -> EdgePortions {
    var files: [EdgePortions.File] = []
    for shard in 0..<edgeBounds.count - 1 where edgeBounds[shard] < edgeBounds[shard + 1] {
      let store = try EdgeStore(
        path: writer.path(GraphLayout.edges(relation, shard: ShardID(shard))))
      files.append(
        EdgePortions.File(
          store: store, firstDestination: destinationBounds[shard],
          firstEdge: edgeBounds[shard]))
    }
    return EdgePortions(files)
  }

  /// Counts the out-degrees and cuts the sources into buckets.
  private func plan(
    _ portions: EdgePortions, _ edgeCount: Int, _ destinations: Int,
    _ state: inout ReverseWriting.State
  ) throws(PreprocessError) -> ReversePlan {
    let table = DegreeTable(memory: .max, countsSources: false)
    try pool.forEachWorker(of: portions.count) { (queue) throws(PreprocessError) in
      var buffers = EdgePortions.Buffers()
      var groups = PageGroups(
        of: table, isSource: false, bytes: min(memory / 8, 64 << 20) / pool.threadCount)
      defer { _ = groups.flush() }
      while let portion = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        try PreprocessError.storing { () throws(StorageError) in
          try portions.read(portion, withDestinations: false, into: &buffers)
        }
        if buffers.sources.count > buffers.count {
          buffers.sources.removeLast(buffers.sources.count - buffers.count)
        }
        // Without a limit there is memory.
        _ = groups.add(buffers.sources)
        progress.advance(by: buffers.count)
      }
    }
    let degrees = table.takeDegrees(count: Int(sourceBounds.last!), keepsTotals: false, pool: pool)
    {
      UInt32(truncatingIfNeeded: $0)
    }
    state.shardEdges = []
    for shard in 0..<sourceBounds.count - 1 {
      var edges = 0
      for node in Int(sourceBounds[shard])..<Int(sourceBounds[shard + 1]) {
        let degree = Int(degrees.inDegree(of: node))
        edges += degree
        state.maxOutDegree = max(state.maxOutDegree, degree)
      }
      state.shardEdges.append(edges)
    }
    return ReversePlan(
      sourceBounds: sourceBounds, destinations: destinations, edgeCount: edgeCount,
      smallest: smallestBucket
    ) { degrees.inDegree(of: $0) }
  }
}
