import MerestoneStorage

/// An error as the user sees it: the one place that maps errors to exit statuses.
struct Failure {
  static let prefix = "merestone: error: "

  let status: ExitStatus
  let message: String

  /// What is printed, without a line break at the end.
  var text: String {
    status == .interrupted ? "merestone: \(message)" : Self.prefix + message
  }

  /// `nil` for errors that are not the product's own.
  init?(_ error: any Error) {
    switch error {
    case let error as CommandError: self.init(Self.status(of: error), error)
    case let error as StorageError: self.init(Self.status(of: error), error)
    default: return nil
    }
  }

  private init(_ status: ExitStatus, _ error: some CustomStringConvertible) {
    self.status = status
    message = error.description
  }

  private static func status(of error: CommandError) -> ExitStatus {
    switch error {
    case .usage, .noWorkerProgram: .usage
    case .notAGraph, .unknownID, .badLine, .damaged: .badData
    case .unreadable, .unwritable, .cannotPrint: .inputOutput
    case .interrupted: .interrupted
    }
  }

  private static func status(of error: StorageError) -> ExitStatus {
    switch error {
    case .interrupted: .interrupted
    case .alreadyExists: .usage
    case .locked: .failed
    default: error.isInputOutput ? .inputOutput : .badData
    }
  }
}
