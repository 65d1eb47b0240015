import FoundationEssentials
import Glibc

/// One worker as its supervisor sees it.
struct WorkerProcess {
  let rank: Int
  let pid: pid_t
  /// The supervisor's end of the socket pair.
  let socket: Int32
  /// Set once the process has ended and its remains are collected.
  private(set) var status: ExitStatus?
  /// When the worker's end of the socket was closed, in nanoseconds of ``MonotonicClock``.
  private(set) var streamEnd: UInt64?
  private var reader = EventFrame.Reader()

  init(rank: Int, pid: pid_t, socket: Int32) {
    self.rank = rank
    self.pid = pid
    self.socket = socket
  }

  var isAlive: Bool { status == nil }

  /// Reads what has arrived, without waiting, and returns the complete messages.
  ///
  /// - Parameters:
  ///   - scratch: Room to read into.
  ///   - rounds: How often to fill it at most, so that one busy worker does not starve the others.
  mutating func receive(
    _ scratch: inout [UInt8], rounds: Int
  ) throws(TransportError) -> [Data] {
    var round = 0
    while streamEnd == nil, round < rounds {
      round += 1
      // SAFETY: the call writes at most as many bytes as the buffer holds.
      let count = unsafe scratch.withUnsafeMutableBytes {
        unsafe recv(socket, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
      }
      if count > 0 {
        reader.append(scratch[..<count])
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        streamEnd = MonotonicClock.nanoseconds()
      } else if errno == EAGAIN {
        break
      }
    }
    do throws(EventFrame.Malformed) {
      return try reader.takeMessages()
    } catch {
      throw .malformedEvent(rank: rank, pid: pid, byteCount: error.byteCount)
    }
  }

  /// Collects the process if it has ended.
  /// - Parameter waiting: Whether to wait for the end.
  mutating func reap(waiting: Bool) {
    guard status == nil else { return }
    var word: Int32 = 0
    var result: pid_t
    repeat {
      // SAFETY: the call fills the word that it is given.
      result = unsafe waitpid(pid, &word, waiting ? 0 : WNOHANG)
    } while result < 0 && errno == EINTR
    if result == pid {
      status = ExitStatus(waitStatus: word)
    } else if result < 0 {
      // Somebody else collected the process (a program that ignores SIGCHLD): how it ended is
      // lost, and a lost end counts as a failure.
      status = .exited(255)
    }
  }

  func kill() {
    if isAlive { _ = Glibc.kill(pid, SIGKILL) }
  }

  func askToStop() {
    var byte = EventFrame.stopRequest
    // SAFETY: the call reads the one byte that it is given.
    _ = unsafe send(
      socket, &byte, 1, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }
}
