import Glibc
import Synchronization

/// The standard input, or another descriptor that can be read only once.
///
/// What is read while a file's head is looked at is kept, so that the one reading of the whole
/// input can begin at its first byte again; ``stopKeeping()`` ends that.
package final class StandardInput: Sendable {
  package static let shared = StandardInput(descriptor: 0)

  /// How the command line names it.
  package static let path = "-"
  /// How messages name it.
  package static let name = "standard input"

  private struct State {
    // The first bytes, as long as they may be asked for again.
    var kept: [UInt8] = []
    var keeps = true
    // Bytes read from the descriptor.
    var position = 0
  }

  private let descriptor: Int32
  private let state = Mutex(State())
  private let stopped = Atomic<Bool>(false)

  /// - Parameter descriptor: Open for reading as long as this object is used; not closed by it.
  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// Makes calls of ``read(at:into:range:)`` that wait for input give up.
  func interrupt() { stopped.store(true, ordering: .relaxed) }

  /// From now on bytes are forgotten once they are read.
  func stopKeeping() { state.withLock { $0.keeps = false } }

  /// Reads until `range` of `buffer` is full or the input ends.
  /// - Throws: ``IngestError/readTwice(_:)`` where `offset` lies before what is still kept.
  func read(
    at offset: Int, into buffer: ByteBuffer, range: Range<Int>
  ) throws(IngestError) -> Int {
    try state.withLock { state throws(IngestError) in
      var done = 0
      if offset < state.position {
        guard state.position - state.kept.count == 0, offset < state.kept.count else {
          throw .readTwice(Self.name)
        }
        let count = min(range.count, state.kept.count - offset)
        buffer.store(state.kept[offset..<offset + count], at: range.lowerBound)
        done = count
        if !state.keeps, offset + count == state.kept.count { state.kept = [] }
      }
      while done < range.count {
        let count = try readSome(
          at: state.position, into: buffer, range: range.lowerBound + done..<range.upperBound)
        if count == 0 { break }
        if state.keeps {
          let made = range.lowerBound + done..<range.lowerBound + done + count
          buffer.view(count: made.upperBound).append(made, to: &state.kept)
        }
        state.position += count
        done += count
      }
      return done
    }
  }

  private func readSome(
    at offset: Int, into buffer: ByteBuffer, range: Range<Int>
  ) throws(IngestError) -> Int {
    let descriptor = descriptor
    while true {
      if stopped.load(ordering: .relaxed) { throw .interrupted }
      var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      // SAFETY: one entry, lent for the call. Waiting ends now and then to see `stopped`.
      let ready = unsafe poll(&wanted, 1, 100)
      if ready == 0 { continue }
      let count = unsafe buffer.withMutableBytes(range) { target in
        // SAFETY: the bytes are lent for the time of the call.
        unsafe Glibc.read(descriptor, target.baseAddress!, target.count)
      }
      if count >= 0 { return count }
      if errno != EINTR, errno != EAGAIN {
        throw .cannotRead(Self.name, byteOffset: offset, code: errno)
      }
    }
  }
}
