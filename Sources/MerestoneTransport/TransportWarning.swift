import MerestoneCore

/// Something about the workers that the user should know though the run goes on.
package enum TransportWarning: Equatable, Sendable {
  /// A worker that others have been waiting for, in a barrier, without a sign of life.
  case late(rank: Int, pid: Int32, waiting: Int, seconds: Double)
}

extension TransportWarning: CustomStringConvertible {
  package var description: String {
    switch self {
    case .late(let rank, let pid, let waiting, let seconds):
      "worker \(rank) (process \(pid)) is late: \(waiting) "
        + "\(waiting == 1 ? "other waits" : "others wait") for it since "
        + "\(seconds.formatted(decimals: 1)) s; if it is stopped, continue it with "
        + "'kill -CONT \(pid)'; if it hangs, end it with 'kill \(pid)' and use --resume"
    }
  }
}
