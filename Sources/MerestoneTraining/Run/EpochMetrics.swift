/// One line of `metrics.jsonl`, and of the progress that the user sees.
package struct EpochMetrics: Codable, Sendable, Equatable {
  /// The epoch, counted from 1.
  package var epoch: Int

  /// Mean cross-entropy per training seed, natural logarithm.
  package var loss: Double

  /// Share of training seeds that the sampled forward pass classified rightly.
  package var trainAccuracy: Double

  /// Accuracy on the validation nodes; `null` in epochs without an evaluation.
  package var validation: Double?

  /// Mean cross-entropy on the validation nodes.
  package var validationLoss: Double?

  /// Wall time of the epoch, the evaluation not counted.
  package var seconds: Double

  /// Sampled edges of all workers by ``seconds``.
  package var edgesPerSecond: Double

  /// How long each stage worked and waited, in seconds, as the mean over workers.
  package var stages: StageSeconds

  package struct StageSeconds: Codable, Sendable, Equatable {
    /// Time that the sampler threads spent on sampling.
    package var sample = 0.0

    /// Time that the sampler threads spent on gathering feature rows.
    package var features = 0.0

    /// Time in forward and backward passes.
    package var compute = 0.0

    /// Time in the all-reduce, waiting for other workers included.
    package var reduce = 0.0

    /// Time in the optimizer.
    package var optimizer = 0.0

    /// Time that the compute threads waited for mini-batches.
    package var wait = 0.0

    /// Time of the evaluation, not part of ``EpochMetrics/seconds``.
    package var evaluate = 0.0
  }
}

extension EpochMetrics {
  /// Writes every key, also of what is `null`: readers of `metrics.jsonl` rely on them.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(epoch, forKey: .epoch)
    try container.encode(loss, forKey: .loss)
    try container.encode(trainAccuracy, forKey: .trainAccuracy)
    try container.encode(validation, forKey: .validation)
    try container.encode(validationLoss, forKey: .validationLoss)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(edgesPerSecond, forKey: .edgesPerSecond)
    try container.encode(stages, forKey: .stages)
  }
}
