/// One run of whole lines of a text file, parsed by one thread.
///
/// What goes wrong is kept with its byte offset; the line number is counted only then.
final class TextChunk {
  let buffer: ByteBuffer
  let view: TextView
  /// The lines, with the newline of the last one.
  let range: Range<Int>
  /// Bytes of the file's text up to the end of the chunk.
  let endOffset: Int
  /// Bytes of the file on disk that were read for it.
  let fileBytes: Int
  let layout: TextLayout

  var rowCount = 0
  var lineCount = 0
  var columns: [ColumnValues] = []
  private(set) var problem: TextProblem?

  /// - Parameter cut: The lines at the front of `buffer`.
  init(buffer: ByteBuffer, cut: TextCutter.Cut, layout: TextLayout) {
    self.buffer = buffer
    view = buffer.view(count: cut.count)
    range = 0..<cut.count
    endOffset = cut.endOffset
    fileBytes = cut.fileBytes
    self.layout = layout
  }

  func parse() {
    if layout.isIDPair {
      parsePairs()
    } else {
      parseFields()
    }
  }

  /// The line of `offset` within this chunk, from 0.
  func line(of offset: Int) -> Int {
    view.newlineCount(in: range.lowerBound..<min(offset, range.upperBound))
  }

  func note(_ found: TextProblem) {
    if problem == nil || found.offset < problem!.offset { problem = found }
  }
}

/// What to read from a file's lines.
struct TextLayout: Sendable {
  var path: String
  var delimiter: Delimiter
  var columnCount: Int
  var fields: [TextField]
  /// Whether a row is an edge: for messages.
  var holdsEdges = false
  /// Whether the first rows have quoted values.
  var isQuoted = false

  /// Whether a row is two integer ids and nothing else, in this order: the fast case.
  var isIDPair: Bool {
    columnCount == 2 && fields.count == 2 && !isQuoted
      && fields[0].type == .integerID && fields[0].column == 0
      && fields[1].type == .integerID && fields[1].column == 1
  }
}

/// A fault in a chunk, by the place of the offending bytes.
struct TextProblem {
  enum Kind {
    case columnCount(Int)
    case emptyID, notAnInteger, idTooLarge, notANumber, unknownSplit
    /// What the first rows of the column hold.
    case typeChanged(String)
    case quote(QuoteFault)
    case fault(TextFault)
  }

  var kind: Kind
  var offset: Int
  var range: Range<Int> = 0..<0
  var field = ""
}
