import MerestoneStorage

/// A NumPy array of edges: shape [E, 2] or [2, E], any integer type.
///
/// Shape [2, 2] is read as two edges, one per row.
struct EdgeArray {
  let origin: InputOrigin
  let edgeCount: Int
  /// Where the values start, in the uncompressed file.
  let bodyOffset: Int
  let element: ArrayElement
  /// Whether source and destination lie side by side; else all sources come first.
  let isInterleaved: Bool

  var path: String { origin.name }

  init(_ origin: InputOrigin) throws(IngestError) {
    self.origin = origin
    let path = origin.name
    let source = try ByteSource(origin.open())
    if source.fileBytes == 0, origin.isRepeatable { throw .emptyFile(path) }
    let cursor = try ArrayCursor(source, name: path)
    let shape = cursor.header.shape
    guard let element = cursor.element, element.isInteger else {
      throw .arrayElement(
        path, found: cursor.header.typeName, expected: "little-endian integers")
    }
    guard shape.count == 2, shape[0] == 2 || shape[1] == 2 else {
      throw .arrayShape(path, found: shape, expected: "[E, 2] or [2, E]")
    }
    let rowsAreEdges = shape[1] == 2
    guard let body = cursor.bodyBytes else {
      throw .arrayShape(path, found: shape, expected: "fewer than 2^63 bytes")
    }
    let (total, overflow) = body.addingReportingOverflow(cursor.header.byteCount)
    if overflow || (source.isSplittable && source.fileBytes != total) {
      throw .invalidArray(
        path, byteOffset: min(source.fileBytes, total),
        detail: "its header asks for \(body) bytes of values, the file holds "
          + "\(source.fileBytes - cursor.header.byteCount)")
    }
    self.element = element
    bodyOffset = cursor.header.byteCount
    edgeCount = rowsAreEdges ? shape[0] : shape[1]
    isInterleaved = rowsAreEdges != cursor.header.isFortranOrder
    if !isInterleaved, !origin.isRepeatable { throw .readTwice(path) }
  }
}

/// Reads the edges of an ``EdgeArray`` in batches.
final class EdgeArrayStream {
  private let array: EdgeArray
  private let first: ArrayCursor
  // A second look at the file where the destinations lie behind all sources.
  private let second: ArrayCursor?
  private let source: ByteSource
  private var rows: Int

  private static let batchEdges = 1 << 16

  /// - Parameter firstRow: The edge to begin at.
  init(_ array: EdgeArray, firstRow: Int = 0) throws(IngestError) {
    self.array = array
    rows = min(max(0, firstRow), array.edgeCount)
    let size = array.element.byteCount
    source = try ByteSource(array.origin.open())
    first = try ArrayCursor(source, name: array.path)
    if array.isInterleaved {
      second = nil
      first.advance(by: try source.skip(rows * 2 * size))
    } else {
      let other = try ByteSource(array.origin.open())
      second = try ArrayCursor(other, name: array.path)
      first.advance(by: try source.skip(rows * size))
      second?.advance(by: try other.skip((array.edgeCount + rows) * size))
    }
  }

  var fileBytesRead: Int { source.fileBytesRead }

  func checkUnchanged() throws(IngestError) { try source.checkUnchanged() }

  func next() throws(IngestError) -> EdgeBatch? {
    let edges = min(Self.batchEdges, array.edgeCount - rows)
    guard edges > 0 else {
      try (second ?? first).expectEnd()
      return nil
    }
    let size = array.element.byteCount
    let sources: [UInt64]
    let destinations: [UInt64]
    if let second {
      sources = try ids(first.bytes(edges * size), edges, at: 0, stride: size, column: 0)
      destinations = try ids(second.bytes(edges * size), edges, at: 0, stride: size, column: 1)
    } else {
      let view = try first.bytes(2 * edges * size)
      sources = try ids(view, edges, at: 0, stride: 2 * size, column: 0)
      destinations = try ids(view, edges, at: size, stride: 2 * size, column: 1)
    }
    defer { rows += edges }
    return EdgeBatch(
      firstRow: rows, sources: .integers(sources), destinations: .integers(destinations),
      columns: [],
      end: TextPosition(
        byteOffset: array.bodyOffset + 2 * (rows + edges) * size, row: rows + edges, line: 0))
  }

  private func ids(
    _ view: TextView, _ count: Int, at offset: Int, stride: Int, column: Int
  ) throws(IngestError) -> [UInt64] {
    let element = array.element
    var ids: [UInt64] = []
    ids.reserveCapacity(count)
    var signs: UInt64 = 0
    for index in 0..<count {
      let id = view.integer(at: offset &+ index &* stride, element)
      signs |= id
      ids.append(id)
    }
    // Only signed types can have the top bit set by mistake.
    if case .signed = element, Int64(bitPattern: signs) < 0 {
      for (index, id) in ids.enumerated() where Int64(bitPattern: id) < 0 {
        throw .negativeID(
          array.path, row: rows + index, column: column, found: Int64(bitPattern: id))
      }
    }
    return ids
  }
}
