import ArgumentParser
import MerestoneCore
import MerestoneNN
import MerestoneTraining

// Values are optional so that a resumed run can tell what was asked for from what is usual.

/// What to train.
struct ModelArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The network; mlp uses the features alone. Default: sage.", valueName: "name"))
  var model: ModelConfiguration.Kind?

  @Option(help: ArgumentHelp("Layers. Default: one per fanout, or 2.", valueName: "n"))
  var layers: Int?

  @Option(help: ArgumentHelp("Width of the hidden layers. Default: 128.", valueName: "n"))
  var hidden: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "In-edges kept per node, one number per layer; 'all' keeps every edge. Default: 10,5.",
      valueName: "n,..."),
    transform: Fanouts.init(parsing:))
  var fanouts: Fanouts?

  @Option(help: ArgumentHelp("Share of inputs dropped in training. Default: 0.5.", valueName: "p"))
  var dropout: Double?

  @Option(
    help: ArgumentHelp(
      "Scaling of feature rows; row makes each sum to 1. Default: none.", valueName: "name"))
  var normalizeFeatures: TrainingOptions.FeatureNormalization?

  func apply(to options: inout TrainingOptions) {
    if let model { options.model = model }
    if let hidden { options.hidden = hidden }
    if let dropout { options.dropout = dropout }
    if let normalizeFeatures { options.normalizeFeatures = normalizeFeatures }
    switch (layers, fanouts) {
    case (nil, nil): break
    case (nil, let fanouts?):
      options.layers = fanouts.values.count
      options.fanouts = fanouts.values
    case (let layers?, nil):
      options.layers = layers
      options.fanouts = Fanouts.usual(layers: layers)
    case (let layers?, let fanouts?):
      options.layers = layers
      options.fanouts = fanouts.values
    }
  }
}

/// How to train.
struct ScheduleArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Passes over the training nodes. Default: 10.", valueName: "n"))
  var epochs: Int?

  @Option(
    help: ArgumentHelp(
      "Training nodes per step, whatever the number of workers. Default: 1024.", valueName: "n"))
  var batchSize: Int?

  @Option(help: ArgumentHelp("Learning rate of Adam. Default: 0.003.", valueName: "rate"))
  var learningRate: Double?

  @Option(help: ArgumentHelp("L2 penalty. Default: 0.", valueName: "rate"))
  var weightDecay: Double?

  @Option(
    help: ArgumentHelp("Layers that are decayed. Default: all.", valueName: "name"))
  var weightDecayLayers: WeightDecayScope?

  @Option(
    help: ArgumentHelp(
      "Stop after this many evaluations without a better one. Default: never.", valueName: "n"))
  var patience: Int?

  @Option(
    help: ArgumentHelp("Epochs from one evaluation to the next. Default: 1.", valueName: "n"))
  var evaluateEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Steps from one checkpoint to the next, besides that of every epoch.", valueName: "n"))
  var checkpointEvery: Int?

  @Option(help: ArgumentHelp("Seed of all randomness. Default: 1.", valueName: "number"))
  var seed: UInt64?

  func apply(to options: inout TrainingOptions) {
    if let epochs { options.epochs = epochs }
    if let batchSize { options.batchSize = batchSize }
    if let learningRate { options.learningRate = learningRate }
    if let weightDecay { options.weightDecay = weightDecay }
    if let weightDecayLayers { options.weightDecayLayers = weightDecayLayers }
    if let patience { options.patience = patience }
    if let evaluateEvery { options.evaluateEvery = evaluateEvery }
    if let checkpointEvery { options.checkpointEvery = checkpointEvery }
    if let seed { options.seed = seed }
  }
}

/// Which node columns hold what.
struct ColumnArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Node column with the classes. Default: label.", valueName: "name"))
  var labelColumn: String?

  @Option(
    help: ArgumentHelp("Node column with train, val, test. Default: split.", valueName: "name"))
  var splitColumn: String?

  @Option(
    help: ArgumentHelp("Node column with the features. Default: features.", valueName: "name"))
  var featureColumn: String?

  func apply(to options: inout TrainingOptions) {
    if let labelColumn { options.labelColumn = labelColumn }
    if let splitColumn { options.splitColumn = splitColumn }
    if let featureColumn { options.featureColumn = featureColumn }
  }
}

/// How the work is shared out.
struct WorkerArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Worker processes. Default: 1.", valueName: "n"))
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "Parts of a step, a power of two; runs with equal slices are equal to the bit. "
        + "Default: the workers, rounded up.",
      valueName: "n"))
  var slices: Int?
}

extension ModelConfiguration.Kind: ExpressibleByArgument {}
extension TrainingOptions.FeatureNormalization: ExpressibleByArgument {}

extension WeightDecayScope: ExpressibleByArgument {
  package init?(argument: String) {
    switch argument {
    case "all": self = .all
    case "first": self = .firstLayer
    default: return nil
    }
  }

  package static var allValueStrings: [String] { ["all", "first"] }
}
