/// Edges of a binary file: pairs of little-endian source and destination, 4 or 8 bytes each.
final class PairStream {
  private let path: String
  private let idBytes: Int
  private let source: ByteSource
  private let buffer: ByteBuffer
  private var rows: Int
  private var skipped = false

  private static let batchEdges = 1 << 16

  /// - Parameter firstRow: The edge to begin at.
  init(_ source: ByteSource, idBytes: Int, firstRow: Int = 0) {
    path = source.path
    self.idBytes = idBytes
    self.source = source
    rows = firstRow
    buffer = ByteBuffer(capacity: 2 * idBytes * Self.batchEdges)
  }

  var fileBytesRead: Int { source.fileBytesRead }

  func checkUnchanged() throws(IngestError) { try source.checkUnchanged() }

  /// The number of edges, by the size of a plain file; nil for a compressed one.
  static func edgeCount(_ source: ByteSource, idBytes: Int) throws(IngestError) -> Int? {
    guard source.isSplittable else { return nil }
    guard source.fileBytes % (2 * idBytes) == 0 else {
      throw .oddLength(source.path, bytes: source.fileBytes, recordBytes: 2 * idBytes)
    }
    return source.fileBytes / (2 * idBytes)
  }

  func next() throws(IngestError) -> EdgeBatch? {
    let edgeBytes = 2 * idBytes
    if !skipped {
      skipped = true
      _ = try source.skip(rows * edgeBytes)
    }
    let count = try source.read(into: buffer, range: 0..<buffer.capacity)
    guard count % edgeBytes == 0 else {
      throw .oddLength(path, bytes: rows * edgeBytes + count, recordBytes: edgeBytes)
    }
    let edges = count / edgeBytes
    if edges == 0 { return nil }
    defer { rows += edges }
    let view = buffer.view(count: count)
    var sources: [UInt64] = []
    var destinations: [UInt64] = []
    let isNarrow = idBytes == 4
    sources.append(addingCapacity: edges) { sourceSpan in
      destinations.append(addingCapacity: edges) { destinationSpan in
        var place = 0
        while place < count {
          if isNarrow {
            let pair = view.word(at: place)
            sourceSpan.append(pair & 0xffff_ffff)
            destinationSpan.append(pair &>> 32)
          } else {
            sourceSpan.append(view.word(at: place))
            destinationSpan.append(view.word(at: place &+ 8))
          }
          place &+= edgeBytes
        }
      }
    }
    return EdgeBatch(
      firstRow: rows, sources: .integers(sources), destinations: .integers(destinations),
      columns: [],
      end: TextPosition(byteOffset: (rows + edges) * edgeBytes, row: rows + edges, line: 0))
  }
}
