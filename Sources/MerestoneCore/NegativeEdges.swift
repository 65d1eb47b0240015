/// Pairs of nodes that serve as examples of what is no edge: some for each given edge.
public struct NegativeEdges: Sendable, Equatable {
  /// How many pairs there are for each given edge.
  public var count: Int

  /// Sources of the pairs, those of the first given edge first. Shape `[edges * count]`.
  public var sources: [NodeID]

  /// Destinations of the pairs. Shape `[edges * count]`.
  public var destinations: [NodeID]

  /// The pairs, ascending by place, that are edges of the graph nevertheless: those that no attempt
  /// could replace. Empty where true edges are not rejected, as nobody looked.
  public var trueEdges: [Int]

  public init(
    count: Int, sources: [NodeID] = [], destinations: [NodeID] = [], trueEdges: [Int] = []
  ) {
    self.count = count
    self.sources = sources
    self.destinations = destinations
    self.trueEdges = trueEdges
  }
}
