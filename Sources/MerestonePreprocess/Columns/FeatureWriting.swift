import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// Brings feature rows from input order into the order of global ids, outside of memory: rows go to
/// buckets by ranges of global ids, and each bucket is put in order by itself.
struct FeatureWriting {
  let reader: FeatureReader
  /// The global id of every row's node.
  let globals: [UInt32]
  let nodeBounds: [UInt64]
  let writer: GraphWriter
  let type: NodeTypeID
  /// The number that the column has in file names.
  let column: Int
  let folder: String
  let memory: Int
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// A range of global ids in one shard.
  private struct Bucket {
    var shard: Int
    var rows: Range<Int>
  }

  func run() throws(PreprocessError) {
    let rowBytes = reader.width * reader.element.byteCount
    let buckets = plan(rowBytes: rowBytes)
    let file = try PreprocessError.storing { () throws(StorageError) in
      try BucketFile(
        path: "\(folder)/features.tmp", bucketCount: max(1, buckets.count),
        bufferBytes: memory / 4)
    }
    defer { file.remove() }
    try route(to: file, buckets, rowBytes: rowBytes)
    var rows: [UInt8] = []
    for shard in 0..<nodeBounds.count - 1 {
      let count = Int(nodeBounds[shard + 1] - nodeBounds[shard])
      guard count > 0 else { continue }
      let path = writer.path(
        GraphLayout.nodeColumn(column, of: type, shard: ShardID(shard)))
      let entries = try PreprocessError.storing { () throws(StorageError) in
        var output = try ColumnWriter(
          path: path, element: reader.element, rows: count, width: reader.width)
        for (number, bucket) in buckets.enumerated() where bucket.shard == shard {
          if cancellation.isCancelled { throw .interrupted(path: path) }
          try order(number, bucket, in: file, rowBytes: rowBytes, into: &rows)
          // SAFETY: every byte of an array of bytes is initialised.
          try unsafe output.append(bytes: rows.span.bytes)
          file.release(number)
        }
        return try output.finish(.deferred)
      }
      writer.add(entries)
    }
  }

  /// Cuts every shard into ranges whose rows fit a quarter of the memory.
  private func plan(rowBytes: Int) -> [Bucket] {
    let limit = max(1, memory / 4 / max(rowBytes, 1))
    var buckets: [Bucket] = []
    for shard in 0..<nodeBounds.count - 1 {
      var lower = Int(nodeBounds[shard])
      while lower < Int(nodeBounds[shard + 1]) {
        let upper = min(lower + limit, Int(nodeBounds[shard + 1]))
        buckets.append(Bucket(shard: shard, rows: lower..<upper))
        lower = upper
      }
    }
    return buckets
  }

  private func route(
    to file: BucketFile, _ buckets: [Bucket], rowBytes: Int
  ) throws(PreprocessError) {
    let ends = buckets.map(\.rows.upperBound)
    let stream = try PreprocessError.reading { () throws(IngestError) in
      try reader.stream(cancellation: cancellation)
    }
    var record: [UInt8] = []
    while true {
      let next = try PreprocessError.reading { () throws(IngestError) in try stream.next() }
      guard let batch = next else { break }
      try PreprocessError.storing { () throws(StorageError) in
        for offset in 0..<batch.count {
          let global = globals[batch.firstRow + offset]
          let bucket = Self.first(ends, above: Int(global))
          record.removeAll(keepingCapacity: true)
          for byte in 0..<4 {
            record.append(UInt8(truncatingIfNeeded: global >> UInt32(8 * byte)))
          }
          record.append(contentsOf: batch.bytes[offset * rowBytes..<(offset + 1) * rowBytes])
          // SAFETY: every byte of an array of bytes is initialised.
          try unsafe file.append(record.span.bytes, to: bucket)
        }
      }
      progress.advance(by: batch.count)
    }
    try PreprocessError.storing { () throws(StorageError) in try file.finish() }
  }

  private static func first(_ ends: [Int], above value: Int) -> Int {
    var (low, high) = (0, ends.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// The rows of a bucket by global id. Nodes beyond the file's rows have zeros.
  private func order(
    _ number: Int, _ bucket: Bucket, in file: BucketFile, rowBytes: Int, into rows: inout [UInt8]
  ) throws(StorageError) {
    rows.removeAll(keepingCapacity: true)
    rows.resize(to: bucket.rows.count * rowBytes)
    try file.forEachBlock(of: number) { block in
      for start in stride(from: 0, to: block.byteCount, by: 4 + rowBytes) {
        // SAFETY: blocks hold whole records, and their global ids are those of this bucket.
        let global = unsafe Int(
          block.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self))
        let place = (global - bucket.rows.lowerBound) * rowBytes
        unsafe block.withUnsafeBytes { source in
          unsafe rows.withUnsafeMutableBytes { target in
            unsafe UnsafeMutableRawBufferPointer(rebasing: target[place..<place + rowBytes])
              .copyMemory(
                from: UnsafeRawBufferPointer(
                  rebasing: source[start + 4..<start + 4 + rowBytes]))
          }
        }
      }
    }
  }
}
