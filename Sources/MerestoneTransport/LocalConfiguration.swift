/// The worker processes of one run on this machine.
package struct LocalConfiguration: Sendable {
  /// A file that every worker gets as an open descriptor, under a name of its own.
  package struct InheritedFile: Sendable {
    package var name: String
    package var descriptor: Int32

    /// - Parameters:
    ///   - name: Without commas; ``LocalTransport/descriptor(named:)`` finds it.
    ///   - descriptor: Open in this process until the run has ended. All workers share its file
    ///     position: map it or use `pread`.
    package init(name: String, descriptor: Int32) {
      precondition(!name.isEmpty && !name.contains(","), "a file named '\(name)'")
      self.name = name
      self.descriptor = descriptor
    }
  }

  /// The worker program: an absolute path, or one relative to the current directory.
  package var executable: String

  /// What the program gets after its own name.
  package var arguments: [String]

  package var workerCount: Int

  /// Variables to set in the workers beside those of this process.
  package var environment: [String: String] = [:]

  package var files: [InheritedFile] = []

  /// How many floats one round of a reduction holds. Longer gradients take several rounds; shared
  /// memory grows to at most `4 * reduceCapacity * (workerCount + 1)` bytes.
  package var reduceCapacity = 1 << 20

  /// How long others may wait for a worker without a sign of life before a warning names it.
  package var lateAfter: Duration = .seconds(30)

  /// How long workers may take to leave by themselves after a cancellation.
  package var stopGrace: Duration = .seconds(2)

  package init(executable: String, arguments: [String], workerCount: Int) {
    precondition(workerCount > 0, "\(workerCount) workers")
    self.executable = executable
    self.arguments = arguments
    self.workerCount = workerCount
  }
}
