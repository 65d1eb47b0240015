import Glibc

/// Reading at a byte offset, which moves no file position: any thread may.
package enum PositionedRead {
  /// Fills `bytes` from an open file, as far as it goes.
  ///
  /// - Parameter path: For errors.
  /// - Returns: How many bytes were read: fewer than there is room for where the file ends before.
  @unsafe static func fill(
    _ bytes: UnsafeMutableRawBufferPointer, from descriptor: Int32, at byteOffset: Int,
    path: String
  ) throws(StorageError) -> Int {
    var done = 0
    while done < bytes.count {
      // SAFETY: the pointer and the count describe the rest of the caller's buffer.
      let count = unsafe pread(
        descriptor, bytes.baseAddress! + done, bytes.count - done, byteOffset + done)
      if count < 0 {
        if errno == EINTR { continue }
        throw .io(path: path, operation: "read", code: errno)
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Fills all of `bytes` from an open file.
  /// - Throws: ``StorageError/wrongSize(path:expected:found:)`` where the file ends before.
  @unsafe package static func read(
    into bytes: UnsafeMutableRawBufferPointer, from descriptor: Int32, at byteOffset: Int,
    path: String
  ) throws(StorageError) {
    // SAFETY: the caller's buffer is filled and no more.
    let done = unsafe try fill(bytes, from: descriptor, at: byteOffset, path: path)
    guard done == bytes.count else {
      throw unsafe .wrongSize(
        path: path, expected: byteOffset + bytes.count, found: byteOffset + done)
    }
  }
}
