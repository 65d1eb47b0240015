import ArgumentParser
import MerestoneTraining
import MerestoneTransport

/// `merestone worker`: the worker side of `train`, started by it.
struct WorkerCommand: ContextualCommand {
  static let name = "worker"

  static let configuration = CommandConfiguration(
    commandName: name, abstract: "One worker process of a training run; started by train.",
    shouldDisplay: false)

  @Argument var run: String

  func run(in context: Context) throws {
    do throws(TrainingError) {
      try TrainingRun.runWorker(directory: run)
    } catch {
      if case .transport(.notAWorker) = error { throw error }
      // The supervisor was told and prints the message, once for all workers.
      throw ExitCode(error.exitCode)
    }
  }
}
