import Glibc
import MerestoneCore
import Synchronization

/// Turns SIGINT, SIGTERM and SIGHUP into a cancellation; a second SIGINT ends the process at once.
///
/// The handler only counts and writes one byte to a pipe; a thread of its own reads the pipe and
/// does the rest.
package struct Interrupts: Sendable {
  package init() {}

  /// From here on an interrupt cancels the context's work. Once per process.
  func install(_ context: Context) {
    guard let pipe = Self.makePipe() else { return }
    Self.unblock()
    InterruptSignal.writeEnd.store(pipe.writeEnd, ordering: .relaxed)
    Self.watch(pipe.readEnd, context)
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = InterruptSignal.handle
    // Interrupted system calls go on: the work stops at its own next step instead.
    action.sa_flags = SA_RESTART
    for signal in [SIGINT, SIGTERM, SIGHUP] where signal != SIGHUP || !Self.isIgnored(signal) {
      // SAFETY: the structure outlives the call.
      unsafe sigaction(signal, &action, nil)
    }
    // A file past the size limit is an error of the write, with its name, instead of a signal.
    _ = Glibc.signal(SIGXFSZ, SIG_IGN)
  }

  /// Whether whoever started the program wants the signal ignored, as `nohup` does.
  private static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    // SAFETY: the call fills the structure.
    guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
    // SAFETY: handlers are compared as addresses, not called.
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// A program that starts this one from a thread which blocks signals hands that down.
  private static func unblock() {
    var signals = sigset_t()
    // SAFETY: the set outlives the calls.
    unsafe sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM] { unsafe sigaddset(&signals, signal) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func makePipe() -> (readEnd: Int32, writeEnd: Int32)? {
    var ends: [Int32] = [-1, -1]
    // SAFETY: the call writes two descriptors into the array of two.
    guard unsafe pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Waits for the first byte in the background.
  private static func watch(_ readEnd: Int32, _ context: Context) {
    let watch = InterruptWatch(readEnd: readEnd, context: context)
    // SAFETY: the retained reference is taken over by the thread, which releases it at its end.
    let argument = unsafe Unmanaged.passRetained(watch).toOpaque()
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        unsafe Unmanaged<InterruptWatch>.fromOpaque(argument!).takeRetainedValue().wait()
        return nil
      }, argument)
    if status == 0 { pthread_detach(thread) }
  }
}

/// What the signal handler may touch: two atomics, nothing that allocates or locks.
private enum InterruptSignal {
  static let writeEnd = Atomic<Int32>(-1)
  static let count = Atomic<Int>(0)

  static let handle: @convention(c) (Int32) -> Void = { signal in
    let earlier = count.add(1, ordering: .relaxed).oldValue
    if earlier > 0, signal == SIGINT {
      _ = Glibc.signal(signal, SIG_DFL)
      raise(signal)
      return
    }
    let error = errno
    var byte: UInt8 = 0
    // SAFETY: one byte is written from a variable of one byte.
    _ = unsafe write(writeEnd.load(ordering: .relaxed), &byte, 1)
    errno = error
  }
}

private final class InterruptWatch: Sendable {
  let readEnd: Int32
  let context: Context

  init(readEnd: Int32, context: Context) {
    self.readEnd = readEnd
    self.context = context
  }

  func wait() {
    var byte: UInt8 = 0
    // SAFETY: one byte is read into a variable of one byte.
    while unsafe read(readEnd, &byte, 1) < 0, errno == EINTR {}
    context.cancellation.cancel()
    context.note("\nmerestone: stopping at the next safe point; interrupt again to end at once")
  }
}
