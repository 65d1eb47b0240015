import Glibc
import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// What an input file was: its size and the checksum of its bytes.
enum FileFingerprint {
  /// Reads a whole file.
  static func of(
    _ path: String, cancellation: Cancellation
  ) throws(PreprocessError) -> InputFingerprint {
    let descriptor = try open(path)
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var checksum = Checksum()
    var bytes = 0
    while true {
      if cancellation.isCancelled { throw .interrupted }
      // SAFETY: at most as many bytes are written as the array has.
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw .ingest(.cannotRead(path, byteOffset: bytes, code: errno))
      }
      if count == 0 { break }
      // SAFETY: every byte of an array of bytes is initialised.
      unsafe checksum.update(buffer.span.extracting(0..<count).bytes)
      bytes += count
    }
    return InputFingerprint(path: path, bytes: bytes, checksum: checksum.value)
  }

  private static func open(_ path: String) throws(PreprocessError) -> Int32 {
    // SAFETY: the path is a NUL-terminated string for the time of the call.
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .ingest(
        errno == ENOENT ? .missingFile(path) : .cannotRead(path, byteOffset: 0, code: errno))
    }
    return descriptor
  }
}
