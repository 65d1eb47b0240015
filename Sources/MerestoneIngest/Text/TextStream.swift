import MerestoneCore

/// Reads the rows of a text file in batches, in the file's order.
///
/// A batch holds the rows of one chunk of ``TextCutter``, so batches are the same at any number of
/// threads, and for plain and compressed files alike. A wave of chunks is read at a time and
/// parsed by all threads; memory is bounded by the wave.
final class TextStream {
  private let layout: TextLayout
  private let pool: ThreadPool
  private let cancellation: Cancellation?
  private let cutter: TextCutter
  private var tally: TextTally
  // One for each chunk of a wave.
  private var buffers: [ByteBuffer] = []

  private var ready: [TextBatch] = []
  private var nextReady = 0
  private var failure: IngestError?
  private var endOfInput = false

  /// - Parameter start: The place to begin at; nil for the first row.
  init(
    layout: TextLayout, head: TextHead, pool: ThreadPool, cancellation: Cancellation?,
    chunkBytes: Int, source: ByteSource, from start: TextPosition? = nil
  ) {
    self.layout = layout
    self.pool = pool
    self.cancellation = cancellation
    let start = start ?? head.bodyPosition
    tally = TextTally(from: start)
    cutter = TextCutter(source, from: start.byteOffset, chunkBytes: chunkBytes)
  }

  /// How far the file on disk has been read.
  var fileBytesRead: Int { cutter.fileBytesRead }

  func checkUnchanged() throws(IngestError) { try cutter.checkUnchanged() }

  /// The next batch, or nil at the end. Batches before a bad line are still delivered.
  func next() throws(IngestError) -> TextBatch? {
    while nextReady == ready.count {
      if let failure { throw failure }
      if endOfInput {
        try cutter.checkUnchanged()
        return nil
      }
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
    var chunks: [TextChunk] = []
    while chunks.count < 2 * pool.threadCount {
      if buffers.count == chunks.count { buffers.append(cutter.makeBuffer()) }
      let buffer = buffers[chunks.count]
      do throws(IngestError) {
        guard let cut = try cutter.next(into: buffer) else {
          endOfInput = true
          break
        }
        chunks.append(TextChunk(buffer: buffer, cut: cut, layout: layout))
        if cut.count == 0 { break }
      } catch {
        failure = error
        break
      }
    }
    pool.forEach(chunks.count) { chunks[$0].parse() }
    for chunk in chunks {
      do throws(IngestError) {
        let batch = try tally.batch(chunk)
        if batch.rowCount > 0 { ready.append(batch) }
      } catch {
        failure = error
        return
      }
    }
  }
}
