import ArgumentParser
import FoundationEssentials
import MerestoneCore
import MerestoneStorage
import MerestoneTraining

/// `merestone train`.
struct TrainCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a graph neural network to predict the labels of nodes.",
    usage: """
      merestone train <graph> --out <run> [--resume] [<options>]
      """,
    discussion: """
      Samples neighbours of labelled nodes, computes gradients in one or more worker processes, \
      and keeps the weights with the lowest validation loss. For one graph and one number of \
      slices the result is the same to the bit for any number of workers and threads.

      A run directory holds run.json, metrics.jsonl, the checkpoint and a report. A run that was \
      stopped at any point goes on with --resume; its options are those that it began with, but \
      --workers, --threads and --memory may change.

      EXAMPLES
        merestone train graph --out run
        merestone train graph --out run --model gcn --hidden 16 --fanouts all,all \\
          --normalize-features row --weight-decay 5e-4 --weight-decay-layers first
        merestone train graph --out run --workers 4 --resume
      """)

  static let handlesInterrupts = true

  @OptionGroup var graph: GraphArgument

  @Option(
    help: ArgumentHelp(
      "The run directory to make, or with --resume to go on with.", valueName: "run"))
  var out: String

  @Flag(help: "Go on with the run in --out from its last checkpoint.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Train this many times with seeds S, S+1, ... and print mean and deviation.",
      valueName: "n"))
  var repeats = 1

  @OptionGroup(title: "Model") var model: ModelArguments
  @OptionGroup(title: "Training") var schedule: ScheduleArguments
  @OptionGroup(title: "Columns") var columns: ColumnArguments
  @OptionGroup(title: "Running") var running: WorkerArguments
  @OptionGroup(title: "Running") var memory: MemoryOptions
  @OptionGroup(title: "Running") var threads: ThreadOptions
  @OptionGroup(title: "Running") var output: JSONOptions
  @OptionGroup(title: "Running") var progress: ProgressOptions

  func validate() throws {
    guard repeats >= 1 else { throw ValidationError("--repeats \(repeats): train at least once.") }
    guard !resume || repeats == 1 else {
      throw ValidationError(
        "--repeats and --resume exclude each other; resume one run: --out \(out)/repeat-01.")
    }
  }

  func run(in context: Context) throws {
    if repeats > 1 {
      try RepeatedRuns(command: self, context: context).run()
    } else {
      let run = resume ? try resumedRun() : try newRun(at: out)
      let summary = try train(run, in: context)
      let report = RunSummary(summary: summary, options: run.options, path: out)
      if output.json {
        try context.print(report.json)
      } else {
        try context.print(report.text)
      }
    }
  }

  /// A run in `path` with the seed of the command line plus `seedOffset`.
  func newRun(at path: String, seedOffset: UInt64 = 0) throws -> TrainingRun {
    _ = try graph.open()
    var options = TrainingOptions(graph: graph.path)
    apply(to: &options)
    options.workers = running.workers ?? 1
    options.slices = running.slices ?? TrainingOptions.powerOfTwo(atLeast: options.workers)
    options.seed &+= seedOffset
    options.threads = threads.count
    options.memoryBytes = memory.cap.bytes
    return try TrainingRun.new(path, options: options, command: CommandLine.arguments)
  }

  private func resumedRun() throws -> TrainingRun {
    let record = try RunDirectory(out).readRecord()
    try checkGraph(of: record)
    return try TrainingRun.resume(out) { options in
      options.graph = graph.path
      apply(to: &options)
      if let workers = running.workers { options.workers = workers }
      if let slices = running.slices { options.slices = slices }
      options.threads = threads.count
      options.memoryBytes = memory.cap.bytes
    }
  }

  private func apply(to options: inout TrainingOptions) {
    model.apply(to: &options)
    schedule.apply(to: &options)
    columns.apply(to: &options)
  }

  /// The graph may have moved since the run began, but has to be the same.
  private func checkGraph(of record: RunRecord) throws {
    func folder(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }
    guard folder(graph.path) != folder(record.options.graph) else { return }
    let store = try graph.open()
    guard String(store.fingerprint, radix: 16) != record.graphFingerprint else { return }
    throw CommandError.usage(
      "\(out) was trained on \(record.options.graph), not on \(graph.path); "
        + "use `merestone train \(record.options.graph) --out \(out) --resume`")
  }

  /// Trains, with a line per epoch on standard error.
  func train(_ run: TrainingRun, in context: Context) throws -> TrainingSummary {
    let log = EpochLog(
      context.output.notes, epochs: run.options.epochs, isQuiet: progress.quiet)
    let program =
      run.options.workers > 1 ? [try WorkerProgram.path(in: context), WorkerCommand.name] : []
    do {
      return try run.run(
        workerExecutable: program,
        cancellation: context.cancellation, onEvent: log.hear)
    } catch TrainingError.interrupted {
      throw CommandError.interruptedRun(graph: graph.path, path: run.directory.path)
    }
  }
}
