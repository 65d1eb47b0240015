import MerestoneIngest
import MerestonePartition
import MerestonePreprocess
import MerestoneSampling
import MerestoneStorage
import MerestoneTraining

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
    case let error as IngestError: self.init(Self.status(of: error), error)
    case let error as PartitionError: self.init(Self.status(of: error), error)
    case let error as PreprocessError:
      self.init(ExitStatus(rawValue: error.exitCode) ?? .failed, error)
    case let error as SamplingError: self.init(Self.status(of: error), error)
    case TrainingError.interrupted:
      // Of an evaluation or a prediction; an interrupted run names the command that goes on.
      self.init(.interrupted, CommandError.interrupted)
    case let error as TrainingError:
      self.init(ExitStatus(rawValue: error.exitCode) ?? .failed, error)
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
    case .notAGraph, .unknownID, .unknownEdge, .badLine, .damaged: .badData
    case .unreadable, .cannotPrint: .inputOutput
    case .interrupted, .interruptedRun: .interrupted
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

  private static func status(of error: IngestError) -> ExitStatus {
    if case .interrupted = error { return .interrupted }
    return error.isInputOutput ? .inputOutput : error.isUsage ? .usage : .badData
  }

  private static func status(of error: PartitionError) -> ExitStatus {
    switch error {
    case .interrupted: .interrupted
    case .shardsOutOfRange(let shards, _): shards < 1 ? .usage : .badData
    case .tooManyShards, .imbalanceOutOfRange: .usage
    case .tooManyNodes: .badData
    case .neighbors(let error): status(of: error)
    case .inconsistent: .failed
    }
  }

  private static func status(of error: SamplingError) -> ExitStatus {
    switch error {
    case .storage(let error): status(of: error)
    case .sharedMemory, .stalled: .inputOutput
    case .cancelled: .interrupted
    case .seedOutOfRange, .edgeOutOfRange, .fanoutBelowMinusOne, .blockTooLarge,
      .differentNodeTypes, .badParameter, .nothingToDraw, .edgeColumnMissing,
      .edgeColumnNotNumeric, .timesNotIntegers, .timesMissing, .timesWithoutUse, .wrongTimeCount,
      .relationMissing, .relationAmbiguous, .relationTwice, .fanoutsUnequal:
      .usage
    case .badWeight, .weightSumOverflow: .badData
    }
  }
}
