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
  private var nodesPerBucket: Int { min(1 << 16, max(1 << 12, (1 << 22) / sample.limit)) }
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
    let buckets = try PreprocessError.storing { () throws(StorageError) in
      try BucketFile(
        path: "\(folder)/neighbor-records.tmp", bucketCount: bucketCount, bufferBytes: memory / 2)
    }
    defer { buckets.remove() }
    try route(to: buckets)
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

  /// What a worker needs to route chunks.
  private struct RouteScratch {
    var kept = [UInt64](repeating: 0, count: 2 * NeighborStage.sliceEdges)
    var records = [UInt8](
      repeating: 0, count: 2 * NeighborStage.sliceEdges * NeighborStage.recordBytes)
    var places: [UInt32]

    init(buckets: Int) { places = [UInt32](repeating: 0, count: buckets) }
  }

  /// Edges that are dealt out at a time, so that they stay in the first caches.
  private static let sliceEdges = 1 << 15

  private func route(to buckets: BucketFile) throws(PreprocessError) {
    let (source, ends) = sample.source(of: source, pool: pool)
    try pool.forEachWorker(of: source.chunkCount) { (queue) throws(PreprocessError) in
      var chunk = EdgeChunk()
      var scratch = RouteScratch(buckets: buckets.bucketCount)
      while let index = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        let dropped = try source.read(index, withColumns: false, into: &chunk)
        let count = chunk.count
        for start in stride(from: 0, to: count, by: Self.sliceEdges) {
          let slice = start..<min(start + Self.sliceEdges, count)
          let kept = sample.take(slice, of: chunk, ends, into: &scratch.kept)
          try deal(kept, &scratch, to: buckets)
        }
        progress.advance(by: count + dropped.selfLoops + dropped.unlisted)
      }
    }
    try PreprocessError.storing { () throws(StorageError) in try buckets.finish() }
  }

  /// Sends `node << 32 | neighbour`, the first `count` of `scratch.kept`, to the nodes' buckets.
  private func deal(
    _ count: Int, _ scratch: inout RouteScratch, to buckets: BucketFile
  ) throws(PreprocessError) {
    let shift = 32 + bucketBits
    let bucketCount = buckets.bucketCount
    unsafe scratch.kept.withUnsafeBufferPointer { kept in
      unsafe scratch.places.withUnsafeMutableBufferPointer { places in
        unsafe scratch.records.withUnsafeMutableBytes { records in
          // SAFETY: node numbers are below the number of nodes; places count these very records.
          for bucket in 0..<bucketCount { unsafe places[bucket] = 0 }
          for index in 0..<count {
            unsafe places[Int(truncatingIfNeeded: kept[index] &>> shift)] &+= 1
          }
          var start: UInt32 = 0
          for bucket in 0..<bucketCount {
            let length = unsafe places[bucket]
            unsafe places[bucket] = start
            start &+= length
          }
          for index in 0..<count {
            let pair = unsafe kept[index]
            let bucket = Int(truncatingIfNeeded: pair &>> shift)
            let place = unsafe Int(places[bucket])
            unsafe places[bucket] &+= 1
            let low = UInt16(truncatingIfNeeded: pair &>> 32 & UInt64(nodesPerBucket - 1))
            unsafe records.storeBytes(
              of: low, toByteOffset: place &* Self.recordBytes, as: UInt16.self)
            unsafe records.storeBytes(
              of: UInt32(truncatingIfNeeded: pair), toByteOffset: place &* Self.recordBytes &+ 2,
              as: UInt32.self)
          }
        }
      }
    }
    let (records, places) = (scratch.records, scratch.places)
    try PreprocessError.storing { () throws(StorageError) in
      // SAFETY: every byte of an array of bytes is initialised.
      try buckets.append(
        unsafe records.span.bytes, ends: places, recordBytes: Self.recordBytes)
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
