import Glibc

/// A regular file that is open for reading; closed when the last reference goes.
final class InputFile: Sendable {
  let path: String
  let bytes: Int
  private let descriptor: Int32

  init(path: String) throws(IngestError) {
    self.path = path
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
      throw .cannotRead(path, byteOffset: 0, code: errno)
    }
    bytes = Int(status.st_size)
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path) }
  }

  deinit { close(descriptor) }

  /// Reads until `range` of `buffer` is full or the file ends.
  /// - Returns: the number of bytes read.
  func read(
    at offset: Int, into buffer: ByteBuffer, range: Range<Int>
  ) throws(IngestError) -> Int {
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
