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

  /// The columns of one line; quoted ones, which only lines with commas have, without the quotes.
  ///
  /// - Parameter line: Without newline and carriage return, a newline somewhere behind it.
  func fields(of line: Range<Int>, in view: TextView) throws(QuoteFault) -> [Range<Int>] {
    if self == .blanks { return blankFields(of: line, in: view) }
    var fields: [Range<Int>] = []
    let (separator, _) = bytes
    var start = line.lowerBound
    var offset = start
    while offset < line.upperBound {
      if self == .comma, view[offset] == TextView.quote,
        trimmed(start..<offset, in: view).isEmpty
      {
        let value = try view.quotedValue(at: offset)
        fields.append(value.range)
        if view[value.next] == TextView.newline { return fields }
        offset = value.next + 1
        start = offset
      } else {
        if view[offset] == separator {
          fields.append(trimmed(start..<offset, in: view))
          start = offset + 1
        }
        offset += 1
      }
    }
    fields.append(trimmed(start..<line.upperBound, in: view))
    return fields
  }

  /// The columns of one line, without its newline, that runs of blanks separate.
  func blankFields(of line: Range<Int>, in view: TextView) -> [Range<Int>] {
    var fields: [Range<Int>] = []
    let (first, second) = Self.blanks.bytes
    var start = line.lowerBound
    for offset in line where view[offset] == first || view[offset] == second {
      if start < offset { fields.append(start..<offset) }
      start = offset + 1
    }
    if start < line.upperBound { fields.append(start..<line.upperBound) }
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
