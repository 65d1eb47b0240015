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

  /// Checks what can be checked without the graph.
  /// - Throws: ``TrainingError/usage(_:)`` with the mend.
  package func validate() throws(TrainingError) {
    func check(_ holds: Bool, _ message: @autoclosure () -> String) throws(TrainingError) {
      if !holds { throw .usage(message()) }
    }
    try check(layers >= 1, "--layers \(layers): a model has at least one layer")
    try check(hidden >= 1, "--hidden \(hidden): use at least one hidden unit")
    try check(
      model == .mlp || fanouts.count == layers,
      "--fanouts names \(fanouts.count) hops and --layers \(layers) layers; "
        + "give one fanout per layer, for example --layers \(fanouts.count)")
    try check(
      slices >= 1 && slices.nonzeroBitCount == 1,
      "--slices \(slices) is not a power of two; use \(Self.powerOfTwo(atLeast: slices))")
    try check(
      workers >= 1 && slices % workers == 0,
      "--workers \(workers) does not divide the \(slices) slices of a step; use "
        + Self.divisors(of: slices) + " workers, or --slices "
        + "\(Self.powerOfTwo(atLeast: workers)) in a new run")
    try check(
      batchSize >= slices,
      "--batch-size \(batchSize) is less than the \(slices) slices of a step; "
        + "use at least one seed per slice")
    try check(epochs >= 1, "--epochs \(epochs): train at least one epoch")
    try check(
      learningRate > 0 && learningRate.isFinite, "--learning-rate \(learningRate) is not positive")
    try check(
      dropout >= 0 && dropout < 1, "--dropout \(dropout) is not a probability below 1")
    try check(weightDecay >= 0, "--weight-decay \(weightDecay) is negative")
    try check((patience ?? 1) >= 1, "--patience must be at least 1")
    try check(evaluateEvery >= 1, "--evaluate-every \(evaluateEvery) must be at least 1")
    try check((checkpointEvery ?? 1) >= 1, "--checkpoint-every must be at least 1")
    try check(threads >= 1, "--threads \(threads) must be at least 1")
  }

  /// The smallest power of two that is at least `number`.
  package static func powerOfTwo(atLeast number: Int) -> Int {
    var power = 1
    while power < number { power *= 2 }
    return power
  }

  private static func divisors(of slices: Int) -> String {
    var list: [String] = []
    var divisor = 1
    while divisor <= slices, slices % divisor == 0 {
      list.append(String(divisor))
      divisor *= 2
    }
    return list.joined(separator: ", ")
  }
}
