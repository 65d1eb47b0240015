import MerestoneStorage

/// Reads the rows of a `.npy` feature matrix.
final class DenseRows {
  private let path: String
  private let rows: Int
  private let width: Int
  private let batchRows: Int
  private let cursor: ArrayCursor
  private var position = 0

  init(path: String, rows: Int, width: Int, batchRows: Int) throws(IngestError) {
    self.path = path
    self.rows = rows
    self.width = width
    self.batchRows = batchRows
    cursor = try ArrayCursor(try ByteSource(path: path), name: path)
  }

  func next() throws(IngestError) -> FeatureRows? {
    let count = min(batchRows, rows - position)
    guard count > 0, let element = cursor.element else {
      try cursor.expectEnd()
      return nil
    }
    let values = count * width
    let view = try cursor.bytes(values * element.byteCount)
    var bytes: [UInt8] = []
    switch element {
    case .boolean, .unsigned(bytes: 1), .float(bytes: 2), .float(bytes: 4):
      view.append(0..<view.count, to: &bytes)
    default:
      bytes.reserveCapacity(values * 4)
      for index in 0..<values {
        let bits = view.float(at: index &* element.byteCount, element).bitPattern
        for shift in 0..<4 as Range<UInt32> {
          bytes.append(UInt8(truncatingIfNeeded: bits &>> (8 &* shift)))
        }
      }
    }
    if case .float = element, let bad = Self.firstNotFinite(view, values, element) {
      let value = view.float(at: bad * element.byteCount, element)
      throw .notFinite(
        path, row: position + bad / width, column: bad % width, found: "\(value)")
    }
    defer { position += count }
    return FeatureRows(firstRow: position, count: count, bytes: bytes)
  }

  /// The first value that is not finite, or not as f32.
  private static func firstNotFinite(
    _ view: TextView, _ count: Int, _ element: ArrayElement
  ) -> Int? {
    if element == .float(bytes: 4) {
      // All exponent bits set: look at everything first, so that the loop has no exit.
      var found = false
      for index in 0..<count {
        let bits = view.load(at: index &* 4, as: UInt32.self)
        found = found || bits & 0x7f80_0000 == 0x7f80_0000
      }
      if !found { return nil }
    }
    return (0..<count).first { !view.float(at: $0 * element.byteCount, element).isFinite }
  }
}
