/// Counts rows and lines over the chunks of a file, in order, and so gives batches their first
/// row and faults their line.
struct TextTally {
  private(set) var position: TextPosition

  init(from start: TextPosition) { position = start }

  /// The rows of a parsed chunk, none where it has a fault.
  mutating func batch(_ chunk: TextChunk) throws(IngestError) -> TextBatch {
    guard chunk.range.count > 0 else {
      throw .lineTooLong(
        TextPlace(file: chunk.layout.path, line: position.line + 1),
        limitBytes: chunk.buffer.capacity - 1)
    }
    if let problem = chunk.problem { throw error(problem, in: chunk) }
    defer {
      position = TextPosition(
        byteOffset: chunk.endOffset, row: position.row + chunk.rowCount,
        line: position.line + chunk.lineCount)
    }
    return TextBatch(
      firstRow: position.row, rowCount: chunk.rowCount, columns: chunk.columns,
      end: TextPosition(
        byteOffset: chunk.endOffset, row: position.row + chunk.rowCount,
        line: position.line + chunk.lineCount))
  }

  private func error(_ problem: TextProblem, in chunk: TextChunk) -> IngestError {
    let layout = chunk.layout
    let place = TextPlace(
      file: layout.path, line: position.line + chunk.line(of: problem.offset) + 1)
    let found = IngestError.excerpt(chunk.view.string(problem.range))
    switch problem.kind {
    case .columnCount(let count):
      if count < 2, layout.holdsEdges { return .tooFewColumns(place, found: count) }
      return .columnCount(place, found: count, expected: layout.columnCount)
    case .emptyID: return .emptyID(place, column: problem.field)
    case .notAnInteger: return .notAnInteger(place, column: problem.field, found: found)
    case .idTooLarge: return .idTooLarge(place, column: problem.field, found: found)
    case .notANumber: return .notANumber(place, column: problem.field, found: found)
    case .typeChanged(let expected):
      return .typeChanged(place, column: problem.field, found: found, expected: expected)
    case .unknownSplit: return .unknownSplit(place, found: found)
    case .quote(let fault): return fault.error(place, in: chunk.view)
    case .fault(let fault): return fault.error(place, lineStart: problem.offset)
    }
  }
}

extension QuoteFault {
  func error(_ place: TextPlace, in view: TextView) -> IngestError {
    switch self {
    case .unclosed: .quotedNewline(place)
    case .textBehind(let range):
      .textAfterQuote(place, found: IngestError.excerpt(view.string(range)))
    }
  }
}
