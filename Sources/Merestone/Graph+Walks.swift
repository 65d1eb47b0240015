public import MerestoneCore
import MerestoneSampling

extension Graph {
  /// Walks at random from some nodes, against the direction of the edges: each step goes to where
  /// messages come from.
  ///
  /// ```swift
  /// let walks = try graph.randomWalks(from: seeds, length: 40, law: .node2vec(p: 1, q: 0.5))
  /// for walk in 0..<walks.count { print(walks[walk]) }
  /// ```
  ///
  /// - Parameters:
  ///   - starts: One start per walk, repetitions allowed.
  ///   - length: The most steps of a walk; a node without in-edges ends it earlier.
  ///   - seed: Names the draws; equal arguments give equal walks, in any memory.
  ///   - step: Names the draws together with `seed`: another step, other draws.
  public func randomWalks(
    from starts: [NodeID], length: Int, law: WalkLaw = .uniform, seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> Walks {
    try sampling { topology throws(SamplingError) in
      var sampler = WalkSampler(topology)
      return try sampler.walk(
        from: starts, law: law, length: length,
        key: RandomKey(seed: seed, stream: .walk, step: step))
    }
  }

  /// The nodes of random walks by the user's own ids, one list per walk.
  public func randomWalks(
    from starts: [RawID], length: Int, law: WalkLaw = .uniform, seed: UInt64 = 1
  ) throws(GraphError) -> [[RawID]] {
    let walks = try randomWalks(from: nodes(starts), length: length, law: law, seed: seed)
    let raws = try rawIDs(of: walks.nodes)
    return (0..<walks.count).map { Array(raws[walks.indptr[$0]..<walks.indptr[$0 + 1]]) }
  }

  /// The nodes that short walks from each seed meet most often (PinSAGE), with their shares of the
  /// visits.
  ///
  /// - Parameters:
  ///   - count: The most nodes of a neighbourhood.
  ///   - walks: Walks from each seed.
  ///   - length: The most steps of a walk.
  ///   - restart: The probability of going back to the seed before each step.
  public func visitedNeighborhoods(
    of seeds: [NodeID], count: Int, walks: Int = 50, length: Int = 3, restart: Double = 0.5,
    seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> Neighborhoods {
    try sampling { topology throws(SamplingError) in
      var sampler = try VisitSampler(topology, walks: walks, length: length, restart: restart)
      return try sampler.neighborhoods(
        of: seeds, count: count, key: RandomKey(seed: seed, stream: .walk, step: step))
    }
  }

  /// The nodes with the highest personalised PageRank around each seed, with their scores.
  ///
  /// - Parameters:
  ///   - count: The most nodes of a neighbourhood, the seed among them.
  ///   - alpha: The probability that a walk ends before its next step.
  ///   - epsilon: The accuracy: at most `1 / (alpha * epsilon)` edges are read for each seed, and
  ///     where edges are stored both ways, a score is too small by at most `epsilon` times the
  ///     node's in-degree.
  public func pageRankNeighborhoods(
    of seeds: [NodeID], count: Int, alpha: Double = 0.15, epsilon: Double = 1e-4
  ) throws(GraphError) -> Neighborhoods {
    try sampling { topology throws(SamplingError) in
      var sampler = try PageRankSampler(topology, alpha: alpha, epsilon: epsilon)
      return try sampler.neighborhoods(of: seeds, count: count)
    }
  }

  /// Runs `body` on the edges and gives its errors the names that users know.
  func sampling<Result>(
    _ body: (Topology) throws(SamplingError) -> Result
  ) throws(GraphError) -> Result {
    let topology = try openTopology()
    do throws(SamplingError) {
      return try body(topology)
    } catch {
      throw GraphError(error)
    }
  }
}
