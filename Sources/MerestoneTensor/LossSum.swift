/// A loss and its accuracy counts, summed over labelled rows; sums of slices may be added.
package struct LossSum: Sendable, Equatable {
  /// The sum of `-log softmax(row)[label]`.
  package var sum: Double

  /// Rows whose largest score is their label's.
  package var correct: Int

  /// Rows with a label.
  package var count: Int

  package init(sum: Double = 0, correct: Int = 0, count: Int = 0) {
    self.sum = sum
    self.correct = correct
    self.count = count
  }

  /// The mean loss of a row; 0 for no rows.
  package var mean: Double { count == 0 ? 0 : sum / Double(count) }

  /// The share of correct rows; 0 for no rows.
  package var accuracy: Double { count == 0 ? 0 : Double(correct) / Double(count) }

  package static func + (a: Self, b: Self) -> Self {
    Self(sum: a.sum + b.sum, correct: a.correct + b.correct, count: a.count + b.count)
  }
}
