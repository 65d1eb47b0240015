package import MerestoneStorage

/// A column with one number per row that a test writes down.
package struct TestColumn: Sendable {
  package var entry: ColumnEntry
  package var values: [Double]

  /// Whether an edge column's cumulative weights are stored.
  package var storesSums: Bool

  /// Whether the order of an edge column's times is stored.
  package var storesOrder = false

  package init(name: String, element: ElementType, values: [Double], storesSums: Bool = false) {
    entry = ColumnEntry(name: name, element: element)
    self.values = values
    self.storesSums = storesSums
  }

  /// The little-endian bytes of one value.
  func bytes(at row: Int) -> [UInt8] {
    let value = values[row]
    let word: UInt64 =
      switch entry.element {
      case .u8, .u16, .u32, .u64: UInt64(value)
      case .i32, .i64: UInt64(bitPattern: Int64(value))
      case .f16: UInt64(Float16(value).bitPattern)
      case .f32: UInt64(Float(value).bitPattern)
      case .f64: value.bitPattern
      }
    return (0..<entry.element.byteCount).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
  }
}
