public import MerestoneCore
import MerestoneSampling

extension Graph {
  /// Draws negative edges: pairs of nodes that keep one end of a given edge and replace the other.
  ///
  /// ```swift
  /// let negatives = try graph.negatives(for: edges, count: 5, law: .byDegree)
  /// ```
  ///
  /// - Parameters:
  ///   - edges: Global ids of edges of the graph.
  ///   - count: Negatives for each edge.
  ///   - law: Which nodes take the place of the end.
  ///   - end: The end that is replaced.
  ///   - rejectingTrueEdges: Draws pairs anew that are edges; what 16 attempts could not replace is
  ///     named in ``NegativeEdges/trueEdges``.
  ///   - seed: Names the draws; equal arguments give equal pairs, in any memory.
  ///   - step: Names the draws together with `seed`: another step, other draws.
  public func negatives(
    for edges: [EdgeID], count: Int, law: NegativeLaw = .uniform,
    replacing end: EdgeEnd = .destination, rejectingTrueEdges: Bool = true, seed: UInt64 = 1,
    step: Int = 0
  ) throws(GraphError) -> NegativeEdges {
    try sampling { topology throws(SamplingError) in
      var sampler = try NegativeSampler(
        topology, law: law, replacing: end, rejectsTrueEdges: rejectingTrueEdges)
      return try sampler.negatives(
        for: edges, count: count, key: RandomKey(seed: seed, stream: .negative, step: step))
    }
  }

  /// Draws negative edges for pairs of nodes, by the user's own ids; the pairs need not be edges.
  ///
  /// - Returns: `count` pairs for each of `edges`, in order.
  public func negatives(
    for edges: [(source: RawID, destination: RawID)], count: Int, law: NegativeLaw = .uniform,
    replacing end: EdgeEnd = .destination, rejectingTrueEdges: Bool = true, seed: UInt64 = 1,
    step: Int = 0
  ) throws(GraphError) -> [(source: RawID, destination: RawID)] {
    let sources = try nodes(edges.map(\.source))
    let destinations = try nodes(edges.map(\.destination))
    let drawn = try sampling { topology throws(SamplingError) in
      var sampler = try NegativeSampler(
        topology, law: law, replacing: end, rejectsTrueEdges: rejectingTrueEdges)
      return try sampler.negatives(
        sources: sources, destinations: destinations, count: count,
        key: RandomKey(seed: seed, stream: .negative, step: step))
    }
    return Array(zip(try rawIDs(of: drawn.sources), try rawIDs(of: drawn.destinations)))
      .map { (source: $0, destination: $1) }
  }
}
