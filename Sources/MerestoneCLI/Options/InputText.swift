import Glibc

/// Small text files that the command line names: whole files, pipes, or `-` for standard input.
enum InputText {
  /// - Throws: ``CommandError/unreadable(path:reason:)``, and
  ///   ``CommandError/badLine(path:line:expected:found:)`` for bytes that are not UTF-8.
  static func lines(of path: String) throws(CommandError) -> [Substring] {
    let bytes = try bytes(of: path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .badLine(
        path: path, line: invalidLine(bytes), expected: "UTF-8 text", found: "other bytes")
    }
    return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  private static func bytes(of path: String) throws(CommandError) -> [UInt8] {
    // SAFETY: the path is zero-terminated for the call.
    let descriptor = path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(path: path, reason: reason(errno)) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // SAFETY: at most as many bytes are written as the array has.
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(path: path, reason: reason(errno)) }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }

  /// The first line that is not UTF-8, counted from 1.
  private static func invalidLine(_ bytes: [UInt8]) -> Int {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0) + 1
  }

  private static func reason(_ code: Int32) -> String {
    // SAFETY: the C string lives until the thread's next call and is copied at once.
    unsafe String(cString: strerror(code))
  }
}
