/// A mini-batch whose seeds are edges: the neighbourhoods of their ends.
public struct EdgeMiniBatch: Sendable, Equatable {
  /// The edges that were asked for, as given. Shape `[n]`.
  public var edges: [EdgeID]

  /// The position of each edge's source among the destinations of the first block. Shape `[n]`.
  public var sources: [BlockIndex]

  /// The position of each edge's destination there. Shape `[n]`.
  public var destinations: [BlockIndex]

  /// The position of each further node there. Shape `[others]`.
  public var others: [BlockIndex]

  /// The sampled neighbourhoods. Its seeds are the sources, then the destinations, then the further
  /// nodes.
  public var batch: MiniBatch

  public init(
    edges: [EdgeID], sources: [BlockIndex], destinations: [BlockIndex], others: [BlockIndex],
    batch: MiniBatch
  ) {
    self.edges = edges
    self.sources = sources
    self.destinations = destinations
    self.others = others
    self.batch = batch
  }
}

/// Which edges a sample leaves out where the seeds are edges, so that it does not show what is to
/// be predicted.
public enum SeedEdgeExclusion: Sendable, Hashable {
  /// Nothing is left out.
  case nothing

  /// The seeds themselves; edges parallel to them stay.
  case seeds

  /// The seeds, and all edges from the destination of a seed to its source.
  case seedsAndReverse

  /// All edges between the two ends of a seed, in both directions, parallel ones too.
  case betweenEnds
}
