import MerestoneCore
package import MerestoneNN

/// What shapes a training run, and what only shapes how fast it goes.
///
/// Written to `run.json`; a resumed run reads it back, so that nothing has to be repeated on the
/// command line. ``workers``, ``threads`` and ``memoryBytes`` may change on resume: they never
/// change a bit of the result.
package struct TrainingOptions: Codable, Sendable, Equatable {
  /// How feature rows are scaled before the first layer.
  package enum FeatureNormalization: String, Codable, Sendable, CaseIterable {
    case none
    /// Each row divided by its sum, as the Planetoid papers do; an all-zero row stays zero.
    case row
  }

  package var graph: String
  package var model: ModelConfiguration.Kind
  package var layers: Int
  package var hidden: Int
  package var fanouts: [Int]
  package var batchSize: Int
  package var slices: Int
  package var epochs: Int
  package var learningRate: Double
  package var dropout: Double
  package var weightDecay: Double
  package var weightDecayLayers: WeightDecayScope
  package var normalizeFeatures: FeatureNormalization
  package var patience: Int?
  package var evaluateEvery: Int
  package var checkpointEvery: Int?
  package var seed: UInt64
  package var labelColumn: String
  package var splitColumn: String
  package var featureColumn: String
  package var workers: Int
  package var threads: Int
  package var memoryBytes: Int

  package init(graph: String) {
    self.graph = graph
    model = .sage
    layers = 2
    hidden = 128
    fanouts = [10, 5]
    batchSize = 1024
    slices = 1
    epochs = 10
    learningRate = 0.003
    dropout = 0.5
    weightDecay = 0
    weightDecayLayers = .all
    normalizeFeatures = .none
    patience = nil
    evaluateEvery = 1
    checkpointEvery = nil
    seed = 1
    labelColumn = "label"
    splitColumn = "split"
    featureColumn = "features"
    workers = 1
    threads = 1
    memoryBytes = 1 << 30
  }

  /// What decoded edges may take of the memory: a half.
  package var edgeByteCount: Int { memoryBytes / 2 }

  /// What columns may: a quarter.
  package var columnByteCount: Int { memoryBytes / 4 }

  /// What rows between the layers of an evaluation may: an eighth, of all workers together. The rest
  /// is for mini-batches.
  package var inferenceByteCount: Int { memoryBytes / 8 }

  /// Checks what can be checked without the graph.
  /// - Throws: ``TrainingError/usage(_:)`` with the mend.
  package func validate() throws(TrainingError) {
    func check(_ holds: Bool, _ message: @autoclosure () -> String) throws(TrainingError) {
      if !holds { throw .usage(message()) }
    }
    try check(
      (1...Self.mostLayers).contains(layers),
      "--layers \(layers): a model has 1 to \(Self.mostLayers) layers")
    try check(
      (1...Self.mostHidden).contains(hidden),
      "--hidden \(hidden): use 1 to \(Self.mostHidden.grouped) hidden units")
    try check(
      model == .mlp || fanouts.count == layers,
      "--fanouts names \(fanouts.count) hops and --layers \(layers) layers; "
        + "give one fanout per layer, for example --layers \(fanouts.count)")
    try check(
      (1...Self.mostWorkers).contains(workers),
      "--workers \(workers): use 1 to \(Self.mostWorkers.grouped) worker processes")
    try check(
      (1...Self.mostSlices).contains(slices),
      "--slices \(slices): use 1 to \(Self.mostSlices.grouped) slices")
    try check(
      slices.nonzeroBitCount == 1,
      "--slices \(slices) is not a power of two; use \(Self.powerOfTwo(atLeast: slices))")
    try check(
      slices % workers == 0,
      "--workers \(workers) does not divide the \(slices) \(slices == 1 ? "slice" : "slices") of "
        + "a step; use --workers \(Self.divisors(of: slices)), or in a new run --slices "
        + "\(Self.powerOfTwo(atLeast: workers))"
        + (workers.nonzeroBitCount == 1
          ? "" : " with --workers \(Self.divisors(of: Self.powerOfTwo(atLeast: workers)))"))
    try check(
      (slices...Self.mostSeeds).contains(batchSize),
      "--batch-size \(batchSize): use at least one seed for each slice of a step (\(slices)), and "
        + "at most \(Self.mostSeeds.grouped)")
    try check(
      (1...Self.mostEpochs).contains(epochs),
      "--epochs \(epochs): train 1 to \(Self.mostEpochs.grouped) epochs")
    try check(
      learningRate > 0 && learningRate.isFinite, "--learning-rate \(learningRate) is not positive")
    try check(
      dropout >= 0 && dropout < 1, "--dropout \(dropout) is not a probability below 1")
    try check(
      weightDecay >= 0 && weightDecay.isFinite,
      "--weight-decay \(weightDecay) is not a number from 0 up")
    try check((patience ?? 1) >= 1, "--patience must be at least 1")
    try check(evaluateEvery >= 1, "--evaluate-every \(evaluateEvery) must be at least 1")
    try check((checkpointEvery ?? 1) >= 1, "--checkpoint-every must be at least 1")
    try check(threads >= 1, "--threads \(threads) must be at least 1")
  }

  // Hops have one byte in a RandomKey, epochs four.
  private static let mostLayers = 64
  private static let mostEpochs = 1 << 31
  private static let mostHidden = 1 << 16
  private static let mostWorkers = 1 << 10
  private static let mostSlices = 1 << 16
  private static let mostSeeds = 1 << 31

  /// The smallest power of two that is at least `number`; 2^62 for what has none.
  package static func powerOfTwo(atLeast number: Int) -> Int {
    var power = 1
    while power < number, power < 1 << 62 { power *= 2 }
    return power
  }

  private static func divisors(of slices: Int) -> String {
    var list: [String] = []
    var divisor = 1
    while divisor <= slices, slices % divisor == 0 {
      list.append(String(divisor))
      divisor *= 2
    }
    guard let last = list.popLast(), !list.isEmpty else { return "1" }
    return list.joined(separator: ", ") + " or " + last
  }
}
