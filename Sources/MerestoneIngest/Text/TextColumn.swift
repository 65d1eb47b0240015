/// How the values of a text column are read.
package enum ColumnType: String, Sendable, Equatable {
  case integerID, stringID
  /// 64-bit integers, without missing values.
  case integer
  /// Doubles; a missing value is NaN.
  case number
  /// UTF-8 words as they stand.
  case word
  /// Codes of `Split`.
  case split
  /// Only looked at, to find out what the values are.
  case evidence
}

/// One requested column of a text file.
struct TextField: Sendable, Equatable {
  /// Its position in the file.
  var column: Int
  /// As messages name it.
  var name: String
  var type: ColumnType
  /// Whether its type comes from the first rows only.
  var isSampled = false
}

/// The values of one column in one batch.
package enum ColumnValues: Sendable, Equatable {
  case ids([UInt64])
  case integers([Int64])
  case numbers([Double])
  case words(ByteStrings)
  case splits([UInt8])
  case evidence(TypeEvidence)
}

/// What the values of a column turned out to be: combined over chunks and files, it names the
/// narrowest type that holds them all.
package struct TypeEvidence: Sendable, Equatable {
  package var hasMissing = false
  package var hasInteger = false
  package var hasNumber = false
  package var hasWord = false

  package init() {}

  package mutating func join(_ other: TypeEvidence) {
    hasMissing = hasMissing || other.hasMissing
    hasInteger = hasInteger || other.hasInteger
    hasNumber = hasNumber || other.hasNumber
    hasWord = hasWord || other.hasWord
  }

  /// Words where there is one; else numbers where there is a fraction or a missing value (NaN);
  /// else integers.
  package var type: ColumnType {
    if hasWord { return .word }
    if hasNumber || hasMissing || !hasInteger { return .number }
    return .integer
  }
}

/// Consecutive rows of a text file.
struct TextBatch: Sendable, Equatable {
  /// Position of the first row among the rows of the file, from 0.
  var firstRow = 0
  var rowCount = 0
  /// One entry for each requested field.
  var columns: [ColumnValues] = []
  /// The place behind its last line.
  var end = TextPosition(byteOffset: 0, row: 0, line: 0)
}
