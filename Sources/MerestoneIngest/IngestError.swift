/// A line of a text file, as messages name it.
package struct TextPlace: Hashable, Sendable, CustomStringConvertible {
  package var file: String
  /// Counted from 1, comments and blank lines included.
  package var line: Int

  package init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  package var description: String { "\(file), line \(line)" }
}

/// What is wrong with raw input, or went wrong while reading or generating it; each case carries
/// what its message needs.
package enum IngestError: Error, Equatable, Sendable {
  /// Asked to stop through `Cancellation`.
  case interrupted

  // Files.
  case missingFile(String)
  case notAFile(String)
  case cannotRead(String, byteOffset: Int, code: Int32)
  case cannotWrite(String, code: Int32)
  case outputExists(String)
  case emptyFile(String)
  case noDataLines(String, lines: Int)
  case foreignFile(String, kind: String, mend: String)
  case truncatedStream(String, kind: Compression, byteOffset: Int)
  case corruptStream(String, kind: Compression, byteOffset: Int, detail: String)
  case notCompressed(String, kind: Compression)
  /// Somebody wrote to the file while it was read.
  case fileChanged(String, detail: String)
  /// The standard input was asked for a second time.
  case readTwice(String)
  case noFileMatches(pattern: String)

  // Text.
  case tooFewColumns(TextPlace, found: Int)
  case columnCount(TextPlace, found: Int, expected: Int)
  case emptyID(TextPlace, column: String)
  case notAnInteger(TextPlace, column: String, found: String)
  case idTooLarge(TextPlace, column: String, found: String)
  case notANumber(TextPlace, column: String, found: String)
  case invalidUTF8(TextPlace, byteOffset: Int)
  case nulByte(TextPlace, byteOffset: Int)
  case quotedNewline(TextPlace)
  case textAfterQuote(TextPlace, found: String)
  /// A value that does not fit the type which the first rows of a once-read input showed.
  case typeChanged(TextPlace, column: String, found: String, expected: String)
  case carriageReturn(TextPlace)
  case lineTooLong(TextPlace, limitBytes: Int)
  case tooManyComments(String, limitBytes: Int)
  case unknownSplit(TextPlace, found: String)
  case invalidLabel(TextPlace, found: String)

  // Columns and id kinds.
  case invalidColumnMapping(String, found: String)
  case unknownColumn(String, column: String, available: [String])
  case duplicateColumn(String, column: String)
  case noIDColumn(String, available: [String])
  case integersRequired(String)

  // Binary files and arrays.
  case oddLength(String, bytes: Int, recordBytes: Int)
  case invalidArray(String, byteOffset: Int, detail: String)
  case arrayShape(String, found: [Int], expected: String)
  case arrayElement(String, found: String, expected: String)
  case negativeID(String, row: Int, column: Int, found: Int64)
  case corruptArchive(String, byteOffset: Int, detail: String)
  case missingArray(String, name: String)
  case sparseStructure(String, row: Int, detail: String)

  // Nodes and features.
  case duplicateNode(String, id: String, line: Int, firstLine: Int)
  case labelForUnknownNode(TextPlace, id: String)
  case featureRowCount(String, rows: Int, nodes: Int)
  case notFinite(String, row: Int, column: Int, found: String)

  // Layout.
  case noEdges(directory: String)
  case ambiguousLayout(directory: String, files: [String])
  case invalidParameter(name: String, found: String, allowed: String)
}

extension IngestError {
  /// Whether the machine failed rather than the data: exit code 74 instead of 65.
  package var isInputOutput: Bool {
    switch self {
    case .cannotRead, .cannotWrite: true
    default: false
    }
  }

  /// Whether the command was used wrongly: exit code 64.
  package var isUsage: Bool {
    switch self {
    case .invalidColumnMapping, .invalidParameter, .outputExists, .readTwice, .noFileMatches:
      true
    default: false
    }
  }
}
