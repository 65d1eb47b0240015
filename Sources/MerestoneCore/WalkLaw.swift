/// How a random walk takes its next step among the in-edges of the node where it is.
///
/// Parallel edges count each. A node without in-edges ends every walk that reaches it.
public enum WalkLaw: Sendable, Hashable {
  /// Every in-edge is as likely as any other.
  case uniform

  /// Second-order walks: Grover and Leskovec, "node2vec: Scalable Feature Learning for Networks",
  /// KDD 2016.
  ///
  /// After a step from `t` to `v`, an in-edge of `v` from `x` has the weight `1 / p` where `x` is
  /// `t`, 1 where `t` has an in-edge from `x`, else `1 / q`. The first step is uniform. Both
  /// parameters are above 0 and finite.
  case node2vec(p: Double, q: Double)

  /// Before each step the walk goes back to its start with this probability, 0 or more and below 1,
  /// which counts as the step; otherwise as ``uniform``.
  case restart(probability: Double)
}
