import MerestoneCore
import MerestoneStorage

/// Sends every stored edge to the bucket of its source.
struct ReverseRouting {
  let portions: EdgePortions
  let plan: ReversePlan
  let folder: String
  /// Bytes for edges on their way to the buckets.
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// - Parameters:
  ///   - record: Where an earlier run left off.
  ///   - portionsPerCheckpoint: How much work a killed run repeats at most.
  ///   - checkpoint: Keeps the record.
  func run(
    from record: CheckpointedRouting.Record?, portionsPerCheckpoint: Int,
    checkpoint: (CheckpointedRouting.Record) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> BucketFile {
    let routing = CheckpointedRouting(
      name: "reversed", folder: folder, bucketCount: plan.buckets.count,
      partCount: portions.count, recordBytes: plan.recordBytes, memory: memory, pool: pool)
    return try routing.run(
      from: record, partsPerCheckpoint: portionsPerCheckpoint, checkpoint: checkpoint
    ) { (next, groups) throws(PreprocessError) in
      var buffers = EdgePortions.Buffers()
      let starts = plan.buckets.map { UInt64($0.nodes.lowerBound) }
      while let portion = next() {
        if cancellation.isCancelled { throw .interrupted }
        try PreprocessError.storing { () throws(StorageError) in
          try portions.read(portion, withDestinations: true, into: &buffers)
          try route(buffers, starts: starts, to: groups)
        }
        progress.advance(by: buffers.count)
      }
    }
  }

  private func route(
    _ edges: EdgePortions.Buffers, starts: [UInt64], to groups: BucketGroups
  ) throws(StorageError) {
    let (shift, idOffset) = (UInt64(plan.destinationBits), plan.keyBytes)
    for edge in 0..<edges.count {
      let bucket = plan.bucket(of: edges.sources[edge])
      let offset = UInt64(edges.sources[edge]) &- starts[bucket]
      let key = offset &<< shift | edges.destinations[edge]
      let id = edges.firstEdge &+ UInt64(edge)
      // SAFETY: a record has room for both, and for a word at the end.
      let record = unsafe try groups.next(in: bucket)
      unsafe record.storeBytes(of: key, as: UInt64.self)
      unsafe record.storeBytes(of: id, toByteOffset: idOffset, as: UInt64.self)
    }
  }
}
