/// Cuts the text of an input into chunks of whole lines, by a rule that looks at the bytes alone:
/// a chunk ends with the last line that ends within ``chunkBytes`` of its start.
final class TextCutter {
  /// One run of whole lines at the front of a buffer.
  struct Cut {
    /// Bytes of the buffer, with the newline of the last line; 0 where a line is too long.
    var count: Int
    /// Bytes of text up to the end of the run.
    var endOffset: Int
    /// Bytes of the file on disk that were read since the cut before.
    var fileBytes: Int
  }

  let chunkBytes: Int
  private let source: ByteSource
  private var offset: Int
  private var skipped = false
  private var carried: [UInt8] = []
  private var endOfInput = false
  private var reportedFileBytes = 0

  /// - Parameter start: The byte of the text to begin at, the first of a line.
  init(_ source: ByteSource, from start: Int, chunkBytes: Int) {
    self.source = source
    self.chunkBytes = chunkBytes
    offset = start
  }

  /// A buffer that the longest chunk fits in, with a byte for a missing last newline.
  func makeBuffer() -> ByteBuffer { ByteBuffer(capacity: chunkBytes + 1) }

  var fileBytesRead: Int { source.fileBytesRead }

  func checkUnchanged() throws(IngestError) { try source.checkUnchanged() }

  /// Fills `buffer` with the next chunk; nil at the end.
  func next(into buffer: ByteBuffer) throws(IngestError) -> Cut? {
    if !skipped {
      skipped = true
      _ = try source.skip(offset)
    }
    buffer.store(carried[...], at: 0)
    var filled = carried.count
    carried.removeAll(keepingCapacity: true)
    var isNewlineMissing = false
    if !endOfInput {
      filled += try source.read(into: buffer, range: filled..<chunkBytes)
      if filled < chunkBytes { endOfInput = true }
    }
    if endOfInput, filled > 0, buffer.view(count: filled)[filled - 1] != TextView.newline {
      buffer.store(TextView.newline, at: filled)
      filled += 1
      isNewlineMissing = true
    }
    guard filled > 0 else { return nil }
    let view = buffer.view(count: filled)
    let fileBytes = source.fileBytesRead - reportedFileBytes
    reportedFileBytes += fileBytes
    guard let last = view.lastNewline(in: 0..<min(filled, chunkBytes)) else {
      endOfInput = true
      return Cut(count: 0, endOffset: offset, fileBytes: fileBytes)
    }
    let count = last + 1
    view.append(count..<filled, to: &carried)
    offset += count - (isNewlineMissing && count == filled ? 1 : 0)
    return Cut(count: count, endOffset: offset, fileBytes: fileBytes)
  }
}
