import Glibc
import MerestoneCore

/// A worker's thread that listens to the supervisor: a byte asks to stop, the end of the stream
/// means that the supervisor is gone and that this process must go at once, whatever it is doing.
enum SupervisorWatch {
  private final class Context: Sendable {
    let socket: Int32
    let cancellation: Cancellation

    init(socket: Int32, cancellation: Cancellation) {
      self.socket = socket
      self.cancellation = cancellation
    }
  }

  static func start(socket: Int32, cancellation: Cancellation) throws(TransportError) {
    let context = Context(socket: socket, cancellation: cancellation)
    // SAFETY: the retained reference is taken over by the thread.
    let argument = unsafe Unmanaged.passRetained(context).toOpaque()
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        let context = unsafe Unmanaged<Context>.fromOpaque(argument!).takeRetainedValue()
        SupervisorWatch.listen(context)
      }, argument)
    guard status == 0 else { throw .system(operation: "start a worker's thread", code: status) }
    pthread_detach(thread)
  }

  private static func listen(_ context: Context) -> Never {
    while true {
      var byte: UInt8 = 0
      // SAFETY: the call writes at most the one byte that it is given.
      let count = unsafe recv(context.socket, &byte, 1, 0)
      if count == 1 {
        if byte == EventFrame.stopRequest { context.cancellation.cancel() }
      } else if count == 0 || errno != EINTR {
        _exit(1)
      }
    }
  }
}
