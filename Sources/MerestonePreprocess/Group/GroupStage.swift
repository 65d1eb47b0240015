import MerestoneCore
import MerestoneStorage
import Synchronization

/// Duplicates and reverses, settled outside of memory: equal edges meet in a bucket, are sorted and
/// counted there, and what stays is written anew.
///
/// With `--undirected`, the edges between two nodes are one group, whichever way they run, and
/// after it m(u, v) = m(v, u) = the larger of both: the last edges of the more frequent direction
/// get a reverse each.
struct GroupStage {
  let source: EdgeSource
  let options: PreprocessOptions
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// What came of it, for the journal.
  struct Record: Codable, Sendable {
    struct Block: Codable, Sendable {
      var byteOffset: Int
      var byteCount: Int
      var checksum: UInt32
    }

    var edges = 0
    var duplicates = 0
    var duplicatesDropped = 0
    var reversesAdded = 0
    var blocks: [Block] = []
  }

  private var path: String { "\(folder)/grouped.tmp" }
  private var rowBytes: Int { source.columns.rowBytes }
  private var recordBytes: Int { GroupedEdges.recordBytes(rowBytes: rowBytes) }

  /// How many buckets the edges go to: a quarter of the memory is for a bucket on each thread and its
  /// order, as hashes spread unevenly.
  static func buckets(edges: Int, recordBytes: Int, memory: Int, threads: Int) -> Int {
    let bucketEdges = max(
      1 << 12, memory / threads / 4 / (recordBytes + EdgeGroup.workingBytes))
    return min(max(1, edges / bucketEdges + 1), 4096)
  }

  func run() throws(PreprocessError) -> Record {
    let count = source.edgeCount
    let bucketCount = Self.buckets(
      edges: count, recordBytes: recordBytes, memory: memory, threads: pool.threadCount)
    let buckets = try PreprocessError.storing { () throws(StorageError) in
      try BucketFile(
        path: "\(folder)/groups.tmp", bucketCount: bucketCount, bufferBytes: memory / 4)
    }
    defer { buckets.remove() }
    try route(to: buckets)
    let result = try PreprocessError.storing { () throws(StorageError) in
      try BucketFile(path: path, bucketCount: 1, bufferBytes: 1 << 18)
    }
    let total = Mutex(Record())
    // One bucket after the other in the file, so that its bytes do not depend on threads.
    for first in stride(from: 0, to: bucketCount, by: pool.threadCount) {
      if cancellation.isCancelled { throw .interrupted }
      let group = first..<min(first + pool.threadCount, bucketCount)
      let outputs = Mutex([Int: [UInt8]]())
      try pool.forEach(group.count) { (place) throws(PreprocessError) in
        var records: [UInt8] = []
        try PreprocessError.storing { () throws(StorageError) in
          try buckets.read(group.lowerBound + place, into: &records)
        }
        let count = records.count / recordBytes
        let (output, counts) = settle(consume records)
        outputs.withLock { $0[place] = output }
        total.withLock { $0.join(counts) }
        progress.advance(by: count)
      }
      let ready = outputs.withLock { $0 }
      try PreprocessError.storing { () throws(StorageError) in
        for place in 0..<group.count {
          try append(ready[place] ?? [], to: result)
          buckets.release(group.lowerBound + place)
        }
      }
    }
    try PreprocessError.storing { () throws(StorageError) in try result.finish() }
    var record = total.withLock { $0 }
    record.blocks = result.table()[0].map {
      Record.Block(byteOffset: $0.byteOffset, byteCount: $0.byteCount, checksum: $0.checksum)
    }
    return record
  }

  /// Opens what ``run()`` made.
  func open(_ record: Record) throws(PreprocessError) -> GroupedEdges {
    let blocks = record.blocks.map {
      BucketFile.Block(
        byteOffset: $0.byteOffset, byteCount: $0.byteCount, checksum: $0.checksum)
    }
    return try PreprocessError.storing { () throws(StorageError) in
      GroupedEdges(
        file: try BucketFile(path: path, resuming: [blocks], bufferBytes: 0),
        edgeCount: record.edges, rowBytes: rowBytes)
    }
  }

  /// Groups and settles a bucket.
  private func settle(_ records: consuming [UInt8]) -> (output: [UInt8], counts: Record) {
    guard rowBytes == 0 else {
      var group = EdgeGroup(
        records: records, recordBytes: recordBytes, columns: source.columns, options: options)
      group.run()
      return (group.output, group.counts)
    }
    var group = PairGroup(records: consume records, options: options)
    group.run()
    // SAFETY: a pair is 8 initialised bytes.
    return unsafe (group.output.withUnsafeBytes { unsafe [UInt8]($0) }, group.counts)
  }

  /// Blocks of 256 KiB or so.
  private func append(_ records: [UInt8], to file: BucketFile) throws(StorageError) {
    let portion = (256 << 10) / recordBytes * recordBytes
    var start = 0
    while start < records.count {
      let end = min(start + portion, records.count)
      // SAFETY: every byte of an array of bytes is initialised.
      try file.append(unsafe records.span.extracting(start..<end).bytes, to: 0)
      start = end
    }
  }

  private func route(to buckets: BucketFile) throws(PreprocessError) {
    let recordBytes = recordBytes
    let rowBytes = rowBytes
    let split = source.columns.position(of: "split").map(source.columns.range)
    let weight =
      options.duplicates == .sum
      ? source.columns.position(of: "weight").map(source.columns.range) : nil
    let isUndirected = options.isUndirected
    try pool.forEachWorker(of: source.chunkCount) { (queue) throws(PreprocessError) in
      var chunk = EdgeChunk()
      var records: [UInt8] = []
      var places = [Int](repeating: 0, count: buckets.bucketCount + 1)
      while let index = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        let dropped = try source.read(index, withColumns: true, into: &chunk)
        // Counting sort of the chunk by bucket.
        for bucket in places.indices { places[bucket] = 0 }
        var ofEdge: [UInt16] = []
        ofEdge.reserveCapacity(chunk.count)
        for edge in 0..<chunk.count {
          let (source, destination) = (chunk.sources[edge], chunk.destinations[edge])
          var hash =
            isUndirected
            ? EdgeGroup.hash(min(source, destination), max(source, destination))
            : EdgeGroup.hash(source, destination)
          for byte in 0..<rowBytes
          where !(split?.contains(byte) ?? false) && !(weight?.contains(byte) ?? false) {
            hash = (hash ^ UInt64(chunk.rows[edge &* rowBytes &+ byte])) &* 0x0000_0100_0000_01b3
          }
          hash ^= hash &>> 32
          let bucket = EdgeGroup.bucket(ofHash: hash, count: buckets.bucketCount)
          ofEdge.append(UInt16(truncatingIfNeeded: bucket))
          places[bucket + 1] += 1
        }
        for bucket in 0..<buckets.bucketCount { places[bucket + 1] += places[bucket] }
        let starts = places
        records.resize(to: chunk.count * recordBytes)
        for edge in 0..<chunk.count {
          let bucket = Int(ofEdge[edge])
          chunk.store(
            edge, rowBytes: rowBytes, at: places[bucket] &* recordBytes, in: &records)
          places[bucket] &+= 1
        }
        try PreprocessError.storing { () throws(StorageError) in
          // SAFETY: every byte of an array of bytes is initialised.
          let span = unsafe records.span.bytes
          for bucket in 0..<buckets.bucketCount where starts[bucket + 1] > starts[bucket] {
            try buckets.append(
              span.extracting(starts[bucket] * recordBytes..<starts[bucket + 1] * recordBytes),
              to: bucket)
          }
        }
        progress.advance(by: chunk.count + dropped.selfLoops + dropped.unlisted)
      }
    }
    try PreprocessError.storing { () throws(StorageError) in try buckets.finish() }
  }
}

extension GroupStage.Record {
  mutating func join(_ other: Self) {
    edges += other.edges
    duplicates += other.duplicates
    duplicatesDropped += other.duplicatesDropped
    reversesAdded += other.reversesAdded
  }
}

extension EdgeChunk {
  /// Writes an edge as a record of ``GroupedEdges``.
  @inline(__always)
  fileprivate func store(_ edge: Int, rowBytes: Int, at start: Int, in records: inout [UInt8]) {
    let size = rowBytes == 0 ? 8 : 16 &+ rowBytes
    precondition(start >= 0 && start &+ size <= records.count, "a record beyond the rest")
    let ends = UInt64(sources[edge]) | UInt64(destinations[edge]) &<< 32
    unsafe records.withUnsafeMutableBytes { records in
      // SAFETY: the record lies inside, which was checked.
      unsafe records.storeBytes(of: ends.littleEndian, toByteOffset: start, as: UInt64.self)
      guard rowBytes > 0 else { return }
      unsafe records.storeBytes(
        of: sequences[edge].littleEndian, toByteOffset: start &+ 8, as: UInt64.self)
      for byte in 0..<rowBytes {
        unsafe records[start &+ 16 &+ byte] = rows[edge &* rowBytes &+ byte]
      }
    }
  }
}
