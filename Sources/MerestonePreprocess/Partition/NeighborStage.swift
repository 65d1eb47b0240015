import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// Makes the file of neighbourhoods that partitioners and the locality order read.
///
/// A node of more than ``sampleLimit`` neighbours keeps each with probability `sampleLimit / degree`,
/// decided by a hash of the edge's ends, so that the sample is a function of the graph alone.
struct NeighborStage {
  let source: EdgeSource
  /// Edges into and out of each node.
  let totals: [UInt32]
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// Neighbours that a node keeps on average, at most.
  static let sampleLimit: UInt64 = 64

  private static let recordBytes = 6
  private static let nodesPerBucket = 1 << 16

  /// One bucket in memory.
  private final class Slot {
    var records: [UInt8] = []
    var lengths: [UInt32] = []
    var neighbors: [UInt32] = []
  }

  static func path(_ folder: String) -> String { "\(folder)/neighbors.tmp" }

  func run() throws(PreprocessError) -> NeighborFile {
    let nodeCount = totals.count
    let bucketCount = max(1, (nodeCount + Self.nodesPerBucket - 1) / Self.nodesPerBucket)
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
        let nodes = min(Self.nodesPerBucket, nodeCount - bucket * Self.nodesPerBucket)
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

  private func route(to buckets: BucketFile) throws(PreprocessError) {
    try source.forEachChunk(
      withColumns: false, pool: pool, progress: progress, cancellation: cancellation
    ) { (_, chunk, _) throws(PreprocessError) in
      var records: [UInt8] = []
      var places = [UInt32](repeating: 0, count: buckets.bucketCount)
      var kept: [UInt64] = []
      kept.reserveCapacity(chunk.count)
      sample(chunk, into: &kept)
      for pair in kept { places[Int(pair >> 48)] &+= 1 }
      var start: UInt32 = 0
      for bucket in places.indices {
        let length = places[bucket]
        places[bucket] = start
        start &+= length
      }
      records.resize(to: kept.count * Self.recordBytes)
      unsafe records.withUnsafeMutableBytes { bytes in
        for pair in kept {
          let place = Int(places[Int(pair >> 48)])
          places[Int(pair >> 48)] &+= 1
          // SAFETY: places count these very records.
          unsafe bytes.storeBytes(
            of: UInt16(truncatingIfNeeded: pair >> 32), toByteOffset: place &* Self.recordBytes,
            as: UInt16.self)
          unsafe bytes.storeBytes(
            of: UInt32(truncatingIfNeeded: pair), toByteOffset: place &* Self.recordBytes &+ 2,
            as: UInt32.self)
        }
      }
      try PreprocessError.storing { () throws(StorageError) in
        // SAFETY: every byte of an array of bytes is initialised.
        let span = unsafe records.span.bytes
        var lower = 0
        for bucket in places.indices {
          let upper = Int(places[bucket])
          if upper > lower {
            try buckets.append(
              span.extracting(lower * Self.recordBytes..<upper * Self.recordBytes), to: bucket)
          }
          lower = upper
        }
      }
    }
    try PreprocessError.storing { () throws(StorageError) in try buckets.finish() }
  }

  /// Adds `node << 32 | neighbour` for the ends of edges that keep each other.
  private func sample(_ chunk: EdgeChunk, into kept: inout [UInt64]) {
    let count = chunk.count
    kept.append(addingCapacity: 2 * count) { output in
      unsafe totals.withUnsafeBufferPointer { totals in
        unsafe chunk.sources.withUnsafeBufferPointer { sources in
          unsafe chunk.destinations.withUnsafeBufferPointer { destinations in
            for edge in 0..<count {
              // SAFETY: node numbers are below the number of nodes.
              let (source, destination) = unsafe (sources[edge], destinations[edge])
              if source == destination { continue }
              let sourceDegree = unsafe UInt64(totals[Int(source)])
              let destinationDegree = unsafe UInt64(totals[Int(destination)])
              let pair = UInt64(source) &<< 32 | UInt64(destination)
              let hash = Self.mix(pair)
              // 32 bits of the hash below limit / degree keep the neighbour.
              if (hash &>> 32) &* sourceDegree < Self.sampleLimit &<< 32 { output.append(pair) }
              if (hash & 0xffff_ffff) &* destinationDegree < Self.sampleLimit &<< 32 {
                output.append(UInt64(destination) &<< 32 | UInt64(source))
              }
            }
          }
        }
      }
    }
  }

  /// A bijection of 64 bits whose output bits each depend on all input bits.
  @inline(__always) private static func mix(_ value: UInt64) -> UInt64 {
    var mixed = value &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed &>> 32) &* 0xD6E8_FEB8_6659_FD93
    return mixed ^ mixed &>> 32
  }

  /// Sorts the records of a bucket by node, then by neighbour.
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
