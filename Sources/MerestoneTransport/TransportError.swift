import Glibc

/// What went wrong between the worker processes of a run.
package enum TransportError: Error, Sendable {
  /// The worker program could not be started.
  case cannotStart(executable: String, code: Int32)

  /// A worker ended before its work was done. The others have been ended too.
  case workerDied(rank: Int, pid: Int32, status: ExitStatus)

  /// A worker left with status 0 while others wait for it in a barrier.
  case workerLeftEarly(rank: Int, pid: Int32)

  /// A worker sent something that is not a message.
  case malformedEvent(rank: Int, pid: Int32, byteCount: UInt64)

  /// The run was cancelled; no worker is left.
  case interrupted

  /// The listener of events failed; the workers have been ended.
  case eventHandler(any Error)

  /// The process was not started as a worker.
  case notAWorker(found: String)

  /// The kernel refused something that workers need.
  case system(operation: String, code: Int32)
}

extension TransportError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cannotStart(let executable, let code):
      "cannot start the worker program \(executable): \(Self.reason(code)); "
        + "check that the file exists and may be executed, and that the limits on processes "
        + "and memory (ulimit -a) allow another worker"
    case .workerDied(let rank, let pid, let status):
      "worker \(rank) (process \(pid)) \(status); the other workers have been ended; "
        + "--resume continues from the last checkpoint"
    case .workerLeftEarly(let rank, let pid):
      "worker \(rank) (process \(pid)) left with exit status 0 while others waited for it in a "
        + "barrier, which is a fault of the program; the other workers have been ended; "
        + "--resume continues from the last checkpoint"
    case .malformedEvent(let rank, let pid, let byteCount):
      "worker \(rank) (process \(pid)) announced a message of \(byteCount) bytes, expected at "
        + "most \(EventFrame.largestPayload); its executable is probably of another version: "
        + "rebuild, then continue with --resume"
    case .interrupted:
      "interrupted; all workers have ended; --resume continues from the last checkpoint"
    case .eventHandler(let error):
      "\(error)"
    case .notAWorker(let found):
      "this command is the worker side of a training run and is started by it, not by hand "
        + "(\(found)); use 'merestone train GRAPH --out RUN --workers N' instead"
    case .system(let operation, let code):
      "cannot \(operation): \(Self.reason(code)); "
        + "check the limits on open files, processes and memory (ulimit -a) or use fewer workers"
    }
  }

  private static func reason(_ code: Int32) -> String {
    // SAFETY: strerror returns a C string that lives until the thread's next call.
    unsafe String(cString: strerror(code))
  }
}
