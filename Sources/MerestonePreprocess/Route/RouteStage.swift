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

  private var routing: CheckpointedRouting {
    CheckpointedRouting(
      name: "routed", folder: folder, bucketCount: plan.buckets.count,
      partCount: source.chunkCount, recordBytes: plan.recordBytes, memory: memory, pool: pool)
  }

  func isComplete(_ record: CheckpointedRouting.Record) -> Bool { routing.isComplete(record) }

  /// Opens the buckets of a record.
  func open(_ record: CheckpointedRouting.Record) throws(PreprocessError) -> BucketFile {
    try routing.open(record)
  }

  /// - Parameters:
  ///   - record: Where an earlier run left off.
  ///   - chunksPerCheckpoint: How much work a killed run repeats at most.
  ///   - checkpoint: Keeps the record.
  func run(
    from record: CheckpointedRouting.Record?, globals: [UInt32], chunksPerCheckpoint: Int,
    checkpoint: (CheckpointedRouting.Record) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> BucketFile {
    let router = router(globals)
    return try routing.run(
      from: record, partsPerCheckpoint: chunksPerCheckpoint, checkpoint: checkpoint
    ) { (next, groups) throws(PreprocessError) in
      var chunk = EdgeChunk()
      while let index = next() {
        if cancellation.isCancelled { throw .interrupted }
        let dropped = try router.source.read(index, withColumns: true, into: &chunk)
        let count = chunk.count
        try router.route(&chunk, to: groups)
        progress.advance(by: count + dropped.selfLoops + dropped.unlisted)
      }
    }
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
}
