import ArgumentParser
import MerestoneCore
import MerestoneStorage
import MerestoneTraining

/// `merestone predict`.
struct PredictCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Write the prediction for every node of the graph.",
    usage: """
      merestone predict <run> --out <file> [<options>]
      """,
    discussion: """
      Uses the weights with the lowest validation loss and all neighbours. The file has a line \
      per node, tab-separated: the raw id, the predicted class, and the probability of each class; \
      a first line that starts with # names the columns. It appears when it is whole.

      EXAMPLE
        merestone predict run --out predictions.tsv
      """)

  static let handlesInterrupts = true

  @Argument(help: ArgumentHelp("A run directory made by `merestone train`."))
  var run: String

  @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
  var out: String

  @OptionGroup var memory: MemoryOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var progress: ProgressOptions

  func run(in context: Context) throws {
    let progress = progress.progress(in: context)
    let evaluator = try Evaluator(
      run: run, threads: threads.count, memory: memory.cap,
      cancellation: context.cancellation)
    let names = evaluator.classNames
    var file = try OutputFile(path: out)
    try file.append(
      Array("# columns: id\tprediction\t\(names.map { "p(\($0))" }.joined(separator: "\t"))\n".utf8)
    )
    progress.begin(stage: "predict", total: nil, unit: "nodes")
    var count = 0
    try evaluator.predict { raw, best, scores throws(TrainingError) in
      var line = "\(raw)\t\(names[best])"
      for score in scores { line += "\t\(score)" }
      line += "\n"
      do throws(StorageError) {
        try file.append(Array(line.utf8))
      } catch {
        throw .storage(error)
      }
      count += 1
      progress.advance(by: 1)
    }
    try file.finish()
    progress.end(summary: count.counted("node"))
    try context.print("\(out): predictions for \(count.counted("node"))")
  }
}
