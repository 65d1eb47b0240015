package import MerestoneCore
package import MerestoneTensor

extension Model {
  /// The summed cross-entropy of a mini-batch; while training, its gradient is **added** to
  /// `parameters.gradients`.
  ///
  /// Sums, not means: the sums of slices are added and divided once by the step's seed count
  /// (``Adam/step(gradientScale:)``). A batch without seeds contributes zero.
  ///
  /// - Parameters:
  ///   - features: Rows of `batch.inputNodes`, shape `[s, inputs]`; may be borrowed.
  ///   - labels: One per seed; -1 does not count.
  ///   - degrees: In-degrees of `batch.inputNodes` in the whole graph; read by `gcn` alone.
  ///   - key: Names the step (seed, epoch, step, slice) for dropout.
  ///   - training: Whether to drop elements and compute gradients.
  package func loss(
    batch: MiniBatch, features: Tensor, labels: [Int32], degrees: [Int] = [], key: RandomKey,
    training: Bool
  ) -> LossSum {
    precondition(labels.count == batch.seeds.count, "one label per seed")
    guard !labels.isEmpty else { return LossSum() }
    guard training else {
      let logits = logits(batch: batch, features: features, degrees: degrees)
      return workspace.crossEntropy(logits, labels: labels)
    }
    var key = key
    key.stream = .dropout
    defer { tape.reset() }
    let logits = forward(
      batch, features: features, degrees: degrees, dropout: DropoutSource(key: key), on: tape)
    let (loss, figures) = tape.crossEntropy(logits, labels: labels)
    tape.backward(from: loss)
    return figures
  }
}
