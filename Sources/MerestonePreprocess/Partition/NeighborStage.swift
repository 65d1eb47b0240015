import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// Makes the file of neighbourhoods that partitioners and the locality order read.
///
/// A node of more than ``limit`` neighbours keeps each with about the probability `limit / degree`
/// (``NeighborSample``), decided by a hash of the edge's ends, so that the sample is a function of
/// the graph alone.
struct NeighborStage {
  let source: EdgeSource
  let sample: NeighborSample
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  private static let recordBytes = 6

  /// Nodes of a bucket, whose records fit a thread's share of any cap: a node has at most about as
  /// many as the limit says.
  static func nodesPerBucket(limit: Int) -> Int { min(1 << 16, max(1 << 12, (1 << 22) / limit)) }
  private var nodesPerBucket: Int { Self.nodesPerBucket(limit: sample.limit) }
  private var bucketBits: UInt64 { UInt64(nodesPerBucket.trailingZeroBitCount) }

  /// One bucket in memory.
  private final class Slot {
    var records: [UInt8] = []
    var lengths: [UInt32] = []
    var neighbors: [UInt32] = []
  }

  static func path(_ folder: String) -> String { "\(folder)/neighbors.tmp" }

  func run() throws(PreprocessError) -> NeighborFile {
    let nodeCount = sample.nodeCount
    let bucketCount = max(1, (nodeCount + nodesPerBucket - 1) / nodesPerBucket)
    let bucketMemory = BucketMemory(
      memory / 2, threads: pool.threadCount, bucketCount: bucketCount,
      recordBytes: Self.recordBytes)
    let buckets = try PreprocessError.storing { () throws(StorageError) in
      try BucketFile(
        path: "\(folder)/neighbor-records.tmp", bucketCount: bucketCount,
        bufferBytes: bucketMemory.bufferBytes)
    }
    defer { buckets.remove() }
    try route(to: buckets, bucketMemory)
    var writer = try PreprocessError.storing { () throws(StorageError) in
      try NeighborFileWriter(path: Self.path(folder), nodeCount: nodeCount)
    }
    let slots = (0..<pool.threadCount).map { _ in Slot() }
    for first in stride(from: 0, to: bucketCount, by: slots.count) {
      if cancellation.isCancelled { throw .interrupted }
      let group = first..<min(first + slots.count, bucketCount)
      for bucket in group.upperBound..<min(group.upperBound + slots.count, bucketCount) {
        buckets.prefetch(bucket)
      }
      try pool.forEach(group.count) { (place) throws(PreprocessError) in
        let bucket = group.lowerBound + place
        let slot = slots[place]
        try PreprocessError.storing { () throws(StorageError) in
          try buckets.read(bucket, into: &slot.records)
        }
        buckets.release(bucket)
        let nodes = min(nodesPerBucket, nodeCount - bucket * nodesPerBucket)
        Self.sort(slot.records, nodes: nodes, lengths: &slot.lengths, neighbors: &slot.neighbors)
      }
      try PreprocessError.storing { () throws(StorageError) in
        for slot in slots.prefix(group.count) {
          let (lengths, neighbors) = (slot.lengths, slot.neighbors)
          try writer.append(lengths: lengths.span, neighbors: neighbors.span)
        }
      }
    }
    return try finish(writer)
  }

  private func finish(
    _ writer: consuming NeighborFileWriter
  ) throws(PreprocessError) -> NeighborFile {
    do throws(StorageError) {
      return try writer.finish()
    } catch {
      throw PreprocessError.storage(error).unified
    }
  }

  /// Edges whose samples are taken at a time, so that they stay in the first caches.
  private static let sliceEdges = 1 << 15

  private func route(
    to buckets: BucketFile, _ memory: BucketMemory
  ) throws(PreprocessError) {
    let (source, ends) = sample.source(of: source, pool: pool)
    try pool.forEachWorker(of: source.chunkCount) { (queue) throws(PreprocessError) in
      var chunk = EdgeChunk()
      var kept = [UInt64](repeating: 0, count: 2 * Self.sliceEdges)
      let groups = BucketGroups(buckets, recordBytes: Self.recordBytes, memory)
      while let index = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        let dropped = try source.read(index, withColumns: false, into: &chunk)
        let count = chunk.count
        for start in stride(from: 0, to: count, by: Self.sliceEdges) {
          let slice = start..<min(start + Self.sliceEdges, count)
          let taken = sample.take(slice, of: chunk, ends, into: &kept)
          try PreprocessError.storing { () throws(StorageError) in
            try deal(kept.span.extracting(0..<taken), to: groups)
          }
        }
        progress.advance(by: count + dropped.selfLoops + dropped.unlisted)
      }
      try PreprocessError.storing { () throws(StorageError) in try groups.flush() }
    }
    try PreprocessError.storing { () throws(StorageError) in try buckets.finish() }
  }

  /// Sends `node << 32 | neighbour` to the nodes' buckets.
  private func deal(_ pairs: Span<UInt64>, to groups: BucketGroups) throws(StorageError) {
    let shift = 32 + bucketBits
    for index in pairs.indices {
      let pair = pairs[index]
      let node = UInt16(truncatingIfNeeded: pair &>> 32 & UInt64(nodesPerBucket - 1))
      // SAFETY: a record has six bytes.
      let record = unsafe try groups.next(in: Int(truncatingIfNeeded: pair &>> shift))
      unsafe record.storeBytes(of: node, as: UInt16.self)
      unsafe record.storeBytes(
        of: UInt32(truncatingIfNeeded: pair), toByteOffset: 2, as: UInt32.self)
    }
  }

  /// Groups the records of a bucket by node; each node's neighbours stay in their order of arrival.
  private static func sort(
    _ records: [UInt8], nodes: Int, lengths: inout [UInt32], neighbors: inout [UInt32]
  ) {
    let count = records.count / recordBytes
    lengths = [UInt32](repeating: 0, count: nodes)
    if neighbors.count < count { neighbors = [UInt32](repeating: 0, count: count) }
    neighbors.removeLast(neighbors.count - count)
    var places = [UInt32](repeating: 0, count: nodes + 1)
    unsafe records.withUnsafeBytes { bytes in
      unsafe places.withUnsafeMutableBufferPointer { places in
        unsafe neighbors.withUnsafeMutableBufferPointer { neighbors in
          for record in 0..<count {
            // SAFETY: `record` is one of the bucket's, and nodes count from its first, so that
            // places count these very records.
            let node = unsafe bytes.loadUnaligned(
              fromByteOffset: record &* recordBytes, as: UInt16.self)
            unsafe places[Int(node) &+ 1] &+= 1
          }
          for node in 0..<nodes {
            lengths[node] = unsafe places[node + 1]
            unsafe places[node + 1] &+= places[node]
          }
          for record in 0..<count {
            let node = unsafe Int(
              bytes.loadUnaligned(fromByteOffset: record &* recordBytes, as: UInt16.self))
            let place = unsafe Int(places[node])
            unsafe places[node] &+= 1
            unsafe neighbors[place] = bytes.loadUnaligned(
              fromByteOffset: record &* recordBytes &+ 2, as: UInt32.self)
          }
        }
      }
    }
  }
}
