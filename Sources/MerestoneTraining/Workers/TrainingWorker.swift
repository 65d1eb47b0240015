import FoundationEssentials
package import MerestoneCore
import MerestoneNN
package import MerestoneSampling
import MerestoneStorage
import MerestoneTensor
package import MerestoneTransport

/// One worker of a run: computes its slices, takes part in the collectives, and keeps its copy of
/// the weights. Rank 0 also writes the metrics and the checkpoints.
package final class TrainingWorker {
  private let options: TrainingOptions
  private let directory: RunDirectory
  private let transport: any Transport
  private let plan: EpochPlan
  private let topology: Topology
  private let data: TrainingData
  private let workspace: Workspace
  private let model: Model
  private let optimizer: Adam
  private let inference: LayerwiseInference
  private var state: Checkpoint.State
  private var bestWeights: [Float] = []

  /// What a step adds up over slices and workers, by place.
  private enum Sum: Int, CaseIterable {
    case loss, correct, seeds, edges, stop
    case sample, features, compute, reduce, optimizer, wait
  }

  /// Loads what the run needs and, where there is one, the checkpoint to go on from.
  package init(
    options: TrainingOptions, directory: RunDirectory, transport: any Transport,
    topology: Topology, scratch: SharedMemory
  ) throws(TrainingError) {
    self.options = options
    self.directory = directory
    self.transport = transport
    self.topology = topology
    data = try TrainingData(store: topology.store, options: options)
    plan = EpochPlan(
      nodes: try data.nodes(of: .train), batchSize: options.batchSize,
      sliceCount: options.slices, seed: options.seed)
    let threads = ThreadPool(threads: max(1, options.threads / options.workers))
    workspace = Workspace(threads: threads)
    do throws(ModelError) {
      model = try Model(
        data.configuration(options), seed: options.seed,
        weightDecay: options.weightDecayLayers, in: workspace)
    } catch {
      throw .usage("\(error)")
    }
    optimizer = Adam(
      AdamConfiguration(
        learningRate: options.learningRate, weightDecay: options.weightDecay),
      of: model.parameters, in: workspace)
    inference = try LayerwiseInference(
      plan: try data.validationPlan(options, topology), topology: topology, data: data,
      model: model, transport: transport, pool: threads, scratch: scratch,
      mappedBytes: options.inferenceByteCount)
    state = Checkpoint.State()
    state.blasCore = BLAS.coreName
    bestWeights = model.weights
    if directory.hasCheckpoint { try restore(Checkpoint.read(from: directory.checkpointPath)) }
    try compareCores()
  }

  private func restore(_ checkpoint: Checkpoint) throws(TrainingError) {
    do throws(ModelError) {
      try model.restore(weights: checkpoint.weights)
      try optimizer.restore(
        Adam.State(
          stepCount: checkpoint.state.optimizerStep,
          moments: checkpoint.firstMoments + checkpoint.secondMoments))
    } catch {
      throw .damagedCheckpoint(path: directory.checkpointPath, reason: "\(error)")
    }
    bestWeights = checkpoint.bestWeights
    state = checkpoint.state
    let core = BLAS.coreName
    if state.blasCore != core, transport.rank == 0 {
      report(
        .warning(
          "the run began on \(state.blasCore) BLAS kernels and continues on \(core): "
            + "its last bits may differ from an undisturbed run"))
    }
    state.blasCore = core
  }

  /// Workers with different kernels would not compute the same bits.
  private func compareCores() throws(TrainingError) {
    let own = Array(BLAS.coreName.utf8)
    var first = own
    transport.broadcast(&first)
    guard first == own else {
      throw .differentCores(
        expected: String(decoding: first, as: UTF8.self),
        found: String(decoding: own, as: UTF8.self))
    }
  }

  /// Trains to the end, or until the run is asked to stop.
  ///
  /// - Throws: ``TrainingError/interrupted`` after a checkpoint when asked to stop.
  package func run() throws(TrainingError) {
    if transport.rank == 0, let warning = BLAS.warning { report(.warning(warning)) }
    while !state.isFinished {
      try runEpoch()
    }
    if transport.rank == 0 {
      let summary = summary
      try RunDirectory.write(summary, to: directory.reportPath)
      report(.finished(summary))
    }
    transport.barrier()
  }

  private func runEpoch() throws(TrainingError) {
    let epoch = state.epoch
    let watch = Stopwatch()
    var stages = EpochMetrics.StageSeconds()
    let localSlices = options.slices / transport.workerCount
    let firstSlice = transport.rank * localSlices
    let firstStep = state.step
    let samplerThreads = max(1, workspace.threads.threadCount / 2)
    let (topology, data, workspace) = (topology, data, workspace)
    let pulse = Pulse()
    let series = try SliceSeries(
      plan: plan, epoch: epoch, from: firstStep, slices: firstSlice..<firstSlice + localSlices,
      topology: topology, options: options, threads: samplerThreads,
      pool: ThreadPool(threads: workspace.threads.threadCount), pulse: pulse)
    let slices = Prefetcher<PreparedSlice, TrainingError>(
      count: series.count, threads: samplerThreads, window: samplerThreads + 2, pulse: pulse,
      watchdog: Prefetcher.Watchdog(patience: .seconds(60)) { .sampling(.stalled($0)) }
    ) { mark throws(TrainingError) in
      var preparer = try SlicePreparer(
        series, topology: topology, data: data, workspace: workspace, mark: mark)
      return { item throws(TrainingError) in try preparer.prepare(item) }
    }
    var tree = SliceTree(elementCount: model.parameters.count, doubleCount: Sum.allCases.count)
    var elapsed = 0.0
    for step in firstStep..<plan.stepCount {
      let sums = try runStep(step, slices: slices, localSlices: localSlices, tree: &tree)
      add(sums, to: &stages)
      let now = watch.seconds
      state.totals.seconds += now - elapsed
      elapsed = now
      state.step = step + 1
      let isLast = step + 1 == plan.stepCount
      if sums[Sum.stop.rawValue] > 0 {
        try writeCheckpoint()
        transport.barrier()
        throw .interrupted
      }
      if let every = options.checkpointEvery, (step + 1) % every == 0, !isLast {
        try writeCheckpoint()
      }
    }
    try finishEpoch(stages: &stages)
    if transport.cancellation.isCancelled, transport.workerCount == 1, !state.isFinished {
      throw .interrupted
    }
  }

  /// Computes this worker's slices of a step, adds all workers' up, and updates the weights.
  /// - Returns: The step's sums, by ``Sum``.
  private func runStep(
    _ step: Int, slices: Prefetcher<PreparedSlice, TrainingError>, localSlices: Int,
    tree: inout SliceTree
  ) throws(TrainingError) -> [Double] {
    let gradients = model.parameters.gradients
    for _ in 0..<localSlices {
      let waiting = Stopwatch()
      guard let slice = try slices.next() else {
        preconditionFailure("the plan ended before its last step")
      }
      let waited = waiting.seconds
      let computing = Stopwatch()
      model.parameters.zeroGradients()
      let loss = model.loss(
        batch: slice.batch, features: slice.features, labels: slice.labels,
        degrees: slice.degrees,
        key: RandomKey(
          seed: plan.seed, stream: .dropout, epoch: state.epoch, step: step, slice: slice.slice),
        training: true)
      var sums = [Double](repeating: 0, count: Sum.allCases.count)
      sums[Sum.loss.rawValue] = loss.sum
      sums[Sum.correct.rawValue] = Double(loss.correct)
      sums[Sum.seeds.rawValue] = Double(loss.count)
      sums[Sum.edges.rawValue] = Double(slice.edgeCount)
      sums[Sum.stop.rawValue] = transport.cancellation.isCancelled ? 1 : 0
      sums[Sum.sample.rawValue] = slice.sampleSeconds
      sums[Sum.features.rawValue] = slice.featureSeconds
      sums[Sum.wait.rawValue] = waited
      sums[Sum.compute.rawValue] = computing.seconds
      tree.add(gradients.elements, doubles: sums)
    }
    var buffer: [Float] = []
    var sums: [Double] = []
    tree.takeSum(into: &buffer, doubles: &sums)
    let reducing = Stopwatch()
    transport.reduce(&buffer, doubles: &sums)
    sums[Sum.reduce.rawValue] = reducing.seconds * Double(transport.workerCount)
    guard sums[Sum.loss.rawValue].isFinite else {
      throw .diverged(epoch: state.epoch + 1, step: step + 1)
    }
    let optimizing = Stopwatch()
    gradients.withMutableSpan { span in
      for index in buffer.indices { span[index] = buffer[index] }
    }
    optimizer.step(gradientScale: 1 / Float(max(1, sums[Sum.seeds.rawValue])))
    sums[Sum.optimizer.rawValue] = optimizing.seconds * Double(transport.workerCount)
    state.totals.loss += sums[Sum.loss.rawValue]
    state.totals.correct += sums[Sum.correct.rawValue]
    state.totals.seeds += sums[Sum.seeds.rawValue]
    state.totals.edges += sums[Sum.edges.rawValue]
    return sums
  }

  private func add(_ sums: [Double], to stages: inout EpochMetrics.StageSeconds) {
    let share = 1 / Double(transport.workerCount)
    stages.sample += sums[Sum.sample.rawValue] * share
    stages.features += sums[Sum.features.rawValue] * share
    stages.compute += sums[Sum.compute.rawValue] * share
    stages.reduce += sums[Sum.reduce.rawValue] * share
    stages.optimizer += sums[Sum.optimizer.rawValue] * share
    stages.wait += sums[Sum.wait.rawValue] * share
  }

  /// Evaluates, keeps the best weights, and writes the epoch's line and checkpoint.
  private func finishEpoch(stages: inout EpochMetrics.StageSeconds) throws(TrainingError) {
    let epoch = state.epoch + 1
    let isLast = epoch >= options.epochs
    let evaluating = Stopwatch()
    let evaluation = epoch % options.evaluateEvery == 0 || isLast ? try evaluate(epoch) : nil
    if evaluation != nil { stages.evaluate = evaluating.seconds }
    let totals = state.totals
    state.epoch = epoch
    state.step = 0
    state.totals = EpochTotals()
    state.lastLoss = totals.loss / max(1, totals.seeds)
    let metrics = EpochMetrics(
      epoch: epoch, loss: state.lastLoss, trainAccuracy: totals.correct / max(1, totals.seeds),
      validation: evaluation?.accuracy, validationLoss: evaluation?.mean, seconds: totals.seconds,
      edgesPerSecond: totals.edges / max(totals.seconds, 1e-9), stages: stages)
    let isBest =
      evaluation.map { keepBest(validation: $0.accuracy, validationLoss: $0.mean) } ?? false
    if isLast || state.evaluationsSinceBest >= options.patience ?? Int.max {
      state.isFinished = true
    }
    if transport.rank == 0 {
      state.metricsBytes = try directory.append(metrics)
      try writeCheckpoint()
      report(.epoch(metrics, isBest: isBest))
    }
  }

  /// Evaluates the present weights; where that is interrupted, the checkpoint keeps the steps.
  private func evaluate(_ epoch: Int) throws(TrainingError) -> LossSum {
    let result: LossSum
    topology.store.spareMemory.drop()
    do throws(TrainingError) {
      result = try inference.evaluate()
    } catch {
      if case .interrupted = error { try writeCheckpoint() }
      throw error
    }
    guard result.mean.isFinite else { throw .diverged(epoch: epoch, step: plan.stepCount) }
    return result
  }

  /// Whether this evaluation is the best so far: the lowest loss on the validation nodes.
  private func keepBest(validation: Double, validationLoss: Double) -> Bool {
    if let best = state.best, validationLoss >= best.validationLoss {
      state.evaluationsSinceBest += 1
      return false
    }
    state.best = Checkpoint.Best(
      epoch: state.epoch, validation: validation, validationLoss: validationLoss)
    state.evaluationsSinceBest = 0
    bestWeights = model.weights
    return true
  }

  private func writeCheckpoint() throws(TrainingError) {
    guard transport.rank == 0 else { return }
    let moments = optimizer.state
    state.optimizerStep = moments.stepCount
    let count = model.parameters.count
    try Checkpoint(
      state: state, weights: model.weights,
      firstMoments: Array(moments.moments[..<count]),
      secondMoments: Array(moments.moments[count...]), bestWeights: bestWeights
    ).write(to: directory.checkpointPath)
  }

  private var summary: TrainingSummary {
    TrainingSummary(
      epochs: state.epoch, stoppedEarly: state.epoch < options.epochs,
      bestEpoch: state.best?.epoch, bestValidation: state.best?.validation,
      bestValidationLoss: state.best?.validationLoss, finalLoss: state.lastLoss,
      parameters: model.parameters.count, weightsChecksum: Self.checksum(model.weights),
      bestWeightsChecksum: Self.checksum(bestWeights))
  }

  private static func checksum(_ weights: [Float]) -> UInt32 {
    // SAFETY: floats have no padding.
    unsafe Checksum.of(weights.span.bytes)
  }

  private func report(_ event: WorkerEvent) { transport.send(event: event.encoded()) }
}
