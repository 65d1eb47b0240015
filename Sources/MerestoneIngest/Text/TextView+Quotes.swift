/// What is wrong with a quoted value (RFC 4180).
enum QuoteFault: Error, Equatable {
  /// The line ends before the quote does.
  case unclosed
  /// Something stands between the closing quote and the next separator.
  case textBehind(Range<Int>)
}

/// A value between quotes.
struct QuotedValue {
  /// Without the quotes around it.
  var range: Range<Int>
  /// Whether it holds quotes, each written as two.
  var hasEscapes: Bool
  /// The place of the comma or of the newline behind it.
  var next: Int
}

extension TextView {
  static let quote = UInt8(ascii: "\"")

  /// The value that the quote at `open` begins.
  /// - Precondition: there is a newline before the end of the view.
  func quotedValue(at open: Int) throws(QuoteFault) -> QuotedValue {
    let quotes = Self.spread(Self.quote)
    let newlines = Self.spread(Self.newline)
    var close = open + 1
    var hasEscapes = false
    while true {
      close = firstIndex(of: quotes, or: newlines, from: close)
      if self[close] == Self.newline { throw .unclosed }
      if self[close + 1] != Self.quote { break }
      hasEscapes = true
      close += 2
    }
    var next = close + 1
    while self[next] == UInt8(ascii: " ") { next += 1 }
    if self[next] == UInt8(ascii: "\r"), self[next + 1] == Self.newline { next += 1 }
    guard self[next] == UInt8(ascii: ",") || self[next] == Self.newline else {
      let commas = Self.spread(UInt8(ascii: ","))
      throw .textBehind(close + 1..<firstIndex(of: commas, or: newlines, from: next))
    }
    return QuotedValue(range: open + 1..<close, hasEscapes: hasEscapes, next: next)
  }

  /// The text of a field of `line`, quotes written as two made one.
  func value(_ field: Range<Int>, of line: Range<Int>) -> String {
    let text = string(field)
    let isQuoted =
      field.lowerBound > line.lowerBound && self[field.lowerBound - 1] == Self.quote
    guard isQuoted, text.contains("\"\"") else { return text }
    var result = ""
    var isSecond = false
    for scalar in text.unicodeScalars {
      if scalar == "\"", isSecond {
        isSecond = false
        continue
      }
      isSecond = scalar == "\""
      result.unicodeScalars.append(scalar)
    }
    return result
  }
}

extension ByteBuffer {
  /// Makes every two quotes in `range` one, in place.
  /// - Returns: where the shortened value lies.
  func unescapeQuotes(_ range: Range<Int>) -> Range<Int> {
    let view = view(count: range.upperBound)
    var source = range.lowerBound
    var target = range.lowerBound
    while source < range.upperBound {
      let byte = view[source]
      store(byte, at: target)
      source += byte == TextView.quote ? 2 : 1
      target += 1
    }
    return range.lowerBound..<target
  }
}
