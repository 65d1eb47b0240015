package import MerestoneCore

/// What surrounds one run of the command: where its output goes, and what the process knows.
package struct Context: Sendable {
  package var output: Output
  package var cancellation: Cancellation

  /// Environment variables.
  package var environment: [String: String]

  /// The name that the program was started by, with or without its folder.
  package var programName: String

  /// Width of help pages; `nil` asks the terminal.
  package var columns: Int?

  /// Turns the process's interrupts into a cancellation; `nil` leaves them alone.
  package var interrupts: Interrupts?

  package init(
    output: Output, cancellation: Cancellation = Cancellation(),
    environment: [String: String] = [:], programName: String = "merestone", columns: Int? = nil,
    interrupts: Interrupts? = nil
  ) {
    self.output = output
    self.cancellation = cancellation
    self.environment = environment
    self.programName = programName
    self.columns = columns
    self.interrupts = interrupts
  }

  /// Prints a part of the result.
  func print(_ text: String) throws {
    guard output.results.write(text + "\n") else { throw CommandError.cannotPrint }
  }

  /// Prints one JSON object as the result.
  func print(_ json: JSON) throws { try print(json.text) }

  /// Tells the user something that is no result.
  func note(_ text: String) { output.notes.write(text + "\n") }
}
