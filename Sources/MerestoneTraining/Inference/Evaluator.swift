package import MerestoneCore
import MerestoneNN
import MerestoneSampling
import MerestoneStorage
import MerestoneTensor
import MerestoneTransport

/// Answers questions of a trained run, with its best weights and all neighbours.
package struct Evaluator {
  private let options: TrainingOptions
  private let store: GraphStore
  private let data: TrainingData
  private let topology: Topology
  private let model: Model
  private let pool: ThreadPool
  private let cancellation: Cancellation
  private let checkpoint: Checkpoint

  /// What `evaluate` reports.
  package struct Report: Codable, Sendable, Equatable {
    package var split: String
    package var accuracy: Double
    package var loss: Double
    /// Labelled nodes of the split.
    package var count: Int
    /// The epoch whose weights were used.
    package var epoch: Int
  }

  /// Opens a run that has a checkpoint.
  ///
  /// - Parameters:
  ///   - threads: Threads to compute with; they don't change the result.
  ///   - memory: A cap; decides how the graph is read.
  package init(
    run path: String, threads: Int, memory: ByteCount, cancellation: Cancellation
  ) throws(TrainingError) {
    let directory = RunDirectory(path)
    let record = try directory.readRecord()
    var options = record.options
    options.threads = threads
    options.memoryBytes = memory.bytes
    guard directory.hasCheckpoint else {
      throw .usage(
        "\(path) has no checkpoint yet; let train finish an epoch, or continue it with --resume")
    }
    checkpoint = try Checkpoint.read(from: directory.checkpointPath)
    store = try record.openGraph(at: options.graph, run: path)
    data = try TrainingData(store: store, options: options)
    pool = ThreadPool(threads: threads)
    topology = try TrainingRun.topology(
      of: store, options: options, pool: pool, cancellation: cancellation)
    do throws(ModelError) {
      model = try Model(
        data.configuration(options), seed: options.seed,
        weightDecay: options.weightDecayLayers, in: Workspace(threads: pool))
      try model.restore(weights: checkpoint.bestWeights)
    } catch {
      throw .damagedCheckpoint(path: directory.checkpointPath, reason: "\(error)")
    }
    self.options = options
    self.cancellation = cancellation
  }

  /// Class names, by class.
  package var classNames: [String] { data.classNames }

  /// Loss and accuracy over the labelled nodes of one split.
  package func evaluate(split: Split) throws(TrainingError) -> Report {
    let inference = try inference(over: data.nodes(of: split))
    let result = try inference.evaluate()
    return Report(
      split: split.word, accuracy: result.accuracy, loss: result.mean, count: result.count,
      epoch: checkpoint.state.best?.epoch ?? checkpoint.state.epoch)
  }

  /// Predicts every node of the graph, in the order of global ids.
  ///
  /// - Parameter body: Gets the raw id, the predicted class, and the probabilities of all
  ///   classes.
  package func predict(
    _ body: (RawID, Int, [Float]) throws(TrainingError) -> Void
  ) throws(TrainingError) {
    let count = UInt64(topology.nodeCount)
    let inference = try inference(over: (0..<count).map { NodeID($0) })
    _ = try inference.evaluate()
    let ids: IDMap
    do throws(StorageError) {
      ids = try store.ids(data.nodeType)
    } catch {
      throw .storage(error)
    }
    let classes = data.classCount
    try inference.forEachTile { nodes, logits throws(TrainingError) in
      let scores = model.workspace.softmaxRows(logits).elements
      let best = model.workspace.argmaxRows(logits)
      for (row, node) in nodes.enumerated() {
        let raw: RawID
        do throws(StorageError) {
          raw = try ids.raw(of: node)
        } catch {
          throw .storage(error)
        }
        try body(raw, Int(best[row]), Array(scores[row * classes..<(row + 1) * classes]))
      }
    }
  }

  private func inference(over targets: [NodeID]) throws(TrainingError) -> LayerwiseInference {
    let plan = try InferencePlan(
      targets: targets, configuration: data.configuration(options), topology: topology)
    let layout = ScratchLayout(
      plan: plan, configuration: data.configuration(options))
    let scratch: SharedMemory
    do throws(SharedMemory.Failure) {
      scratch = try SharedMemory(byteCount: layout.byteCount)
    } catch {
      throw .sampling(.sharedMemory(error))
    }
    let transport = SoleTransport(cancellation: cancellation) { _ in }
    return try LayerwiseInference(
      plan: plan, topology: topology, data: data, model: model, transport: transport, pool: pool,
      scratch: scratch, mappedBytes: options.inferenceByteCount)
  }
}
