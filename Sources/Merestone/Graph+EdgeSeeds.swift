public import MerestoneCore
import MerestoneSampling

extension Graph {
  /// Samples the neighbourhoods of some edges' ends, without the edges that would show what is to be
  /// predicted.
  ///
  /// ```swift
  /// let negatives = try graph.negatives(for: edges, count: 1)
  /// let sample = try graph.sample(edges: edges, others: negatives.destinations, fanouts: [10, 5])
  /// ```
  ///
  /// - Parameters:
  ///   - edges: Global ids of edges, repetitions allowed.
  ///   - others: Further nodes to sample around, such as the ends of negative edges.
  ///   - fanouts: In-edges to keep per node and hop, the hop next to the seeds first; -1 keeps all.
  ///   - excluded: Which edges count as not there. Edges are drawn among the others; nothing is
  ///     dropped after a draw.
  ///   - seed: Names the draws; equal arguments give equal samples, in any memory.
  ///   - step: Names the draws together with `seed`: another step, other draws.
  public func sample(
    edges: [EdgeID], others: [NodeID] = [], fanouts: [Int],
    excluding excluded: SeedEdgeExclusion = .seedsAndReverse, seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> EdgeMiniBatch {
    try sampling { topology throws(SamplingError) in
      var sampler = EdgeSeedSampler(topology, fanouts: fanouts, excluding: excluded)
      return try sampler.sample(
        edges: edges, others: others, key: RandomKey(seed: seed, stream: .query, step: step))
    }
  }
}
