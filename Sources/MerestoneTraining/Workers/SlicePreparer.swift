import Glibc
import MerestoneCore
import MerestoneNN
import MerestoneSampling
import MerestoneTensor

/// One slice of one step, ready for the model.
struct PreparedSlice: Sendable {
  var step: Int
  var slice: Int
  var batch: MiniBatch
  /// Feature rows of `batch.inputNodes`. Shape `[s, features]`.
  var features: Tensor
  var labels: [Int32]
  /// In-degrees of `batch.inputNodes`, for models that need them.
  var degrees: [Int]
  var edgeCount: Int
  var sampleSeconds: Double
  var featureSeconds: Double
}

/// Samples slices and gathers their rows, on a sampler thread.
struct SlicePreparer {
  private let plan: EpochPlan
  private let data: TrainingData
  private let workspace: Workspace
  private let needsDegrees: Bool
  private let epoch: Int
  private let mark: WorkMark
  private var sampler: NeighborSampler

  init(
    plan: EpochPlan, topology: Topology, data: TrainingData, workspace: Workspace,
    options: TrainingOptions, epoch: Int, mark: WorkMark
  ) throws(TrainingError) {
    self.mark = mark
    self.plan = plan
    self.data = data
    self.workspace = workspace
    self.epoch = epoch
    needsDegrees = options.model == .gcn
    do throws(SamplingError) {
      sampler = try NeighborSampler(
        topology: topology, fanouts: options.model == .mlp ? [] : options.fanouts)
    } catch {
      throw .sampling(error)
    }
    sampler.pulse = mark.pulse
  }

  mutating func prepare(step: Int, slice: Int) throws(TrainingError) -> PreparedSlice {
    let start = Stopwatch()
    mark.enter(.sampling)
    let seeds = plan.seeds(epoch: epoch, step: step, slice: slice)
    let key = RandomKey(
      seed: plan.seed, stream: .neighborSampling, epoch: epoch, step: step, slice: slice)
    let batch: MiniBatch
    var degrees: [Int] = []
    let nodes: [NodeID]
    do throws(SamplingError) {
      batch = try sampler.sample(seeds: seeds, key: key)
      nodes = batch.inputNodes
      if needsDegrees { degrees = try sampler.inDegrees(of: nodes) }
    } catch {
      throw .sampling(error)
    }
    let sampled = start.seconds
    mark.enter(.features)
    let features = workspace.tensor(rows: nodes.count, columns: data.featureCount)
    try features.withMutableSpan { rows throws(TrainingError) in
      try data.gatherFeatures(of: nodes, into: &rows)
    }
    mark.enter(.labels)
    return PreparedSlice(
      step: step, slice: slice, batch: batch, features: features,
      labels: try data.labels(of: seeds), degrees: degrees,
      edgeCount: batch.blocks.reduce(0) { $0 + $1.edgeCount },
      sampleSeconds: sampled, featureSeconds: start.seconds - sampled)
  }
}

/// Wall time since its making.
struct Stopwatch {
  private let start = Self.now()

  var seconds: Double { Self.now() - start }

  private static func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
