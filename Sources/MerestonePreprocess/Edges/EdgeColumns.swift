import MerestoneIngest
import MerestoneStorage

/// One column that rides along with the edges.
struct RidingColumn: Sendable, Codable, Equatable {
  /// Its name in the graph.
  var name: String
  /// What its values are, as a case of ``ColumnType``.
  var kind: Kind
  /// How the graph stores it.
  var element: ElementType
  /// The words of a categorical column, by code.
  var words: [String]?
  /// The code of each part's own codes, where words differ between input files.
  var codes: [[UInt32]] = []
  /// Whether the graph does without it, because it has too many words.
  var isLeftOut = false

  enum Kind: String, Codable, Sendable {
    case integer, number, word, split

    /// Bytes of a value in the spool.
    var spoolBytes: Int {
      switch self {
      case .integer, .number: 8
      case .word: 4
      case .split: 1
      }
    }
  }

  init(name: String, type: ColumnType) {
    self.name = name
    switch type {
    case .integer: (kind, element) = (.integer, .i64)
    case .word: (kind, element) = (.word, .u32)
    case .split: (kind, element) = (.split, .u8)
    default: (kind, element) = (.number, .f64)
    }
  }
}

/// The columns of the edges: rows of values as the spool holds them and as the graph does.
///
/// A row is the values side by side, without gaps. In *stored* rows equal bytes mean equal values,
/// so rows can be compared and moved without being understood.
struct EdgeColumns: Sendable, Codable, Equatable {
  /// The columns of the inputs.
  var spooled: [RidingColumn] = []

  /// The columns of the graph.
  var columns: [RidingColumn] { spooled.filter { !$0.isLeftOut } }

  var isEmpty: Bool { spooled.allSatisfy(\.isLeftOut) }
  var spoolRowBytes: Int { spooled.reduce(0) { $0 + $1.kind.spoolBytes } }
  var rowBytes: Int {
    spooled.reduce(0) { $0 + ($1.isLeftOut ? 0 : $1.element.byteCount) }
  }

  /// Where a column's values lie in a stored row.
  func range(_ column: Int) -> Range<Int> {
    let start = columns[..<column].reduce(0) { $0 + $1.element.byteCount }
    return start..<start + columns[column].element.byteCount
  }

  func position(of name: String) -> Int? { columns.firstIndex { $0.name == name } }

  /// Turns rows of the spool into stored rows, appended to `rows`.
  ///
  /// - Parameters:
  ///   - source: `count` rows of ``spoolRowBytes``.
  ///   - part: Which input they come from, for its codes of words.
  func convert(_ source: RawSpan, count: Int, part: Int, into rows: inout [UInt8]) {
    let width = rowBytes
    let spoolWidth = spoolRowBytes
    rows.resize(to: count * width)
    precondition(source.byteCount >= count * spoolWidth, "rows that are too short")
    var from = 0
    var to = 0
    for column in spooled {
      defer {
        from += column.kind.spoolBytes
        to += column.isLeftOut ? 0 : column.element.byteCount
      }
      guard !column.isLeftOut else { continue }
      let codes = column.codes.isEmpty ? nil : column.codes[part]
      unsafe source.withUnsafeBytes { source in
        unsafe rows.withUnsafeMutableBytes { rows in
          for row in 0..<count {
            // SAFETY: the row and the column's place in it lie inside both buffers, checked above.
            let value = unsafe source.baseAddress! + (row &* spoolWidth &+ from)
            let target = unsafe rows.baseAddress! + (row &* width &+ to)
            switch (column.kind, column.element) {
            case (.integer, _), (.number, .f64):
              unsafe target.copyMemory(from: value, byteCount: 8)
            case (.number, _):
              let number = unsafe value.loadUnaligned(as: Double.self)
              unsafe target.storeBytes(of: Float(number), as: Float.self)
            case (.split, _):
              unsafe target.copyMemory(from: value, byteCount: 1)
            case (.word, let element):
              let code = unsafe value.loadUnaligned(as: UInt32.self)
              let final = codes?[Int(code)] ?? code
              switch element {
              case .u8:
                unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: final), as: UInt8.self)
              case .u16:
                unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: final), as: UInt16.self)
              default: unsafe target.storeBytes(of: final, as: UInt32.self)
              }
            }
          }
        }
      }
    }
  }
}
