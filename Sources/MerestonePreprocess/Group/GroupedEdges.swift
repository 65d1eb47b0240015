import MerestoneCore
import MerestoneStorage

/// Edges after duplicates and reverses were settled, in a temporary file of records.
///
/// A record is source and destination (u32 each); where edges have columns, the sequence (u64) and
/// the stored row follow.
struct GroupedEdges: Sendable {
  let file: BucketFile
  let rowBytes: Int
  /// Blocks of the file, in the order in which they were written.
  let blocks: [BucketFile.Block]
  let edgeCount: Int

  var chunkCount: Int { blocks.count }

  static func recordBytes(rowBytes: Int) -> Int { rowBytes == 0 ? 8 : 16 + rowBytes }

  init(file: BucketFile, edgeCount: Int, rowBytes: Int) {
    self.file = file
    self.edgeCount = edgeCount
    self.rowBytes = rowBytes
    blocks = file.table()[0]
  }

  func read(
    _ index: Int, withColumns: Bool, into chunk: inout EdgeChunk
  ) throws(PreprocessError) {
    let recordBytes = Self.recordBytes(rowBytes: rowBytes)
    var bytes = chunk.bytes
    chunk.bytes = []
    defer { chunk.bytes = bytes }
    try PreprocessError.storing { () throws(StorageError) in
      try file.read(blocks[index], into: &bytes)
    }
    let count = bytes.count / recordBytes
    chunk.sources.removeAll(keepingCapacity: true)
    chunk.destinations.removeAll(keepingCapacity: true)
    chunk.sequences.removeAll(keepingCapacity: true)
    chunk.rows.removeAll(keepingCapacity: true)
    // SAFETY: every byte of an array of bytes is initialised.
    let records = unsafe bytes.span.bytes
    // SAFETY: a record lies inside the block; integers have no invalid bits.
    func load<Value: FixedWidthInteger & BitwiseCopyable>(
      _ offset: Int, _: Value.Type, into output: inout OutputSpan<Value>
    ) {
      for record in 0..<count {
        unsafe output.append(
          Value(
            littleEndian: records.unsafeLoadUnaligned(
              fromByteOffset: record &* recordBytes &+ offset, as: Value.self)))
      }
    }
    chunk.sources.append(addingCapacity: count) { load(0, UInt32.self, into: &$0) }
    chunk.destinations.append(addingCapacity: count) { load(4, UInt32.self, into: &$0) }
    guard withColumns else { return }
    chunk.sequences.append(addingCapacity: count) { load(8, UInt64.self, into: &$0) }
    for record in 0..<count {
      let start = record &* recordBytes
      chunk.rows.append(contentsOf: bytes[start &+ 16..<start &+ recordBytes])
    }
  }
}
