/// The bytes of an input, in order, in buffers of the caller's size; decompressed where it is
/// gzip, zstd or LZ4.
///
/// Whether an input is compressed is told by its first bytes, never by its name. Several gzip
/// members or frames are read as one stream (RFC 1952, RFC 8878), zero padding behind a gzip
/// member is ignored.
final class ByteSource {
  /// As messages call the input.
  let path: String
  /// nil for a plain file.
  let compression: Compression?
  /// The file's size on disk; 0 for the standard input.
  let fileBytes: Int

  private let file: InputFile
  private var fileOffset = 0
  private var decoding: Decoding?

  convenience init(path: String) throws(IngestError) {
    try self.init(InputFile(path: path))
  }

  /// - Throws: ``IngestError/notCompressed(_:kind:)`` where the name promises a compression that
  ///   the first bytes do not have.
  init(_ file: InputFile) throws(IngestError) {
    self.file = file
    path = file.path
    fileBytes = file.bytes
    let probe = ByteBuffer(capacity: Compression.magicBytes)
    let count = try file.read(at: 0, into: probe, range: 0..<probe.capacity)
    compression = Compression(start: probe.view(count: count))
    if compression == nil, count > 0, let promised = Compression(path: path) {
      throw .notCompressed(path, kind: promised)
    }
    decoding = compression.map { Decoding(decoder: $0.decoder()) }
  }

  var isCompressed: Bool { compression != nil }

  /// Whether several of these can read different parts of the input at the same time.
  var isSplittable: Bool { compression == nil && file.isRepeatable }

  /// How far the file on disk has been consumed: for progress.
  var fileBytesRead: Int { fileOffset - (decoding.map { $0.end - $0.start } ?? 0) }

  /// Throws if the file is no longer as it was when it was opened.
  func checkUnchanged() throws(IngestError) { try file.checkUnchanged() }

  /// Reads until `range` of `buffer` is full or the input ends.
  /// - Returns: the bytes read; fewer than asked only at the end.
  func read(into buffer: ByteBuffer, range: Range<Int>) throws(IngestError) -> Int {
    guard let decoding, let compression else {
      let count = try file.read(at: fileOffset, into: buffer, range: range)
      fileOffset += count
      return count
    }
    var position = range.lowerBound
    while position < range.upperBound, !decoding.finished {
      position += try decodeSome(
        decoding, compression, into: buffer, range: position..<range.upperBound)
    }
    return position - range.lowerBound
  }

  /// Reads and forgets `count` bytes.
  /// - Returns: the bytes skipped; fewer than asked only at the end.
  func skip(_ count: Int) throws(IngestError) -> Int {
    if isSplittable {
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

  private func decodeSome(
    _ state: Decoding, _ kind: Compression, into buffer: ByteBuffer, range: Range<Int>
  ) throws(IngestError) -> Int {
    var atEnd = false
    if state.start == state.end {
      let count = try file.read(at: fileOffset, into: state.input, range: 0..<state.input.capacity)
      fileOffset += count
      state.start = 0
      state.end = count
      atEnd = count == 0
      if atEnd, state.isBetweenFrames {
        state.finished = true
        return 0
      }
    }
    if state.isBetweenFrames {
      if kind == .gzip {
        // Some writers pad with zeros to a block size.
        let view = state.input.view(count: state.end)
        while state.start < state.end, view[state.start] == 0 { state.start += 1 }
        if state.start == state.end { return 0 }
      }
      state.decoder.begin()
      state.isBetweenFrames = false
    }
    let (taken, made, step) = state.decoder.run(
      state.input, state.start..<state.end, buffer, range)
    state.start += taken
    switch step {
    case .more:
      // At the end of the file, a decoder may still hold bytes that had no room before.
      if atEnd, made == 0 { throw .truncatedStream(path, kind: kind, byteOffset: fileOffset) }
      if !atEnd, made == 0, taken == 0 {
        throw .corruptStream(
          path, kind: kind, byteOffset: fileBytesRead, detail: "the decoder makes no progress")
      }
    case .end: state.isBetweenFrames = true
    case .damaged(let detail):
      throw .corruptStream(path, kind: kind, byteOffset: fileBytesRead, detail: detail)
    }
    return made
  }
}

/// Where a compressed stream stands.
private final class Decoding {
  let decoder: any StreamDecoding
  let input = ByteBuffer(capacity: 1 << 18)
  var start = 0
  var end = 0
  var isBetweenFrames = false
  var finished = false

  init(decoder: any StreamDecoding) { self.decoder = decoder }
}
