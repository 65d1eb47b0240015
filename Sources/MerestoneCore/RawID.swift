/// A node's id as the user's files spell it: a 64-bit integer or a string.
public enum RawID: Hashable, Sendable {
  case integer(UInt64)
  case string(String)
}

extension RawID: CustomStringConvertible {
  public var description: String {
    switch self {
    case .integer(let value): String(value)
    case .string(let value): value
    }
  }
}

extension RawID: Codable {
  /// Integers are coded as numbers and strings as strings.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(UInt64.self) {
      self = .integer(value)
    } else {
      self = .string(try container.decode(String.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .integer(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    }
  }
}
