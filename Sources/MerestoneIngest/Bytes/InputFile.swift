import Glibc

/// An input that is open for reading: a regular file, or the standard input, which can be read
/// only once. Closed when the last reference goes.
final class InputFile: Sendable {
  /// The path, or what messages call the standard input.
  let path: String
  /// The size when it was opened; 0 for the standard input, whose size nobody knows.
  let bytes: Int
  /// nil for the standard input.
  let stamp: FileStamp?
  let standardInput: StandardInput?
  private let descriptor: Int32

  init(path: String) throws(IngestError) {
    self.path = path
    standardInput = nil
    // A named pipe must be refused, not waited for.
    // SAFETY: the path is passed as a NUL-terminated string for the time of the call.
    let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw .missingFile(path) }
      throw .cannotRead(path, byteOffset: 0, code: code)
    }
    descriptor = opened
    var status = stat()
    // SAFETY: `status` is a local that the call fills.
    guard unsafe fstat(opened, &status) == 0 else {
      bytes = 0
      stamp = nil
      throw .cannotRead(path, byteOffset: 0, code: errno)
    }
    bytes = Int(status.st_size)
    stamp = FileStamp(status)
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path) }
  }

  init(_ standardInput: StandardInput) {
    path = StandardInput.name
    bytes = 0
    stamp = nil
    descriptor = -1
    self.standardInput = standardInput
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Whether it can be read from any place, any number of times.
  var isRepeatable: Bool { standardInput == nil }

  /// Throws if the file is no longer as it was when it was opened.
  func checkUnchanged() throws(IngestError) {
    guard let stamp else { return }
    var status = stat()
    // SAFETY: `status` is a local that the call fills.
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .cannotRead(path, byteOffset: 0, code: errno)
    }
    if let detail = FileStamp(status).difference(from: stamp) {
      throw .fileChanged(path, detail: detail)
    }
  }

  /// Reads until `range` of `buffer` is full or the file ends.
  /// - Returns: the number of bytes read.
  func read(
    at offset: Int, into buffer: ByteBuffer, range: Range<Int>
  ) throws(IngestError) -> Int {
    if let standardInput { return try standardInput.read(at: offset, into: buffer, range: range) }
    let path = path
    let descriptor = descriptor
    return try unsafe buffer.withMutableBytes(range) { target throws(IngestError) in
      var done = 0
      while done < target.count {
        // SAFETY: the rest of `target` is inside the lent range.
        let count = unsafe pread(
          descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
        if count < 0 {
          if errno == EINTR { continue }
          throw .cannotRead(path, byteOffset: offset + done, code: errno)
        }
        if count == 0 { break }
        done += count
      }
      return done
    }
  }
}
