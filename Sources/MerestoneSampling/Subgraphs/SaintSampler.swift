package import MerestoneCore

/// Draws subgraphs by GraphSAINT, with the coefficients that make up for their law.
///
/// Zeng et al., "GraphSAINT: Graph Sampling Based Inductive Learning Method", ICLR 2020. A subgraph
/// holds all edges among the nodes that its ``SaintLaw`` drew. Draw `i` of a subgraph is the entity
/// `i` of the stream ``RandomStream/subgraph``; walks draw as ``WalkSampler`` says. A sampler
/// belongs to one thread.
///
/// Coefficients are exact for ``SaintLaw/nodes(count:)``, whose draws are independent. For the other
/// laws they are estimated as in the paper's appendix, from `trials` node sets that are drawn first
/// (with entities from `2^40` on, so that no subgraph repeats their draws): of `T` trials and the
/// subgraph in hand, `C(v)` hold `v` and `C(u, v)` hold both; the probabilities are
/// `C(v) / (T + 1)` and `C(u, v) / C(v)`. The trials take 12 bytes and a bit a trial for each node
/// that they drew, which depends on the law and not on the size of the graph.
package struct SaintSampler {
  private var drawer: SaintDrawer
  private var induced: InducedReader
  private let topology: Topology
  private let law: SaintLaw
  private let trials: SaintTrials?

  /// - Parameters:
  ///   - trials: Node sets that coefficients are estimated from; not used by
  ///     ``SaintLaw/nodes(count:)``.
  ///   - key: Names the draws of the trials.
  /// - Throws: ``SamplingError/badParameter(name:value:expected:)``,
  ///   ``SamplingError/nothingToDraw(relation:)``, or the store's error.
  package init(
    _ topology: Topology, law: SaintLaw, trials: Int = 64, key: RandomKey
  ) throws(SamplingError) {
    guard trials >= 0, trials <= 1 << 16 else {
      throw .badParameter(
        name: "trials", value: Double(trials), expected: "a number from 0 to 65536")
    }
    self.topology = topology
    self.law = law
    drawer = try SaintDrawer(topology, law: law)
    induced = InducedReader(topology)
    if case .nodes = law {
      self.trials = nil
    } else {
      var drawn = SaintTrials(count: trials)
      for trial in 0..<trials {
        let first = UInt64(trial + 1) << 40
        try drawn.append(drawer.draw(key: key, first: first), trial: trial)
      }
      self.trials = drawn
    }
  }

  /// Draws a subgraph; another step of the key, another subgraph.
  ///
  /// - Complexity: The draws, and reading the in-edges of the nodes drawn.
  package mutating func sample(key: RandomKey) throws(SamplingError) -> SaintSubgraph {
    let nodes = try drawer.draw(key: key, first: 0)
    let graph = try induced.induced(on: nodes, NodeIndex(nodes))
    if let trials { return trials.normalized(graph) }
    guard case .nodes(let count) = law else { preconditionFailure("a law without trials") }
    return try exact(graph, draws: count)
  }

  /// Coefficients of independent draws: `v` is missed by all `n` with the probability
  /// `(1 - p(v))^n`, and `u` and `v` both with `(1 - p(u) - p(v))^n`.
  private mutating func exact(
    _ graph: LocalSubgraph, draws: Int
  ) throws(SamplingError) -> SaintSubgraph {
    let edgeCount = Double(topology.edgeCount)
    let shares = try drawer.inDegrees(of: graph.nodes).map { Double($0) / edgeCount }
    let missed = shares.map { (1 - $0).power(draws) }
    var result = SaintSubgraph(
      graph: graph, nodeNormalization: missed.map { 1 - $0 }, edgeNormalization: [])
    result.edgeNormalization.reserveCapacity(graph.edgeCount)
    for node in graph.nodes.indices {
      for edge in graph.indptr[node]..<graph.indptr[node + 1] {
        let source = Int(graph.indices[edge].rawValue)
        let both =
          source == node
          ? 1 - missed[node]
          : 1 - missed[node] - missed[source]
            + max(0, 1 - shares[node] - shares[source]).power(draws)
        result.edgeNormalization.append(both / (1 - missed[node]))
      }
    }
    return result
  }
}

extension Double {
  /// The number to a whole power, by squaring: the same on every machine.
  fileprivate func power(_ exponent: Int) -> Double {
    var result = 1.0
    var base = self
    var left = exponent
    while left > 0 {
      if left & 1 == 1 { result *= base }
      base *= base
      left >>= 1
    }
    return result
  }
}
