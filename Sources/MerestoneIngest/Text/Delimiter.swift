/// What separates the columns of a text file.
package enum Delimiter: Sendable, Equatable {
  case tab
  case comma
  /// Runs of spaces and tabs; those at the ends of a line do not count.
  case blanks

  /// A tab where the line has one, else a comma, else blanks.
  static func detected(in line: Range<Int>, of view: TextView) -> Delimiter {
    if line.contains(where: { view[$0] == UInt8(ascii: "\t") }) { return .tab }
    if line.contains(where: { view[$0] == UInt8(ascii: ",") }) { return .comma }
    return .blanks
  }

  /// The bytes that may end a column; twice the same where there is one.
  var bytes: (UInt8, UInt8) {
    switch self {
    case .tab: (UInt8(ascii: "\t"), UInt8(ascii: "\t"))
    case .comma: (UInt8(ascii: ","), UInt8(ascii: ","))
    case .blanks: (UInt8(ascii: " "), UInt8(ascii: "\t"))
    }
  }

  /// The columns of one line, without its newline.
  ///
  /// - Parameter line: Without newline and carriage return.
  func fields(of line: Range<Int>, in view: TextView) -> [Range<Int>] {
    var fields: [Range<Int>] = []
    let (first, second) = bytes
    var start = line.lowerBound
    switch self {
    case .tab, .comma:
      for offset in line where view[offset] == first {
        fields.append(trimmed(start..<offset, in: view))
        start = offset + 1
      }
      fields.append(trimmed(start..<line.upperBound, in: view))
    case .blanks:
      for offset in line where view[offset] == first || view[offset] == second {
        if start < offset { fields.append(start..<offset) }
        start = offset + 1
      }
      if start < line.upperBound { fields.append(start..<line.upperBound) }
    }
    return fields
  }

  /// Drops the blanks around a value of a comma-separated line.
  @inline(__always) func trimmed(_ field: Range<Int>, in view: TextView) -> Range<Int> {
    guard self == .comma else { return field }
    var (lower, upper) = (field.lowerBound, field.upperBound)
    while lower < upper, view[lower] == UInt8(ascii: " ") { lower &+= 1 }
    while lower < upper, view[upper &- 1] == UInt8(ascii: " ") { upper &-= 1 }
    return lower..<upper
  }
}
