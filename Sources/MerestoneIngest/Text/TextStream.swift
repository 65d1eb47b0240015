import MerestoneCore

/// Reads the rows of a text file in batches, in the file's order.
///
/// The text is cut into chunks of whole lines by a rule that looks at the bytes alone: a chunk
/// ends with the last line that ends within ``chunkBytes`` of its start. So batches are the same
/// at any number of threads, and for plain and gzip files alike. A wave of chunks is read at a
/// time and parsed by all threads; memory is bounded by the wave.
final class TextStream {
  private let layout: TextLayout
  private let head: TextHead
  private let pool: ThreadPool
  private let cancellation: Cancellation?
  private let chunkBytes: Int
  private let source: ByteSource
  private let buffer: ByteBuffer
  private var filled = 0
  private var consumed = 0
  private var endOfInput = false
  private var skippedHead = false

  private var ready: [TextBatch] = []
  private var nextReady = 0
  private var failure: IngestError?
  private var rows = 0
  private var lines: Int

  static let defaultChunkBytes = 1 << 20

  init(
    layout: TextLayout, head: TextHead, pool: ThreadPool, cancellation: Cancellation?,
    chunkBytes: Int
  ) throws(IngestError) {
    self.layout = layout
    self.head = head
    self.pool = pool
    self.cancellation = cancellation
    self.chunkBytes = chunkBytes
    source = try ByteSource(path: layout.path)
    // One chunk more than the wave, so that the last one can be cut at a line's end.
    buffer = ByteBuffer(capacity: chunkBytes * (2 * pool.threadCount + 1) + 1)
    lines = head.linesBeforeBody
  }

  /// How far the file on disk has been read.
  var fileBytesRead: Int { source.fileBytesRead }

  /// The next batch, or nil at the end. Batches before a bad line are still delivered.
  func next() throws(IngestError) -> TextBatch? {
    while nextReady == ready.count {
      if let failure { throw failure }
      if endOfInput, consumed == filled { return nil }
      try readWave()
    }
    defer { nextReady += 1 }
    let batch = ready[nextReady]
    ready[nextReady] = TextBatch()
    return batch
  }

  private func readWave() throws(IngestError) {
    if let cancellation, cancellation.isCancelled { throw .interrupted }
    ready.removeAll(keepingCapacity: true)
    nextReady = 0
    if !skippedHead {
      skippedHead = true
      _ = try source.skip(head.bodyOffset)
    }
    buffer.moveToFront(consumed..<filled)
    filled -= consumed
    consumed = 0
    if !endOfInput {
      // The last byte of the buffer is kept for a missing newline.
      let room = buffer.capacity - 1
      let count = try source.read(into: buffer, range: filled..<room)
      filled += count
      if filled < room {
        endOfInput = true
        if filled > 0, buffer.view(count: filled)[filled - 1] != TextView.newline {
          buffer.store(TextView.newline, at: filled)
          filled += 1
        }
      }
    }
    let chunks = cutChunks()
    pool.forEach(chunks.count) { chunks[$0].parse() }
    for chunk in chunks {
      if chunk.rowCount > 0, chunk.problem == nil {
        ready.append(
          TextBatch(firstRow: rows, rowCount: chunk.rowCount, columns: chunk.columns))
      }
      if let problem = chunk.problem {
        failure = error(problem, in: chunk)
        return
      }
      rows += chunk.rowCount
      lines += chunk.lineCount
    }
  }

  private func cutChunks() -> [TextChunk] {
    let view = buffer.view(count: filled)
    var chunks: [TextChunk] = []
    while filled - consumed >= chunkBytes || (endOfInput && consumed < filled) {
      let window = consumed..<min(consumed + chunkBytes, filled)
      guard let last = view.lastNewline(in: window) else {
        if failure == nil, chunks.isEmpty {
          failure = .lineTooLong(
            TextPlace(file: layout.path, line: lines + 1), limitBytes: chunkBytes)
        }
        break
      }
      chunks.append(
        TextChunk(view: view, range: consumed..<last + 1, layout: layout))
      consumed = last + 1
    }
    return chunks
  }

  private func error(_ problem: TextProblem, in chunk: TextChunk) -> IngestError {
    let place = TextPlace(
      file: layout.path, line: lines + chunk.line(of: problem.offset) + 1)
    let found = IngestError.excerpt(chunk.view.string(problem.range))
    switch problem.kind {
    case .columnCount(let count):
      if count < 2, layout.holdsEdges { return .tooFewColumns(place, found: count) }
      return .columnCount(place, found: count, expected: layout.columnCount)
    case .emptyID: return .emptyID(place, column: problem.field)
    case .notAnInteger: return .notAnInteger(place, column: problem.field, found: found)
    case .idTooLarge: return .idTooLarge(place, column: problem.field, found: found)
    case .notANumber: return .notANumber(place, column: problem.field, found: found)
    case .unknownSplit: return .unknownSplit(place, found: found)
    case .quotedField: return .quotedField(place)
    case .fault(let fault): return fault.error(place, lineStart: problem.offset)
    }
  }
}
