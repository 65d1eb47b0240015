/// How a worker process ended.
package enum ExitStatus: Equatable, Sendable {
  case exited(Int32)
  case signalled(Int32)

  /// Reads the status word of `waitpid`.
  init(waitStatus: Int32) {
    let signal = waitStatus & 0x7F
    self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .signalled(signal)
  }

  package var isSuccess: Bool { self == .exited(0) }
}

extension ExitStatus: CustomStringConvertible {
  package var description: String {
    switch self {
    case .exited(0): "left with exit status 0"
    case .exited(let code): "failed with exit status \(code)"
    case .signalled(let signal): "was killed by signal \(signal)\(Self.meaning(of: signal))"
    }
  }

  private static func meaning(of signal: Int32) -> String {
    switch signal {
    case 1: " (SIGHUP; its terminal was closed)"
    case 2: " (SIGINT)"
    case 4: " (SIGILL; a check in the program failed, see the message above)"
    case 5: " (SIGTRAP; a check in the program failed, see the message above)"
    case 6: " (SIGABRT)"
    case 7: " (SIGBUS; a mapped file was truncated, or its disk is full or failing)"
    case 8: " (SIGFPE)"
    case 9: " (SIGKILL; often the kernel's out-of-memory killer: try a lower --memory)"
    case 11: " (SIGSEGV; a fault of the program)"
    case 13: " (SIGPIPE; what reads the messages on stderr has gone)"
    case 15: " (SIGTERM)"
    case 24: " (SIGXCPU; the processor time limit of this shell or job)"
    case 25: " (SIGXFSZ; the file size limit of this shell or job)"
    default: ""
    }
  }
}
