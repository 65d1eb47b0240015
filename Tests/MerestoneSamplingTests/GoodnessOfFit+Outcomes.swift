extension GoodnessOfFit {
  /// The same for outcomes of any kind: how often each came, and its probability. An outcome
  /// without a probability is refused.
  static func accepts<Outcome: Hashable>(
    _ counts: [Outcome: Int], law: [Outcome: Double]
  ) -> Bool {
    guard counts.keys.allSatisfy({ law[$0] != nil }) else { return false }
    let outcomes = law.keys.sorted { "\($0)" < "\($1)" }
    return accepts(outcomes.map { counts[$0] ?? 0 }, law: outcomes.map { law[$0]! })
  }
}
