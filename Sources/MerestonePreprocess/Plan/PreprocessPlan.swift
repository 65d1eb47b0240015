package import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// Says what preprocessing would take, from a look at parts of the input; makes nothing.
package struct PreprocessPlan {
  private let options: PreprocessOptions

  /// - Parameter options: Output and resuming do not matter.
  package init(_ options: PreprocessOptions) { self.options = options }

  /// - Throws: ``PreprocessError`` for inputs and options that ``Preprocess`` would refuse, as far
  ///   as the look shows, and for the standard input.
  package func run(cancellation: Cancellation = Cancellation()) throws(PreprocessError)
    -> PreprocessPrediction
  {
    guard !options.edges.contains("-") else {
      throw .unsupported(
        flag: "plan", value: "-", mend: "name files, since standard input can be read only once")
    }
    var options = options
    // The prediction names the least memory, so that any cap may be asked about.
    let least = MemoryPlan.least(nodes: 0, edges: 0, tables: 0, options: options)
    options.memory = ByteCount(max(options.memory.bytes, least))
    try options.checkValues()
    let inputs = try InputFiles.open(options)
    try inputs.checkIndexes(options)
    let plan = MemoryPlan(cap: options.memory.bytes, threads: options.threads)
    let pool = ThreadPool(threads: plan.threads)
    return try Self.predict(
      options: options, inputs: inputs, plan: plan, pool: pool,
      folder: options.temporary ?? ".", isThorough: true, cancellation: cancellation)
  }

  /// The prediction for inputs that are open.
  ///
  /// - Parameters:
  ///   - folder: An existing one on the disk of the temporary files.
  ///   - isThorough: Whether seconds may pass; else a tenth of one, with a wider margin.
  static func predict(
    options: PreprocessOptions, inputs: InputFiles, plan: MemoryPlan, pool: ThreadPool,
    folder: String, isThorough: Bool, cancellation: Cancellation
  ) throws(PreprocessError) -> PreprocessPrediction {
    // A second is nothing to inputs that take a minute.
    let isLarge = inputs.fileBytes > 4 << 30
    let sampled = try EdgeSampler(
      inputs: inputs, pool: pool, effort: isThorough || isLarge ? 4 : 1,
      isUndirected: options.isUndirected, keptLimit: isThorough ? 1 << 23 : 1 << 19,
      cancellation: cancellation
    ).run()
    let tables = [inputs.nodes, inputs.labels].compactMap { $0 }.reduce(0) {
      // A table is held in memory in about three times the bytes of its text.
      $0 + 3 * (FileSpace.byteCount($1) ?? 0)
    }
    let speed = MachineSpeed.measure(
      folder: folder, writes: isThorough && sampled.edges > 8_000_000)
    return PredictionModel(
      options: options, inputs: inputs, sampled: sampled, plan: plan, speed: speed,
      tableBytes: tables, tryingOrders: isThorough ? pool : nil, cancellation: cancellation
    ).prediction()
  }
}
