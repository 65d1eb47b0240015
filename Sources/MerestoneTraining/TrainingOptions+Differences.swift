import MerestoneNN

extension TrainingOptions {
  /// One option of two runs that is not the same in both.
  struct Difference {
    let flag: String
    let old: String
    let new: String
  }

  /// The options that shape the result and differ from those of `earlier`; the place of the graph,
  /// workers, threads and memory do not shape it.
  func differences(from earlier: TrainingOptions) -> [Difference] {
    func difference<Value: Equatable>(
      _ flag: String, _ old: Value, _ new: Value, _ text: (Value) -> String = { "\($0)" }
    ) -> Difference? {
      old == new ? nil : Difference(flag: flag, old: text(old), new: text(new))
    }
    func list(_ values: [Int]) -> String {
      values.map { $0 == -1 ? "all" : "\($0)" }.joined(separator: ",")
    }
    func number(_ value: Int?) -> String { value.map { "\($0)" } ?? "not given" }
    let all: [Difference?] = [
      difference("--model", earlier.model.rawValue, model.rawValue),
      difference("--layers", earlier.layers, layers),
      difference("--hidden", earlier.hidden, hidden),
      difference("--fanouts", earlier.fanouts, fanouts, list),
      difference("--batch-size", earlier.batchSize, batchSize),
      difference("--slices", earlier.slices, slices),
      difference("--epochs", earlier.epochs, epochs),
      difference("--learning-rate", earlier.learningRate, learningRate),
      difference("--dropout", earlier.dropout, dropout),
      difference("--weight-decay", earlier.weightDecay, weightDecay),
      difference(
        "--weight-decay-layers", earlier.weightDecayLayers.rawValue, weightDecayLayers.rawValue),
      difference(
        "--normalize-features", earlier.normalizeFeatures.rawValue, normalizeFeatures.rawValue),
      difference("--patience", earlier.patience, patience, number),
      difference("--evaluate-every", earlier.evaluateEvery, evaluateEvery),
      difference("--checkpoint-every", earlier.checkpointEvery, checkpointEvery, number),
      difference("--seed", earlier.seed, seed),
      difference("--label-column", earlier.labelColumn, labelColumn),
      difference("--split-column", earlier.splitColumn, splitColumn),
      difference("--feature-column", earlier.featureColumn, featureColumn),
    ]
    return all.compactMap { $0 }
  }
}
