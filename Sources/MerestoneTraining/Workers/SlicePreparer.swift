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
  private let data: TrainingData
  private let workspace: Workspace
  private let slices: SliceSeries
  private let mark: WorkMark
  // Counts in-degrees, for models that need them.
  private var sampler: NeighborSampler?

  init(
    _ slices: SliceSeries, topology: Topology, data: TrainingData, workspace: Workspace,
    mark: WorkMark
  ) throws(TrainingError) {
    self.mark = mark
    self.slices = slices
    self.data = data
    self.workspace = workspace
    do throws(SamplingError) {
      if slices.needsDegrees {
        sampler = try NeighborSampler(topology: topology, fanouts: [], stampBudget: ByteCount(0))
      }
    } catch {
      throw .sampling(error)
    }
  }

  mutating func prepare(_ item: Int) throws(TrainingError) -> PreparedSlice {
    let start = Stopwatch()
    var batch = MiniBatch.empty
    var degrees: [Int] = []
    let nodes: [NodeID]
    do throws(SamplingError) {
      try slices.batches.make(item, mark, into: &batch)
      nodes = batch.inputNodes
      degrees = try sampler?.inDegrees(of: nodes) ?? []
    } catch {
      throw .sampling(error)
    }
    let sampled = start.seconds
    mark.enter(.features)
    let features = workspace.tensor(rows: nodes.count, columns: data.featureCount)
    try features.withMutableSpan { rows throws(TrainingError) in
      try data.gatherFeatures(of: nodes, into: &rows, pulse: mark.pulse)
    }
    mark.enter(.labels)
    return PreparedSlice(
      step: slices.order.step(of: item), slice: slices.order.slice(of: item), batch: batch,
      features: features, labels: try data.labels(of: batch.seeds), degrees: degrees,
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
