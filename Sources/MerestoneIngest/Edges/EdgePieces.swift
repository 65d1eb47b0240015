/// One edge file as a sequence of pieces that are read in order by one thread at a time, parsed by
/// any, and turned into batches in order by one at a time.
///
/// `@unchecked Sendable`: ``next(buffer:)`` and ``batch(_:)`` touch different parts, and
/// ``InputSchedule`` lets one thread at a time into each.
final class EdgePieces: @unchecked Sendable {
  enum Piece {
    case chunk(TextChunk)
    case batch(EdgeBatch, fileBytes: Int)

    /// Bytes of the file on disk that were read for it.
    var fileBytes: Int {
      switch self {
      case .chunk(let chunk): chunk.fileBytes
      case .batch(_, let fileBytes): fileBytes
      }
    }
  }

  private let cutter: TextCutter?
  private let layout: TextLayout?
  private let source: EdgeStream.Source
  private var reportedFileBytes = 0
  private var tally: TextTally

  init(_ source: EdgeStream.Source) {
    self.source = source
    cutter = nil
    layout = nil
    tally = TextTally(from: TextPosition(byteOffset: 0, row: 0, line: 0))
  }

  init(_ cutter: TextCutter, layout: TextLayout, from start: TextPosition) {
    self.cutter = cutter
    self.layout = layout
    source = .nothing
    tally = TextTally(from: start)
  }

  /// The bytes of the buffer that ``next(buffer:)`` needs; nil for binary files.
  var bufferBytes: Int? { cutter.map { $0.chunkBytes + 1 } }

  /// Reads the next piece; nil at the end.
  ///
  /// - Parameter buffer: For a text file, of ``bufferBytes``; it belongs to the piece then.
  func next(buffer: ByteBuffer?) throws(IngestError) -> Piece? {
    if let cutter, let layout, let buffer {
      return try cutter.next(into: buffer).map {
        .chunk(TextChunk(buffer: buffer, cut: $0, layout: layout))
      }
    }
    let batch: EdgeBatch?
    let fileBytes: Int
    switch source {
    case .pairs(let pairs): (batch, fileBytes) = (try pairs.next(), pairs.fileBytesRead)
    case .array(let array): (batch, fileBytes) = (try array.next(), array.fileBytesRead)
    case .nothing, .text: (batch, fileBytes) = (nil, 0)
    }
    defer { reportedFileBytes = fileBytes }
    return batch.map { .batch($0, fileBytes: fileBytes - reportedFileBytes) }
  }

  /// The edges of a piece, text parsed before; nil where a chunk holds comments only.
  func batch(_ piece: Piece) throws(IngestError) -> EdgeBatch? {
    switch piece {
    case .batch(let batch, _): return batch
    case .chunk(let chunk):
      let batch = try tally.batch(chunk)
      return batch.rowCount > 0 ? EdgeBatch(batch) : nil
    }
  }

  func checkUnchanged() throws(IngestError) {
    switch source {
    case .pairs(let pairs): try pairs.checkUnchanged()
    case .array(let array): try array.checkUnchanged()
    case .nothing, .text: try cutter?.checkUnchanged()
    }
  }
}
