import Foundation
import MerestoneCore
import MerestoneNN
import MerestoneTestSupport
import Synchronization
import Testing

@testable import MerestoneTraining

/// Two communities with faint features: neighbours tell more than a node's own row.
func communities(nodes: Int = 240, seed: UInt64 = 3) -> TestGraph {
  var generator = SplitMix64(seed: seed)
  let labels = (0..<nodes).map { _ in Int32.random(in: 0...1, using: &generator) }
  var lists: [[UInt64]] = []
  for node in 0..<nodes {
    var list: [UInt64] = []
    for _ in 0..<Int.random(in: 3...9, using: &generator) {
      let other = Int.random(in: 0..<nodes, using: &generator)
      if labels[other] == labels[node] || Int.random(in: 0..<10, using: &generator) == 0 {
        list.append(UInt64(other))
      }
    }
    lists.append(list.sorted())
  }
  var graph = TestGraph(lists: lists)
  graph.cut(into: 3)
  graph.labels = labels
  graph.features = labels.map { label in
    (0..<6).map { column in
      Float.random(in: -1...1, using: &generator) + (column == Int(label) ? 0.7 : 0)
    }
  }
  graph.splits = (0..<nodes).map { [.train, .train, .validation, .test][$0 % 4] }
  return graph
}

@Suite("A training run in one process")
struct TrainingRunTests {
  static func options(_ graph: String) -> TrainingOptions {
    var options = TrainingOptions(graph: graph)
    options.model = .sage
    options.hidden = 16
    options.fanouts = [4, 3]
    options.batchSize = 32
    options.slices = 4
    options.epochs = 4
    options.learningRate = 0.02
    return options
  }

  @discardableResult
  static func train(
    _ options: TrainingOptions, in run: String, cancelAfter: Int? = nil
  ) throws -> TrainingSummary {
    let cancellation = Cancellation()
    let epochs = Atomic<Int>(0)
    return try TrainingRun.new(run, options: options, command: ["test"]).run(
      workerExecutable: [], cancellation: cancellation
    ) { event in
      guard case .epoch = event else { return }
      if epochs.add(1, ordering: .relaxed).newValue == cancelAfter { cancellation.cancel() }
    }
  }

  @Test("learns what neighbours tell, and writes a line for every epoch")
  func learns() throws {
    let folder = TemporaryFolder()
    _ = try communities().store(at: folder.file("graph"))
    var options = Self.options(folder.file("graph"))
    options.epochs = 15
    let summary = try Self.train(options, in: folder.file("run"))
    #expect(summary.epochs == 15)
    let evaluator = try Evaluator(
      run: folder.file("run"), threads: 2, memory: ByteCount(1 << 30),
      cancellation: Cancellation())
    let report = try evaluator.evaluate(split: .test)
    #expect(report.count == 60)
    #expect(report.accuracy > 0.85)
    let lines = try String(contentsOfFile: folder.file("run/metrics.jsonl"), encoding: .utf8)
      .split(separator: "\n")
    let metrics = try lines.map {
      try JSONDecoder().decode(EpochMetrics.self, from: Data($0.utf8))
    }
    #expect(metrics.map(\.epoch) == Array(1...15))
    #expect(metrics[14].loss < metrics[0].loss)
    #expect(metrics.allSatisfy { $0.validation != nil && $0.validationLoss != nil })
  }

  @Test(
    "gives the same weights for any number of threads and any way of reading",
    arguments: ["sage", "gcn", "mlp"])
  func sameBits(kind: String) throws {
    let folder = TemporaryFolder()
    _ = try communities().store(at: folder.file("graph"))
    var options = Self.options(folder.file("graph"))
    options.model = try #require(.init(rawValue: kind))
    var summaries: [TrainingSummary] = []
    for (number, (threads, memory)) in [(1, 1 << 30), (3, 1 << 30), (2, 0)].enumerated() {
      options.threads = threads
      options.memoryBytes = memory
      summaries.append(try Self.train(options, in: folder.file("run\(number)")))
    }
    #expect(summaries[1] == summaries[0])
    #expect(summaries[2] == summaries[0])
    options.seed = 2
    let other = try Self.train(options, in: folder.file("other"))
    #expect(other.weightsChecksum != summaries[0].weightsChecksum)
  }

  @Test(
    "interrupted and resumed ends with the weights of an undisturbed run", arguments: [1, 2, 3])
  func resumes(epochs: Int) throws {
    let folder = TemporaryFolder()
    _ = try communities().store(at: folder.file("graph"))
    var options = Self.options(folder.file("graph"))
    options.epochs = 5
    options.checkpointEvery = 1
    let undisturbed = try Self.train(options, in: folder.file("whole"))
    #expect(throws: TrainingError.self) {
      try Self.train(options, in: folder.file("run"), cancelAfter: epochs)
    }
    let resumed = try TrainingRun.resume(folder.file("run")) { $0.threads = 2 }.run(
      workerExecutable: [], cancellation: Cancellation()
    ) { _ in }
    #expect(resumed == undisturbed)
    let lines = try String(contentsOfFile: folder.file("run/metrics.jsonl"), encoding: .utf8)
      .split(separator: "\n")
    #expect(lines.count == 5)
  }

  @Test("stops when the validation loss has not improved for the given number of evaluations")
  func patience() throws {
    let folder = TemporaryFolder()
    _ = try communities().store(at: folder.file("graph"))
    var options = Self.options(folder.file("graph"))
    options.epochs = 200
    options.patience = 2
    options.learningRate = 0.2
    let summary = try Self.train(options, in: folder.file("run"))
    #expect(summary.stoppedEarly)
    #expect(summary.epochs == (summary.bestEpoch ?? 0) + 2)
  }

  @Test("predicts every node once, with probabilities that sum to 1")
  func predicts() throws {
    let folder = TemporaryFolder()
    let graph = communities()
    _ = try graph.store(at: folder.file("graph"))
    try Self.train(Self.options(folder.file("graph")), in: folder.file("run"))
    let evaluator = try Evaluator(
      run: folder.file("run"), threads: 1, memory: ByteCount(1 << 30),
      cancellation: Cancellation())
    var raws: [RawID] = []
    var correct = 0
    try evaluator.predict { raw, prediction, scores throws(TrainingError) in
      raws.append(raw)
      if graph.splits[raws.count - 1] == .test, Int32(prediction) == graph.labels[raws.count - 1] {
        correct += 1
      }
      precondition(scores.count == 2 && abs(scores[0] + scores[1] - 1) < 1e-5)
    }
    #expect(raws == (0..<240).map { RawID.integer($0) })
    #expect(Double(correct) / 60 == (try evaluator.evaluate(split: .test).accuracy))
  }

  @Test("refuses an existing run, a changed graph, and options that do not fit")
  func refusals() throws {
    let folder = TemporaryFolder()
    _ = try communities().store(at: folder.file("graph"))
    let options = Self.options(folder.file("graph"))
    try Self.train(options, in: folder.file("run"))
    #expect(throws: TrainingError.self) { try Self.train(options, in: folder.file("run")) }
    var odd = options
    odd.slices = 3
    #expect(throws: TrainingError.self) { try Self.train(odd, in: folder.file("odd")) }
    odd = options
    odd.labelColumn = "colour"
    #expect(throws: TrainingError.self) { try Self.train(odd, in: folder.file("odd")) }
    #expect(!FileManager.default.fileExists(atPath: folder.file("odd")))
    #expect(throws: TrainingError.self) {
      try TrainingRun.resume(folder.file("run")) { $0.epochs = 9 }
    }
    try FileManager.default.removeItem(atPath: folder.file("graph"))
    _ = try communities(seed: 8).store(at: folder.file("graph"))
    #expect(throws: TrainingError.self) { try TrainingRun.resume(folder.file("run")) { _ in } }
  }
}
