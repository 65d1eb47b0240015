/// What one value of a column is. All are stored little-endian.
package enum ElementType: String, Codable, Sendable, CaseIterable {
  case u8, u16, u32, u64, i32, i64, f16, f32, f64

  /// The size of one value in bytes.
  package var byteCount: Int {
    switch self {
    case .u8: 1
    case .u16, .f16: 2
    case .u32, .i32, .f32: 4
    case .u64, .i64, .f64: 8
    }
  }

  /// The type's name in a `.npy` header.
  package var numpyName: String {
    switch self {
    case .u8: "|u1"
    case .u16: "<u2"
    case .u32: "<u4"
    case .u64: "<u8"
    case .i32: "<i4"
    case .i64: "<i8"
    case .f16: "<f2"
    case .f32: "<f4"
    case .f64: "<f8"
    }
  }

  /// The type with a name as `.npy` headers spell it, `nil` for types that columns can't hold
  /// (big-endian ones, structures, booleans, `i1`, `i2`, objects).
  package init?(numpyName: String) {
    if numpyName == "<u1" || numpyName == "u1" {
      self = .u8
    } else if let match = Self.allCases.first(where: { $0.numpyName == numpyName }) {
      self = match
    } else {
      return nil
    }
  }

  package var isFloatingPoint: Bool {
    switch self {
    case .f16, .f32, .f64: true
    case .u8, .u16, .u32, .u64, .i32, .i64: false
    }
  }
}
