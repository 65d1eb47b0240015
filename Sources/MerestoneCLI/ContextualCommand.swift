import ArgumentParser

/// A command that reads and writes through a ``Context`` instead of the process's globals, so that
/// tests can run it.
protocol ContextualCommand: ParsableCommand {
  /// Whether an interrupt asks this command to stop, instead of ending the process at once. True
  /// for work that polls the context's cancellation.
  static var handlesInterrupts: Bool { get }

  func run(in context: Context) throws
}

extension ContextualCommand {
  static var handlesInterrupts: Bool { false }
}
