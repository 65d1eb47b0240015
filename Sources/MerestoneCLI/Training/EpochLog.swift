import MerestoneCore
import MerestoneTraining
import Synchronization

/// Prints a line per epoch: what was learned, and how long each stage worked and waited.
final class EpochLog: Sendable {
  private let sink: TextSink
  private let epochs: Int
  private let isQuiet: Bool
  private let hasHeader = Atomic<Bool>(false)

  private static let widths = [9, 8, 7, 9, 11, 10, 10, 9, 9, 8, 8, 8]
  private static let names = [
    "epoch", "loss", "train", "val", "time", "edges/s", "sampling", "features", "compute",
    "reduce", "update", "wait",
  ]

  init(_ sink: TextSink, epochs: Int, isQuiet: Bool) {
    self.sink = sink
    self.epochs = epochs
    self.isQuiet = isQuiet
  }

  @Sendable func hear(_ event: WorkerEvent) {
    switch event {
    case .warning(let message): sink.write("merestone: warning: \(message)\n")
    case .epoch(let metrics, let isBest): print(metrics, isBest: isBest)
    case .failure, .finished: break
    }
  }

  private func print(_ metrics: EpochMetrics, isBest: Bool) {
    guard !isQuiet else { return }
    if !hasHeader.exchange(true, ordering: .relaxed) { sink.write(Self.line(Self.names)) }
    let stages = metrics.stages
    let seconds = [
      stages.sample, stages.features, stages.compute, stages.reduce, stages.optimizer, stages.wait,
    ]
    // The best epoch so far carries a star: its weights are the ones that `evaluate` uses.
    let validation = metrics.validation.map { $0.asPercent + (isBest ? "*" : " ") } ?? "- "
    sink.write(
      Self.line(
        [
          "\(metrics.epoch)/\(epochs)", metrics.loss.formatted(decimals: 4),
          metrics.trainAccuracy.asPercent, validation, metrics.seconds.asDuration,
          metrics.edgesPerSecond.asMagnitude,
        ] + seconds.map { "\($0.formatted(decimals: 2)) s" }))
  }

  private static func line(_ cells: [String]) -> String {
    zip(cells, widths).map { $0.padded(to: $1, .right) }.joined().trimmingTrailingBlanks + "\n"
  }
}
