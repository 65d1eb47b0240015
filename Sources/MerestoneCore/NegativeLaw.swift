/// Which nodes take the place of an edge's end in a negative edge.
///
/// Draws are independent, and repetitions are kept.
public enum NegativeLaw: Sendable, Hashable {
  /// Every node of the end's type is as likely as any other.
  case uniform

  /// A node is as likely as its in-degree to the power of 0.75 (all stored edges count). Mikolov et
  /// al., "Distributed Representations of Words and Phrases and their Compositionality", NIPS 2013.
  /// Nodes without in-edges are never drawn.
  case byDegree

  /// The same end of another of the given edges, each as likely; any node where there is but one
  /// edge.
  case inBatch
}

/// The end of an edge that a negative edge replaces.
public enum EdgeEnd: Sendable, Hashable {
  case source
  case destination
}
