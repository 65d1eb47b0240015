package import MerestoneCore
package import MerestoneStorage

/// Consecutive rows of a feature matrix, dense.
package struct FeatureRows: Sendable, Equatable {
  package var firstRow: Int
  package var count: Int
  /// Row-major, little-endian values of the reader's element type. Shape `[count, width]`.
  package var bytes: [UInt8]
}

/// Node features on disk: a `.npy` array of shape [N, F] or [N], or a scipy CSR matrix (`.npz`),
/// plain or (for `.npy`) compressed.
///
/// Values come as f16, f32 or u8, as they are stored; doubles and other integers are rounded to
/// f32. A value that is not finite, or not finite as f32, is an error.
package struct FeatureReader: Sendable {
  package let path: String
  package let rowCount: Int
  package let width: Int
  /// The element type of the delivered rows.
  package let element: ElementType

  private let isSparse: Bool
  static let largestRowBytes = 1 << 28

  package static func open(_ path: String) throws(IngestError) -> FeatureReader {
    let source = try ByteSource(path: path)
    if source.fileBytes == 0 { throw .emptyFile(path) }
    let probe = ByteBuffer(capacity: 4)
    let count = try source.read(into: probe, range: 0..<4)
    let view = probe.view(count: count)
    if count >= 2, view[0] == UInt8(ascii: "P"), view[1] == UInt8(ascii: "K") {
      let matrix = try SparseMatrix(path: path)
      return try FeatureReader(
        path: path, rows: matrix.rowCount, width: matrix.columnCount,
        element: matrix.data, isSparse: true)
    }
    let cursor = try ArrayCursor(try ByteSource(path: path), name: path)
    let shape = cursor.header.shape
    guard let element = cursor.element else {
      throw .arrayElement(path, found: cursor.header.typeName, expected: "little-endian numbers")
    }
    guard shape.count == 1 || shape.count == 2, let body = cursor.bodyBytes else {
      throw .arrayShape(path, found: shape, expected: "[N, F] or [N]")
    }
    if cursor.header.isFortranOrder, shape.count == 2, shape[0] > 1, shape[1] > 1 {
      throw .invalidArray(
        path, byteOffset: 0,
        detail: "the values lie column by column (Fortran order), expected row by row; "
          + "convert it with numpy.ascontiguousarray")
    }
    let (total, overflow) = body.addingReportingOverflow(cursor.header.byteCount)
    if overflow || (!source.isCompressed && source.fileBytes != total) {
      throw .invalidArray(
        path, byteOffset: min(source.fileBytes, total),
        detail: "its header asks for \(body) bytes of values, the file holds "
          + "\(source.fileBytes - cursor.header.byteCount)")
    }
    return try FeatureReader(
      path: path, rows: shape[0], width: shape.count == 2 ? shape[1] : 1, element: element,
      isSparse: false)
  }

  private init(
    path: String, rows: Int, width: Int, element: ArrayElement, isSparse: Bool
  ) throws(IngestError) {
    self.path = path
    rowCount = rows
    self.width = width
    self.isSparse = isSparse
    self.element = Self.delivered(element)
    guard (1...Self.largestRowBytes / 8).contains(width) else {
      throw .arrayShape(
        path, found: [rows, width], expected: "1...\(Self.largestRowBytes / 8) columns")
    }
  }

  /// The type that values of `element` are delivered as.
  static func delivered(_ element: ArrayElement) -> ElementType {
    switch element {
    case .boolean, .unsigned(bytes: 1): .u8
    case .float(bytes: 2): .f16
    default: .f32
    }
  }

  /// Begins to read the rows.
  /// - Parameter batchBytes: Bytes in a batch at most, one row at least.
  package func stream(
    batchBytes: Int = 1 << 20, cancellation: Cancellation? = nil
  ) throws(IngestError) -> FeatureStream {
    let rowBytes = max(1, width * element.byteCount)
    let batchRows = max(1, batchBytes / rowBytes)
    return FeatureStream(
      source: isSparse
        ? .sparse(try SparseRows(path: path, batchRows: batchRows))
        : .dense(try DenseRows(path: path, rows: rowCount, width: width, batchRows: batchRows)),
      cancellation: cancellation)
  }
}

/// The rows of a feature matrix, batch by batch. One thread owns it.
package final class FeatureStream {
  enum Source {
    case dense(DenseRows)
    case sparse(SparseRows)
  }

  private let source: Source
  private let cancellation: Cancellation?

  init(source: Source, cancellation: Cancellation?) {
    self.source = source
    self.cancellation = cancellation
  }

  /// The next rows, never none; nil at the end.
  package func next() throws(IngestError) -> FeatureRows? {
    if let cancellation, cancellation.isCancelled { throw .interrupted }
    return switch source {
    case .dense(let rows): try rows.next()
    case .sparse(let rows): try rows.next()
    }
  }
}
