import MerestoneCLI
import MerestoneCore

/// One run of the command with everything that it printed.
struct CommandLineRun {
  var status: Int32
  var output: String
  var notes: String
}

/// Runs `merestone` inside the test's process, with help pages 80 columns wide.
func merestone(
  _ arguments: [String], environment: [String: String] = [:],
  cancellation: Cancellation = Cancellation()
) -> CommandLineRun {
  let output = Output.captured
  let status = Command.run(
    arguments,
    in: Context(
      output: output, cancellation: cancellation, environment: environment, columns: 80))
  return CommandLineRun(status: status, output: output.results.text, notes: output.notes.text)
}

func merestone(_ arguments: String...) -> CommandLineRun { merestone(arguments) }
