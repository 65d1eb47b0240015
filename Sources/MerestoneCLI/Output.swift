import Glibc
import Synchronization

/// Where a command writes: results, and notes such as progress, warnings and errors.
package struct Output: Sendable {
  /// Standard output.
  package var results: TextSink

  /// Standard error.
  package var notes: TextSink

  package init(results: TextSink, notes: TextSink) {
    self.results = results
    self.notes = notes
  }

  /// The process's own standard output and standard error.
  package static var process: Output {
    Output(results: TextSink(descriptor: STDOUT_FILENO), notes: TextSink(descriptor: STDERR_FILENO))
  }

  /// Keeps everything, for tests.
  package static var captured: Output { Output(results: TextSink(), notes: TextSink()) }
}

/// Takes text and writes it to a file descriptor or keeps it. Safe to use from several threads.
package final class TextSink: Sendable {
  private let descriptor: Int32?
  private let kept = Mutex("")

  /// Whether a person watches.
  package let isTerminal: Bool

  package init(descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
  }

  /// Keeps the text; see ``text``.
  package init() {
    descriptor = nil
    isTerminal = false
  }

  /// What was kept so far.
  package var text: String { kept.withLock { $0 } }

  /// - Returns: Whether all of it was written.
  @discardableResult
  package func write(_ text: String) -> Bool {
    kept.withLock { kept in
      guard let descriptor else {
        kept += text
        return true
      }
      return Self.write(Array(text.utf8), to: descriptor)
    }
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let written = unsafe bytes.withUnsafeBytes { buffer in
        // SAFETY: the pointer and the count describe the rest of the array's bytes.
        unsafe Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
      }
      if written < 0 {
        if errno == EINTR { continue }
        return false
      }
      done += written
    }
    return true
  }
}
