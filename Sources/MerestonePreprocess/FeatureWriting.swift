import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

/// Brings feature rows from input order into the order of global ids, shard by shard.
///
/// The input is streamed once for as many shards as fit the buffer, at least one at a time.
struct FeatureWriting {
  let reader: FeatureReader
  let partition: Partition
  let writer: GraphWriter
  /// The number that the column has in file names.
  let column: Int
  let bufferBytes: Int
  let progress: any ProgressListener
  let cancellation: Cancellation

  func run() throws(PreprocessError) {
    let rowBytes = reader.width * reader.element.byteCount
    let shards = partition.nodeBounds.count - 1
    var first = 0
    while first < shards {
      var end = first + 1
      while end < shards,
        Int(partition.nodeBounds[end + 1] - partition.nodeBounds[first]) * rowBytes <= bufferBytes
      { end += 1 }
      let rows = Int(partition.nodeBounds[first])..<Int(partition.nodeBounds[end])
      if !rows.isEmpty {
        let buffer = try gather(rows, rowBytes: rowBytes)
        for shard in first..<end { try write(shard, of: rows, buffer, rowBytes: rowBytes) }
      }
      first = end
    }
  }

  /// The rows of the given global ids. Nodes beyond the file's rows have zeros.
  private func gather(_ rows: Range<Int>, rowBytes: Int) throws(PreprocessError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: rows.count * rowBytes)
    let globals = partition.order.globals
    try PreprocessError.reading { () throws(IngestError) in
      let stream = try reader.stream(cancellation: cancellation)
      while let batch = try stream.next() {
        for offset in 0..<batch.count {
          let global = Int(globals[batch.firstRow + offset])
          guard rows.contains(global) else { continue }
          Self.copy(
            batch.bytes, from: offset * rowBytes, into: &buffer,
            at: (global - rows.lowerBound) * rowBytes, count: rowBytes)
        }
        progress.advance(by: batch.count)
      }
    }
    return buffer
  }

  private static func copy(
    _ source: [UInt8], from start: Int, into target: inout [UInt8], at place: Int, count: Int
  ) {
    precondition(start + count <= source.count && place + count <= target.count, "a row too long")
    unsafe source.withUnsafeBytes { source in
      unsafe target.withUnsafeMutableBytes { target in
        // SAFETY: both ranges were checked above.
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[place..<place + count])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + count]))
      }
    }
  }

  private func write(
    _ shard: Int, of rows: Range<Int>, _ buffer: [UInt8], rowBytes: Int
  ) throws(PreprocessError) {
    let lower = Int(partition.nodeBounds[shard])
    let count = Int(partition.nodeBounds[shard + 1]) - lower
    guard count > 0 else { return }
    let start = (lower - rows.lowerBound) * rowBytes
    let path = writer.path(
      GraphLayout.nodeColumn(column, of: NodeTypeID(0), shard: ShardID(shard)))
    writer.add(
      try PreprocessError.storing { () throws(StorageError) in
        var file = try ColumnWriter(
          path: path, element: reader.element, rows: count, width: reader.width)
        // SAFETY: every byte of an array of bytes is initialised.
        try unsafe file.append(
          bytes: buffer.span.extracting(start..<start + count * rowBytes).bytes)
        return try file.finish(.deferred)
      })
  }
}
