import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// The values of one node or edge column in input order, and how they will be stored.
enum ColumnData: Sendable {
  case integers([Int64])
  /// Missing values are NaN.
  case numbers([Double])
  case categories(codes: [UInt32], words: [String])
  /// Codes of `Split`.
  case splits([UInt8])
  /// Class codes, -1 for none.
  case labels(codes: [Int32], words: [String]?)

  /// More distinct words than this make no category; such a column is left out.
  static let categoryLimit = 65_536

  init(_ values: NodeColumnValues) {
    switch values {
    case .integers(let values): self = .integers(values)
    case .numbers(let values): self = .numbers(values)
    case .categories(let codes, let words): self = .categories(codes: codes, words: words)
    }
  }

  var count: Int {
    switch self {
    case .integers(let values): values.count
    case .numbers(let values): values.count
    case .categories(let codes, _): codes.count
    case .splits(let values): values.count
    case .labels(let codes, _): codes.count
    }
  }

  /// Numbers take 32 bits where that loses nothing; codes as few bytes as the words allow.
  var element: ElementType {
    switch self {
    case .integers: .i64
    case .numbers(let values):
      values.allSatisfy { $0.isNaN || Double(Float($0)) == $0 } ? .f32 : .f64
    case .categories(_, let words): words.count <= 256 ? .u8 : words.count <= 65_536 ? .u16 : .u32
    case .splits: .u8
    case .labels: .i32
    }
  }

  var categories: [String]? {
    switch self {
    case .categories(_, let words): words
    case .labels(_, let words): words
    default: nil
    }
  }
}

/// A column by the name that it has in the graph.
struct NamedColumn: Sendable {
  var name: String
  var data: ColumnData
}

extension ColumnData {
  /// Writes the values of the rows `rows[range]`, in that order.
  ///
  /// - Returns: The files; none for an empty range.
  func write(
    rows: [UInt32], _ range: Range<Int>, element: ElementType, to path: String,
    cancellation: Cancellation
  ) throws(PreprocessError) -> [FileEntry] {
    switch (self, element) {
    case (.integers(let values), _):
      return try Self.write(rows, range, element, path, cancellation) { values[$0] }
    case (.numbers(let values), .f32):
      return try Self.write(rows, range, element, path, cancellation) { Float(values[$0]) }
    case (.numbers(let values), _):
      return try Self.write(rows, range, element, path, cancellation) { values[$0] }
    case (.categories(let codes, _), .u8):
      return try Self.write(rows, range, element, path, cancellation) {
        UInt8(truncatingIfNeeded: codes[$0])
      }
    case (.categories(let codes, _), .u16):
      return try Self.write(rows, range, element, path, cancellation) {
        UInt16(truncatingIfNeeded: codes[$0])
      }
    case (.categories(let codes, _), _):
      return try Self.write(rows, range, element, path, cancellation) { codes[$0] }
    case (.splits(let values), _):
      return try Self.write(rows, range, element, path, cancellation) { values[$0] }
    case (.labels(let codes, _), _):
      return try Self.write(rows, range, element, path, cancellation) { codes[$0] }
    }
  }

  private static func write<Value: BitwiseCopyable>(
    _ rows: [UInt32], _ range: Range<Int>, _ element: ElementType, _ path: String,
    _ cancellation: Cancellation, _ value: (Int) -> Value
  ) throws(PreprocessError) -> [FileEntry] {
    guard !range.isEmpty else { return [] }
    return try PreprocessError.storing { () throws(StorageError) in
      var writer = try ColumnWriter(path: path, element: element, rows: range.count, width: 1)
      var portion: [Value] = []
      var start = range.lowerBound
      while start < range.upperBound {
        if cancellation.isCancelled { throw .interrupted(path: path) }
        let end = min(start + 65_536, range.upperBound)
        portion.removeAll(keepingCapacity: true)
        for position in start..<end { portion.append(value(Int(rows[position]))) }
        try writer.append(portion.span)
        start = end
      }
      return try writer.finish(.deferred)
    }
  }
}
