import MerestoneStorage

/// A NumPy array of edges: shape [E, 2] or [2, E], any integer type.
///
/// Shape [2, 2] is read as two edges, one per row.
struct EdgeArray {
  let path: String
  let edgeCount: Int
  let element: ArrayElement
  /// Whether source and destination lie side by side; else all sources come first.
  let isInterleaved: Bool

  init(path: String) throws(IngestError) {
    self.path = path
    let source = try ByteSource(path: path)
    if source.fileBytes == 0 { throw .emptyFile(path) }
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
    if overflow || (!source.isCompressed && source.fileBytes != total) {
      throw .invalidArray(
        path, byteOffset: min(source.fileBytes, total),
        detail: "its header asks for \(body) bytes of values, the file holds "
          + "\(source.fileBytes - cursor.header.byteCount)")
    }
    self.element = element
    edgeCount = rowsAreEdges ? shape[0] : shape[1]
    isInterleaved = rowsAreEdges != cursor.header.isFortranOrder
  }
}

/// Reads the edges of an ``EdgeArray`` in batches.
final class EdgeArrayStream {
  private let array: EdgeArray
  private let first: ArrayCursor
  // A second look at the file where the destinations lie behind all sources.
  private let second: ArrayCursor?
  private let source: ByteSource
  private var rows = 0

  private static let batchEdges = 1 << 16

  init(_ array: EdgeArray) throws(IngestError) {
    self.array = array
    source = try ByteSource(path: array.path)
    first = try ArrayCursor(source, name: array.path)
    if array.isInterleaved {
      second = nil
    } else {
      let other = try ByteSource(path: array.path)
      second = try ArrayCursor(other, name: array.path)
      _ = try other.skip(array.edgeCount * array.element.byteCount)
    }
  }

  var fileBytesRead: Int { source.fileBytesRead }

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
      columns: [])
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
