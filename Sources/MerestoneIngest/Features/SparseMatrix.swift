import MerestoneStorage

/// What a scipy CSR matrix (`scipy.sparse.save_npz`) says about itself.
///
/// The archive holds `data.npy`, `indices.npy`, `indptr.npy` (rows + 1 positions in the first
/// two), `shape.npy` and `format.npy` (the bytes `csr`).
struct SparseMatrix {
  let path: String
  let archive: ZipArchive
  let rowCount: Int
  let columnCount: Int
  let entryCount: Int
  let data: ArrayElement

  init(path: String) throws(IngestError) {
    self.path = path
    archive = try ZipArchive(path: path)
    let format = try Self.cursor("format.npy", of: archive)
    if let bytes = Self.wordBytes(format.header.typeName), format.header.valueCount == 1 {
      let view = try format.bytes(bytes)
      let word = view.string(0..<bytes).unicodeScalars.filter { $0.value != 0 }
      let name = String(String.UnicodeScalarView(word))
      if name != "csr" {
        throw .invalidArray(
          path, byteOffset: 0,
          detail: "the matrix has the format '\(IngestError.excerpt(name))', expected csr; "
            + "convert it with tocsr()")
      }
    }
    let shape = try Self.cursor("shape.npy", of: archive)
    guard let element = shape.element, element.isInteger, shape.header.valueCount == 2 else {
      throw .arrayShape("\(path) (shape.npy)", found: shape.header.shape, expected: "[2] integers")
    }
    let view = try shape.bytes(2 * element.byteCount)
    guard let rows = Int(exactly: Int64(bitPattern: view.integer(at: 0, element))),
      let columns = Int(exactly: Int64(bitPattern: view.integer(at: element.byteCount, element))),
      rows >= 0, columns >= 0, rows < .max
    else {
      throw .arrayShape("\(path) (shape.npy)", found: [], expected: "two counts")
    }
    rowCount = rows
    columnCount = columns
    let data = try Self.cursor("data.npy", of: archive)
    let indices = try Self.cursor("indices.npy", of: archive)
    let indptr = try Self.cursor("indptr.npy", of: archive)
    guard let dataElement = data.element else {
      throw .arrayElement(data.name, found: data.header.typeName, expected: "little-endian numbers")
    }
    for cursor in [indices, indptr] {
      guard let element = cursor.element, element.isInteger else {
        throw .arrayElement(
          cursor.name, found: cursor.header.typeName, expected: "little-endian integers")
      }
    }
    guard indptr.header.shape == [rows + 1] else {
      throw .arrayShape(indptr.name, found: indptr.header.shape, expected: "[\(rows + 1)]")
    }
    guard data.header.shape.count == 1, data.header.shape == indices.header.shape else {
      throw .arrayShape(
        indices.name, found: indices.header.shape,
        expected: "the shape of data.npy, \(data.header.shape)")
    }
    entryCount = data.header.shape[0]
    self.data = dataElement
  }

  static func cursor(_ name: String, of archive: ZipArchive) throws(IngestError) -> ArrayCursor {
    guard let entry = archive.entry(name) else {
      throw .missingArray(archive.file.path, name: name)
    }
    return try ArrayCursor(
      try ZipEntrySource(entry, of: archive), name: "\(archive.file.path) (\(name))")
  }

  /// The size of a byte string (`|S3`) or a text of 4-byte characters (`<U3`).
  private static func wordBytes(_ typeName: String) -> Int? {
    guard let count = Int(typeName.dropFirst(2)), (1...16).contains(count) else { return nil }
    return typeName.hasPrefix("|S") ? count : typeName.hasPrefix("<U") ? 4 * count : nil
  }
}
