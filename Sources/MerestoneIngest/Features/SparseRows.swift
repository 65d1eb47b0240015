import MerestoneStorage

/// Reads the rows of a CSR matrix as dense rows; memory is bounded by a batch of rows.
///
/// Entries of one row that name the same column are added up, as scipy does.
final class SparseRows {
  private let matrix: SparseMatrix
  private let batchRows: Int
  private let data: ArrayCursor
  private let indices: ArrayCursor
  private let indptr: ArrayCursor
  private let indexElement: ArrayElement
  private let pointerElement: ArrayElement
  private var row = 0
  private var taken = 0
  private var started = false

  private static let stepEntries = 1 << 16

  init(path: String, batchRows: Int) throws(IngestError) {
    matrix = try SparseMatrix(path: path)
    self.batchRows = batchRows
    data = try SparseMatrix.cursor("data.npy", of: matrix.archive)
    indices = try SparseMatrix.cursor("indices.npy", of: matrix.archive)
    indptr = try SparseMatrix.cursor("indptr.npy", of: matrix.archive)
    // `SparseMatrix` has checked both.
    indexElement = indices.element ?? .signed(bytes: 4)
    pointerElement = indptr.element ?? .signed(bytes: 4)
  }

  func next() throws(IngestError) -> FeatureRows? {
    if !started {
      started = true
      let first = try indptr.bytes(pointerElement.byteCount).integer(at: 0, pointerElement)
      guard first == 0 else { throw bad(0, "indptr starts with \(Int64(bitPattern: first))") }
    }
    let count = min(batchRows, matrix.rowCount - row)
    guard count > 0 else {
      guard taken == matrix.entryCount else {
        throw bad(
          max(0, matrix.rowCount - 1),
          "indptr ends with \(taken), but there are \(matrix.entryCount) entries")
      }
      for cursor in [data, indices, indptr] { try cursor.expectEnd() }
      return nil
    }
    let ends = try rowEnds(count)
    let width = matrix.columnCount
    var rows = DenseAccumulator(element: matrix.data, count: count * width)
    var current = 0
    while taken < ends[count - 1] {
      let step = min(Self.stepEntries, ends[count - 1] - taken)
      let columns = try indices.bytes(step * indexElement.byteCount)
      let values = try data.bytes(step * matrix.data.byteCount)
      for entry in 0..<step {
        while taken + entry >= ends[current] { current += 1 }
        let column = columns.integer(at: entry &* indexElement.byteCount, indexElement)
        guard column < UInt64(width) else {
          throw bad(
            row + current,
            "column \(Int64(bitPattern: column)) of a matrix with \(width) columns")
        }
        let place = current * width + Int(column)
        let value = values.float(at: entry &* matrix.data.byteCount, matrix.data)
        guard value.isFinite else {
          throw .notFinite(
            matrix.path, row: row + current, column: Int(column), found: "\(value)")
        }
        guard rows.add(values, entry &* matrix.data.byteCount, at: place) else {
          throw bad(row + current, "the entries of column \(column) add up beyond their type")
        }
      }
      taken += step
    }
    defer { row += count }
    return FeatureRows(firstRow: row, count: count, bytes: rows.bytes)
  }

  /// Where the entries of the next rows end.
  private func rowEnds(_ count: Int) throws(IngestError) -> [Int] {
    let view = try indptr.bytes(count * pointerElement.byteCount)
    var ends: [Int] = []
    ends.reserveCapacity(count)
    var last = taken
    for index in 0..<count {
      let end = view.integer(at: index * pointerElement.byteCount, pointerElement)
      guard end <= UInt64(matrix.entryCount), Int(end) >= last else {
        throw bad(row + index, "indptr \(Int64(bitPattern: end)) after \(last)")
      }
      last = Int(end)
      ends.append(last)
    }
    return ends
  }

  private func bad(_ row: Int, _ detail: String) -> IngestError {
    .sparseStructure(matrix.path, row: row, detail: detail)
  }
}

/// Dense values that sparse entries are added to, as little-endian bytes of the delivered type.
private struct DenseAccumulator {
  private(set) var bytes: [UInt8]
  private let element: ArrayElement

  init(element: ArrayElement, count: Int) {
    self.element = element
    let size = FeatureReader.delivered(element).byteCount
    bytes = [UInt8](repeating: 0, count: count * size)
  }

  /// - Returns: false if the sum does not fit.
  mutating func add(_ view: TextView, _ offset: Int, at place: Int) -> Bool {
    switch element {
    case .boolean:
      bytes[place] = bytes[place] | (view[offset] == 0 ? 0 : 1)
      return true
    case .unsigned(bytes: 1):
      let (sum, overflow) = bytes[place].addingReportingOverflow(view[offset])
      bytes[place] = sum
      return !overflow
    case .float(bytes: 2):
      let old = Float16(bitPattern: UInt16(bytes[2 * place]) | UInt16(bytes[2 * place + 1]) << 8)
      let sum = old + Float16(bitPattern: view.load(at: offset, as: UInt16.self))
      bytes[2 * place] = UInt8(truncatingIfNeeded: sum.bitPattern)
      bytes[2 * place + 1] = UInt8(truncatingIfNeeded: sum.bitPattern >> 8)
      return sum.isFinite
    default:
      var bits: UInt32 = 0
      for byte in 0..<4 { bits |= UInt32(bytes[4 * place + byte]) << UInt32(8 * byte) }
      let sum = Float(bitPattern: bits) + view.float(at: offset, element)
      for byte in 0..<4 {
        bytes[4 * place + byte] = UInt8(truncatingIfNeeded: sum.bitPattern >> UInt32(8 * byte))
      }
      return sum.isFinite
    }
  }
}
