/// A JSON value whose keys keep the order in which they are documented.
package enum JSON {
  case null
  case bool(Bool)
  case integer(Int)
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSON])
  case members([Member])

  package struct Member {
    var key: String
    var value: JSON
  }

  package static func object(_ pairs: KeyValuePairs<String, JSON>) -> JSON {
    .members(list(pairs))
  }

  /// The members of an object, for objects that are put together from several parts.
  package static func list(_ pairs: KeyValuePairs<String, JSON>) -> [Member] {
    pairs.map { Member(key: $0.key, value: $0.value) }
  }

  /// Two blanks of indentation per level; arrays of plain values and of pairs stay on one line.
  package var text: String {
    var result = ""
    write(to: &result, indent: 0)
    return result
  }

  /// The value alone: strings without quotation marks, `-` for null.
  var plain: String {
    switch self {
    case .null: "-"
    case .string(let value): value
    default: text
    }
  }

  private func write(to result: inout String, indent: Int) {
    switch self {
    case .null: result += "null"
    case .bool(let value): result += value ? "true" : "false"
    case .integer(let value): result += String(value)
    case .unsigned(let value): result += String(value)
    case .number(let value): result += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.write(value, to: &result)
    case .array(let values):
      let inline = values.allSatisfy(\.isShort)
      Self.write(values, "[", "]", inline, &result, indent) { value, result, indent in
        value.write(to: &result, indent: indent)
      }
    case .members(let pairs):
      Self.write(pairs, "{", "}", false, &result, indent) { pair, result, indent in
        Self.write(pair.key, to: &result)
        result += ": "
        pair.value.write(to: &result, indent: indent)
      }
    }
  }

  /// A plain value, or a short list of plain values.
  private var isShort: Bool {
    switch self {
    case .members: false
    case .array(let values): values.count <= 2 && values.allSatisfy(\.isPlain)
    default: true
    }
  }

  private var isPlain: Bool {
    switch self {
    case .members, .array: false
    default: true
    }
  }

  private static func write<Element>(
    _ elements: [Element], _ open: String, _ close: String, _ inline: Bool,
    _ result: inout String, _ indent: Int,
    _ body: (Element, inout String, Int) -> Void
  ) {
    result += open
    for (position, element) in elements.enumerated() {
      if position > 0 { result += inline ? ", " : "," }
      if !inline { result += "\n" + String(repeating: " ", count: indent + 2) }
      body(element, &result, indent + 2)
    }
    if !inline, !elements.isEmpty { result += "\n" + String(repeating: " ", count: indent) }
    result += close
  }

  private static func write(_ text: String, to result: inout String) {
    result += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    result += "\""
  }
}
