package import ArgumentParser

/// The `merestone` command and its subcommands.
package struct Command: ParsableCommand {
  package static let version = "0.1.0"

  package static let configuration = CommandConfiguration(
    commandName: "merestone",
    abstract: "Graph learning on one ordinary machine, for graphs of 10^6 to 10^10 edges.",
    discussion: """
      Turns raw edge lists into a compact graph directory, trains graph neural networks on it \
      with any number of worker processes, and answers queries for sampled subgraphs.

      EXAMPLE
        merestone generate communities --out data/demo/raw
        merestone preprocess data/demo/raw --out data/demo/graph --shards 4
        merestone inspect data/demo/graph
        merestone train data/demo/graph --out data/demo/run --workers 2
        merestone evaluate data/demo/run

      Results go to standard output, progress and warnings to standard error.
      Exit status: 0 done, 1 failed, 64 wrong usage, 65 bad input data, 74 input/output error, \
      130 interrupted.
      """,
    version: "merestone \(version)",
    groupedSubcommands: [
      CommandGroup(
        name: "Make a graph",
        subcommands: [GenerateCommand.self, PlanCommand.self, PreprocessCommand.self]),
      CommandGroup(
        name: "Ask a graph",
        subcommands: [
          InspectCommand.self, VerifyCommand.self, LookupCommand.self, SampleCommand.self,
        ]),
      CommandGroup(
        name: "Learn from a graph",
        subcommands: [
          TrainCommand.self, EvaluateCommand.self, PredictCommand.self, WorkerCommand.self,
        ]),
    ])

  package static var _errorPrefix: String { Failure.prefix }

  package init() {}

  /// The names of the commands that users see.
  package static var subcommandNames: [String] {
    configuration.subcommands.compactMap { command in
      command.configuration.shouldDisplay ? command.configuration.commandName : nil
    }
  }

  /// Runs the command that `arguments` name: the whole program, but for the end of the process.
  ///
  /// - Parameter arguments: Without the program's own name.
  /// - Returns: The exit status.
  package static func run(_ arguments: [String], in context: Context) -> Int32 {
    do {
      var command = try parseAsRoot(arguments)
      if let command = command as? any ContextualCommand {
        if type(of: command).handlesInterrupts { context.interrupts?.install(context) }
        try command.run(in: context)
      } else {
        try command.run()
      }
      return ExitStatus.done.rawValue
    } catch {
      return report(error, in: context)
    }
  }

  private static func report(_ error: any Error, in context: Context) -> Int32 {
    if let failure = Failure(error) {
      context.output.notes.write(failure.text + "\n")
      return failure.status.rawValue
    }
    // What is left are the argument parser's own: wrong usage, and requests for help.
    let status = exitCode(for: error)
    let text = fullMessage(for: error, columns: context.columns)
    guard !text.isEmpty else { return status.rawValue }
    if status.isSuccess {
      context.output.results.write(text + "\n")
    } else {
      context.output.notes.write(text + "\n")
    }
    return status.rawValue
  }
}
