internal import CMerestoneKernels
import Glibc

/// A temporary file that any thread reads and writes at byte offsets of its own.
///
/// It is read with `pread` rather than mapped, so that none of it counts as the process's memory.
/// The file stays when the value goes: a later run may go on with it.
package final class ScratchFile: Sendable {
  package let path: String
  private let descriptor: Int32

  /// Creates an empty file, or opens the one that is there to go on with it.
  package init(path: String, resuming: Bool = false) throws(StorageError) {
    self.path = path
    let flags = O_RDWR | O_CLOEXEC | (resuming ? 0 : O_CREAT | O_TRUNC)
    descriptor = unsafe Glibc.open(path, flags, 0o600)
    guard descriptor >= 0 else {
      throw .io(path: path, operation: resuming ? "open" : "create", code: errno)
    }
  }

  /// Uses a file that is open, and that need not have a name any more.
  /// - Parameter name: For errors.
  package init(sharing descriptor: Int32, name: String) throws(StorageError) {
    path = name
    self.descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard self.descriptor >= 0 else { throw .io(path: name, operation: "share", code: errno) }
  }

  deinit { _ = Glibc.close(descriptor) }

  /// The size of the file in bytes.
  package func byteCount() throws(StorageError) -> Int {
    var status = stat()
    // SAFETY: `status` is a local that the call fills.
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .io(path: path, operation: "read the size of", code: errno)
    }
    return Int(status.st_size)
  }

  package func write(_ bytes: RawSpan, at byteOffset: Int) throws(StorageError) {
    var done = 0
    while done < bytes.byteCount {
      let written = unsafe bytes.withUnsafeBytes { buffer in
        // SAFETY: the pointer and the count describe the rest of the lent bytes.
        unsafe pwrite(
          descriptor, buffer.baseAddress! + done, buffer.count - done, byteOffset + done)
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw .io(path: path, operation: "write", code: errno)
      }
      done += written
    }
  }

  /// Writes parts of `memory` one behind the other: in one call where the kernel takes all at once, so
  /// that it may keep them in large pages.
  @unsafe package func write(
    _ parts: [Range<Int>], of memory: UnsafeRawBufferPointer, at byteOffset: Int
  ) throws(StorageError) {
    let end = byteOffset + parts.reduce(0) { $0 + $1.count }
    var (next, left) = (byteOffset, parts[...])
    while next < end {
      let vectors = unsafe left.prefix(Self.vectorLimit).map { part in
        unsafe iovec(
          iov_base: UnsafeMutableRawPointer(mutating: memory.baseAddress! + part.lowerBound),
          iov_len: part.count)
      }
      // SAFETY: the vectors describe parts of the caller's memory.
      let written = unsafe pwritev(descriptor, vectors, Int32(vectors.count), next)
      if written < 0 {
        if errno == EINTR { continue }
        throw .io(path: path, operation: "write", code: errno)
      }
      next += written
      var done = written
      while let first = left.first, done >= first.count {
        done -= first.count
        left.removeFirst()
      }
      if let first = left.first { left[left.startIndex] = first.dropFirst(done) }
    }
  }

  /// What the kernel takes at once.
  private static let vectorLimit = 1024

  /// Fills all of `bytes` from the file.
  /// - Throws: ``StorageError/wrongSize(path:expected:found:)`` where the file ends before.
  package func read(
    into bytes: UnsafeMutableRawBufferPointer, at byteOffset: Int
  ) throws(StorageError) {
    // SAFETY: the caller's buffer is filled and no more.
    unsafe try PositionedRead.read(into: bytes, from: descriptor, at: byteOffset, path: path)
  }

  /// Asks the kernel to read a range ahead. A hint: failure changes nothing.
  package func prefetch(_ range: Range<Int>) {
    _ = posix_fadvise(descriptor, range.lowerBound, range.count, POSIX_FADV_WILLNEED)
  }

  /// Gives the disk space of a range back, where the file system can; it reads as zeros then.
  package func release(_ range: Range<Int>) {
    _ = mrs_release_range(descriptor, Int64(range.lowerBound), Int64(range.count))
  }

  package func truncate(to byteCount: Int) throws(StorageError) {
    guard ftruncate(descriptor, byteCount) == 0 else {
      throw .io(path: path, operation: "shorten", code: errno)
    }
  }

  /// Removes the file; its space is free once the value is gone.
  package func remove() { Self.remove(path) }

  /// Removes the file at a path that nobody uses; one that does not exist is fine.
  package static func remove(_ path: String) { unsafe unlink(path) }
}
