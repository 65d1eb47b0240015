import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// Makes the file of neighbourhoods that partitioners and the locality order read.
///
/// A node of more than ``sampleLimit`` neighbours keeps each with probability `sampleLimit / degree`,
/// drawn from the edge's ends, so that the sample is a function of the graph alone.
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
    var records: [UInt8] = []
    var lengths: [UInt32] = []
    var neighbors: [UInt32] = []
    for bucket in 0..<bucketCount {
      if cancellation.isCancelled { throw .interrupted }
      if bucket + 1 < bucketCount { buckets.prefetch(bucket + 1) }
      let nodes = min(Self.nodesPerBucket, nodeCount - bucket * Self.nodesPerBucket)
      try PreprocessError.storing { () throws(StorageError) in
        try buckets.read(bucket, into: &records)
        buckets.release(bucket)
        Self.sort(records, nodes: nodes, lengths: &lengths, neighbors: &neighbors)
        try writer.append(lengths: lengths.span, neighbors: neighbors.span)
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
    let draws = RandomKey(seed: 0, stream: .partition).draws
    try source.forEachChunk(
      withColumns: false, pool: pool, progress: progress, cancellation: cancellation
    ) { (_, chunk, _) throws(PreprocessError) in
      var records: [UInt8] = []
      var places = [UInt32](repeating: 0, count: buckets.bucketCount)
      var kept: [UInt64] = []
      kept.reserveCapacity(chunk.count)
      sample(chunk, draws, into: &kept)
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
  private func sample(_ chunk: EdgeChunk, _ draws: RandomDraws, into kept: inout [UInt64]) {
    for edge in 0..<chunk.count {
      let (source, destination) = (chunk.sources[edge], chunk.destinations[edge])
      if source == destination { continue }
      let sourceDegree = UInt64(totals[Int(source)])
      let destinationDegree = UInt64(totals[Int(destination)])
      let sourcePair = UInt64(source) << 32 | UInt64(destination)
      let destinationPair = UInt64(destination) << 32 | UInt64(source)
      if max(sourceDegree, destinationDegree) <= Self.sampleLimit {
        kept.append(sourcePair)
        kept.append(destinationPair)
        continue
      }
      let words = draws.words(entity: sourcePair, number: 0)
      // A draw of 32 bits below limit / degree keeps the neighbour.
      if UInt64(words.x) &* sourceDegree < Self.sampleLimit &<< 32 { kept.append(sourcePair) }
      if UInt64(words.y) &* destinationDegree < Self.sampleLimit &<< 32 {
        kept.append(destinationPair)
      }
    }
  }

  /// Sorts the records of a bucket by node, then by neighbour.
  private static func sort(
    _ records: [UInt8], nodes: Int, lengths: inout [UInt32], neighbors: inout [UInt32]
  ) {
    let count = records.count / recordBytes
    lengths = [UInt32](repeating: 0, count: nodes)
    if neighbors.count < count { neighbors = [UInt32](repeating: 0, count: count) }
    neighbors.removeLast(neighbors.count - count)
    unsafe records.withUnsafeBytes { bytes in
      var places = [UInt32](repeating: 0, count: nodes + 1)
      for record in 0..<count {
        // SAFETY: `record` is one of the bucket's; nodes count from its first.
        let node = unsafe bytes.loadUnaligned(
          fromByteOffset: record &* recordBytes, as: UInt16.self)
        places[Int(node) &+ 1] &+= 1
      }
      for node in 0..<nodes {
        lengths[node] = places[node + 1]
        places[node + 1] &+= places[node]
      }
      for record in 0..<count {
        let node = unsafe Int(
          bytes.loadUnaligned(fromByteOffset: record &* recordBytes, as: UInt16.self))
        neighbors[Int(places[node])] = unsafe bytes.loadUnaligned(
          fromByteOffset: record &* recordBytes &+ 2, as: UInt32.self)
        places[node] &+= 1
      }
    }
  }
}
