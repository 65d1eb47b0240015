/// Tests of distributions whose false-alarm rate is about 1 in 10,000.
enum Statistics {
  /// Pearson's chi-square: whether the counts of `runs` outcomes fit the probabilities.
  ///
  /// The bound is Wilson and Hilferty's approximation of the 0.9999 quantile. An outcome without
  /// a probability fails at once.
  static func chiSquareHolds<Outcome: Hashable>(
    _ counts: [Outcome: Double], _ probabilities: [Outcome: Double], runs: Int
  ) -> Bool {
    guard counts.keys.allSatisfy({ probabilities[$0] ?? 0 > 0 }) else { return false }
    var sum = 0.0
    for (outcome, probability) in probabilities {
      let expected = probability * Double(runs)
      let difference = (counts[outcome] ?? 0) - expected
      sum += difference * difference / expected
    }
    let degrees = Double(probabilities.count - 1)
    let root = 1 - 2 / (9 * degrees) + 3.72 * (2 / (9 * degrees)).squareRoot()
    return sum < degrees * root * root * root
  }
}
