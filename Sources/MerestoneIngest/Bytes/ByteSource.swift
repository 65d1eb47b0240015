/// The bytes of a plain or gzip file, in order, in buffers of the caller's size.
///
/// Whether a file is gzip is told by its first bytes (1f 8b), never by its name. Several gzip
/// members are read as one stream (RFC 1952), zero padding behind them is ignored.
final class ByteSource {
  let path: String
  let isCompressed: Bool
  /// The file's size on disk.
  let fileBytes: Int

  private let file: InputFile
  private var fileOffset = 0
  private var gzip: GzipState

  init(path: String) throws(IngestError) {
    self.path = path
    file = try InputFile(path: path)
    fileBytes = file.bytes
    let probe = ByteBuffer(capacity: 2)
    let count = try file.read(at: 0, into: probe, range: 0..<2)
    let view = probe.view(count: count)
    isCompressed = count == 2 && view[0] == 0x1f && view[1] == 0x8b
    gzip = isCompressed ? GzipState(inputBytes: 1 << 18) : GzipState(inputBytes: 1)
  }

  /// How far the file on disk has been consumed: for progress.
  var fileBytesRead: Int { fileOffset - (gzip.end - gzip.start) }

  /// Reads until `range` of `buffer` is full or the input ends.
  /// - Returns: the bytes read; fewer than asked only at the end.
  func read(into buffer: ByteBuffer, range: Range<Int>) throws(IngestError) -> Int {
    guard isCompressed else {
      let count = try file.read(at: fileOffset, into: buffer, range: range)
      fileOffset += count
      return count
    }
    var position = range.lowerBound
    while position < range.upperBound, !gzip.finished {
      let made = try inflateSome(into: buffer, range: position..<range.upperBound)
      position += made
    }
    return position - range.lowerBound
  }

  /// Reads and forgets `count` bytes.
  /// - Returns: the bytes skipped; fewer than asked only at the end.
  func skip(_ count: Int) throws(IngestError) -> Int {
    guard isCompressed else {
      let step = min(count, max(0, file.bytes - fileOffset))
      fileOffset += step
      return step
    }
    let scratch = ByteBuffer(capacity: min(max(count, 1), 1 << 18))
    var done = 0
    while done < count {
      let want = min(scratch.capacity, count - done)
      let made = try read(into: scratch, range: 0..<want)
      done += made
      if made < want { break }
    }
    return done
  }

  private func inflateSome(
    into buffer: ByteBuffer, range: Range<Int>
  ) throws(IngestError) -> Int {
    if gzip.start == gzip.end {
      let count = try file.read(at: fileOffset, into: gzip.input, range: 0..<gzip.input.capacity)
      fileOffset += count
      gzip.start = 0
      gzip.end = count
      if count == 0 {
        guard gzip.betweenMembers else { throw .truncatedGzip(path, byteOffset: fileOffset) }
        gzip.finished = true
        return 0
      }
    }
    if gzip.betweenMembers {
      // Some writers pad with zeros to a block size.
      let view = gzip.input.view(count: gzip.end)
      while gzip.start < gzip.end, view[gzip.start] == 0 { gzip.start += 1 }
      if gzip.start == gzip.end { return 0 }
      gzip.inflater.reset()
      gzip.betweenMembers = false
    }
    let (taken, made, step) = gzip.inflater.run(
      gzip.input, gzip.start..<gzip.end, buffer, range)
    gzip.start += taken
    switch step {
    case .more: break
    case .end: gzip.betweenMembers = true
    case .damaged(let detail):
      throw .corruptGzip(path, byteOffset: fileBytesRead, detail: detail)
    }
    return made
  }
}

/// Where a gzip stream stands.
private struct GzipState: ~Copyable {
  var inflater = Inflater(.gzip)
  let input: ByteBuffer
  var start = 0
  var end = 0
  var betweenMembers = false
  var finished = false

  init(inputBytes: Int) { input = ByteBuffer(capacity: inputBytes) }
}
