public import MerestoneCore
import MerestoneSampling

extension Graph {
  /// All edges among some nodes.
  ///
  /// ```swift
  /// let subgraph = try graph.induced(nodes)
  /// print(subgraph.nodeCount, subgraph.edgeCount)
  /// ```
  ///
  /// - Parameter nodes: In the order that the subgraph keeps; repetitions are left out.
  /// - Complexity: O(in-edges of the nodes).
  public func induced(_ nodes: [NodeID]) throws(GraphError) -> LocalSubgraph {
    try sampling { topology throws(SamplingError) in
      var sampler = SubgraphSampler(topology)
      return try sampler.induced(on: nodes)
    }
  }

  /// All edges among some nodes, by the user's own ids.
  public func induced(_ nodes: [RawID]) throws(GraphError) -> LocalSubgraph {
    try induced(self.nodes(nodes))
  }

  /// All edges among the nodes from which messages reach some seeds within `hops` hops.
  public func ego(of seeds: [NodeID], hops: Int) throws(GraphError) -> LocalSubgraph {
    guard hops >= 0, hops <= 255 else {
      throw .badParameter(name: "hops", value: Double(hops), expected: "a number from 0 to 255")
    }
    return try ego(of: seeds, fanouts: [Int](repeating: -1, count: hops))
  }

  /// All edges among the nodes that sampled hops reach.
  ///
  /// - Parameter fanouts: In-edges to follow per node and hop; -1 follows all.
  public func ego(
    of seeds: [NodeID], fanouts: [Int], seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> LocalSubgraph {
    try sampling { topology throws(SamplingError) in
      var sampler = SubgraphSampler(topology)
      return try sampler.ego(
        of: seeds, fanouts: fanouts, key: RandomKey(seed: seed, stream: .subgraph, step: step))
    }
  }

  /// A subgraph for each seed (ShaDow): all edges among the nodes that sampled hops from this seed
  /// reach.
  public func shadow(
    of seeds: [NodeID], fanouts: [Int], seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> SeedSubgraphs {
    try sampling { topology throws(SamplingError) in
      var sampler = SubgraphSampler(topology)
      return try sampler.perSeed(
        seeds, fanouts: fanouts, key: RandomKey(seed: seed, stream: .subgraph, step: step))
    }
  }

  /// A subgraph for each seed (ShaDow): all edges among the seed and the nodes with the highest
  /// personalised PageRank around it.
  ///
  /// - Parameters: See ``pageRankNeighborhoods(of:count:alpha:epsilon:)``.
  public func shadow(
    of seeds: [NodeID], pageRankCount count: Int, alpha: Double = 0.15, epsilon: Double = 1e-4
  ) throws(GraphError) -> SeedSubgraphs {
    try sampling { topology throws(SamplingError) in
      var sampler = SubgraphSampler(topology)
      var ranking = try PageRankSampler(topology, alpha: alpha, epsilon: epsilon)
      return try sampler.perSeed(seeds, pageRank: &ranking, count: count)
    }
  }
}
