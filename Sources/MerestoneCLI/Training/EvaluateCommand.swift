import ArgumentParser
import MerestoneCore
import MerestoneTraining

/// `merestone evaluate`.
struct EvaluateCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a trained model on the nodes of one split.",
    usage: """
      merestone evaluate <run> [--split <split>] [--json] [<options>]
      """,
    discussion: """
      Uses the weights with the lowest validation loss and all neighbours, layer by layer over \
      the whole graph, so the result depends on no seed.

      EXAMPLES
        merestone evaluate run
        merestone evaluate run --split val --json

      The JSON object has the keys split, accuracy, loss, count and epoch.
      """)

  static let handlesInterrupts = true

  @Argument(help: ArgumentHelp("A run directory made by `merestone train`."))
  var run: String

  @Option(
    help: ArgumentHelp("The nodes to measure: train, val or test.", valueName: "split"),
    transform: Self.split)
  var split: Split = .test

  @OptionGroup var output: JSONOptions
  @OptionGroup var memory: MemoryOptions
  @OptionGroup var threads: ThreadOptions

  func run(in context: Context) throws {
    let report = try Evaluator(
      run: run, threads: threads.count, memory: memory.cap, cancellation: context.cancellation
    ).evaluate(split: split)
    if output.json {
      try context.print(
        .object([
          "split": .string(report.split),
          "accuracy": .number(report.accuracy),
          "loss": .number(report.loss),
          "count": .integer(report.count),
          "epoch": .integer(report.epoch),
        ]))
    } else {
      try context.print(
        "\(report.split): accuracy \((report.accuracy * 100).formatted(decimals: 2))%, "
          + "loss \(report.loss.formatted(decimals: 4)), over \(report.count.counted("node")) "
          + "(weights of epoch \(report.epoch))")
    }
  }

  private static func split(_ word: String) throws -> Split {
    guard let split = Split(word: word), split != .none else {
      throw ValidationError("'\(word)' is not a split; use train, val or test.")
    }
    return split
  }
}
