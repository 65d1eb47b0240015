import MerestoneCore
import MerestoneTraining

/// Trains several times with consecutive seeds and tells mean and deviation: `train --repeats`.
struct RepeatedRuns {
  let command: TrainCommand
  let context: Context

  private struct Result {
    var path: String
    var seed: UInt64
    var summary: TrainingSummary
    var test: Evaluator.Report
  }

  func run() throws {
    guard !RunDirectory(command.out).exists else {
      throw TrainingError.runExists(path: command.out)
    }
    var results: [Result] = []
    for number in 0..<command.repeats {
      let path = "\(command.out)/repeat-\(number + 1 < 10 ? "0" : "")\(number + 1)"
      let run = try command.newRun(at: path, seedOffset: UInt64(number))
      if !command.progress.quiet {
        context.note("== \(number + 1) of \(command.repeats): seed \(run.options.seed), \(path)")
      }
      let summary = try command.train(run, in: context)
      let test = try Evaluator(
        run: path, threads: command.threads.count, memory: command.memory.cap,
        cancellation: context.cancellation
      ).evaluate(split: .test)
      results.append(
        Result(path: path, seed: run.options.seed, summary: summary, test: test))
    }
    try context.print(command.output.json ? json(results).text : text(results))
  }

  private func text(_ results: [Result]) -> String {
    var table = TextTable([.left, .right, .right, .right, .right])
    table.add("run", "seed", "epochs", "validation", "test")
    for result in results {
      table.add(
        result.path, "\(result.seed)", "\(result.summary.epochs)",
        result.summary.bestValidation?.asPercent ?? "-", result.test.accuracy.asPercent)
    }
    let (mean, deviation) = Self.statistics(results.map(\.test.accuracy))
    return """
      \(table.text)

      test accuracy \((mean * 100).formatted(decimals: 2)) +- \
      \((deviation * 100).formatted(decimals: 2)) % (mean and standard deviation of \
      \(results.count) seeds)
      """
  }

  private func json(_ results: [Result]) -> JSON {
    let (mean, deviation) = Self.statistics(results.map(\.test.accuracy))
    return .object([
      "run": .string(command.out),
      "repeats": .integer(results.count),
      "mean": .number(mean),
      "standardDeviation": .number(deviation),
      "runs": .array(
        results.map { result in
          .object([
            "run": .string(result.path),
            "seed": .unsigned(result.seed),
            "epochs": .integer(result.summary.epochs),
            "bestValidation": result.summary.bestValidation.map { .number($0) } ?? .null,
            "accuracy": .number(result.test.accuracy),
            "count": .integer(result.test.count),
          ])
        }),
    ])
  }

  /// Mean and sample standard deviation.
  static func statistics(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0)
  }
}
