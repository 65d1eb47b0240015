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
      partCount: portions.count, memory: memory, pool: pool)
    return try routing.run(
      from: record, partsPerCheckpoint: portionsPerCheckpoint, checkpoint: checkpoint
    ) { (next, buckets) throws(PreprocessError) in
      var buffers = EdgePortions.Buffers()
      var scratch = Scratch()
      while let portion = next() {
        if cancellation.isCancelled { throw .interrupted }
        try PreprocessError.storing { () throws(StorageError) in
          try portions.read(portion, withDestinations: true, into: &buffers)
          try route(buffers, &scratch, to: buckets)
        }
        progress.advance(by: buffers.count)
      }
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
}
