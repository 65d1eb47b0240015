package import MerestoneCore

/// Subgraphs around nodes: induced, within some hops, and one for each seed.
///
/// Hops go against the edges, the way that messages come from. Draws are those of
/// ``NeighborSampler`` under the stream ``RandomStream/subgraph``. A sampler belongs to one thread.
package struct SubgraphSampler {
  let topology: Topology
  private var reader: InducedReader

  package init(_ topology: Topology) {
    self.topology = topology
    reader = InducedReader(topology)
  }

  /// All edges among some nodes.
  ///
  /// - Parameter nodes: In the order that the subgraph keeps; repetitions are left out.
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)``, or the store's error.
  /// - Complexity: O(in-edges of the nodes) reads, and no more memory than 40 bytes a node, the
  ///   result, and a million edges.
  package mutating func induced(on nodes: [NodeID]) throws(SamplingError) -> LocalSubgraph {
    try topology.check(nodes)
    let index = try NodeIndex(nodes)
    return try reader.induced(on: index.nodes, index)
  }

  /// All edges among the nodes that some hops reach.
  ///
  /// - Parameter fanouts: In-edges that are followed per node and hop; -1 follows all, so that
  ///   `[-1, -1]` gives the 2-hop ego subgraph.
  /// - Returns: The distinct seeds first, then new nodes as hops reach them.
  package mutating func ego(
    of seeds: [NodeID], fanouts: [Int], key: RandomKey
  ) throws(SamplingError) -> LocalSubgraph {
    let index = try NodeIndex(try reach(seeds, fanouts, key).inputNodes)
    return try reader.induced(on: index.nodes, index)
  }

  /// A subgraph for each seed: all edges among the nodes that hops from this seed alone reach.
  ///
  /// Zeng et al., "Decoupling the Depth and Scope of Graph Neural Networks" (ShaDow), NeurIPS 2021.
  /// Each seed's subgraph is that of ``ego(of:fanouts:key:)`` of the seed alone, with the same key;
  /// seeds are sampled and read together, 256 at a time.
  package mutating func perSeed(
    _ seeds: [NodeID], fanouts: [Int], key: RandomKey
  ) throws(SamplingError) -> SeedSubgraphs {
    try perSeed(seeds) { sampler, part throws(SamplingError) in
      let batch = try sampler.reach(part, fanouts, key)
      var sets = EgoSets(nodeCount: batch.inputNodes.count)
      return (batch.inputNodes, batch.seedIndices.map { sets.reached(from: $0, in: batch.blocks) })
    }
  }

  /// A subgraph for each seed: all edges among the seed and the `count` nodes with the highest
  /// personalised PageRank, in the order of ``PageRankSampler``, the seed first.
  package mutating func perSeed(
    _ seeds: [NodeID], pageRank ranking: inout PageRankSampler, count: Int
  ) throws(SamplingError) -> SeedSubgraphs {
    try perSeed(seeds) { sampler, part throws(SamplingError) in
      let ranked = try ranking.neighborhoods(of: part, count: count)
      var index = NodeIndex()
      var sets: [[Int]] = []
      for (place, seed) in part.enumerated() {
        var set = [try index.add(seed)]
        for node in ranked.nodes[ranked.places(of: place)] where node != seed {
          set.append(try index.add(node))
        }
        sets.append(set)
      }
      return (index.nodes, sets)
    }
  }

  private func reach(
    _ seeds: [NodeID], _ fanouts: [Int], _ key: RandomKey
  ) throws(SamplingError) -> MiniBatch {
    var key = key
    key.stream = .subgraph
    var neighbors = try NeighborSampler(
      topology: topology, fanouts: fanouts, stampBudget: ByteCount(0))
    return try neighbors.sample(seeds: seeds, key: key)
  }

  /// Makes the subgraphs of portions of the seeds.
  ///
  /// - Parameter choose: Gives the nodes of a portion, and for each of its seeds the positions of
  ///   its nodes there, the seed first.
  private mutating func perSeed(
    _ seeds: [NodeID],
    _ choose: (Self, [NodeID]) throws(SamplingError) -> (nodes: [NodeID], sets: [[Int]])
  ) throws(SamplingError) -> SeedSubgraphs {
    try topology.check(seeds)
    var result = SeedSubgraphs()
    var first = 0
    repeat {
      let part = Array(seeds[first..<min(first + 256, seeds.count)])
      let (nodes, sets) = try choose(self, part)
      let union = try reader.induced(on: nodes, NodeIndex(nodes))
      // The position in the seed's own subgraph of each node of the portion; -1 outside.
      var positions = [Int](repeating: -1, count: nodes.count)
      for set in sets { try result.append(set, of: union, &positions) }
      first += part.count
    } while first < seeds.count
    return result
  }
}

extension SeedSubgraphs {
  /// Adds the part of a larger subgraph on some of its nodes; `positions` are -1 before and after.
  fileprivate mutating func append(
    _ set: [Int], of union: LocalSubgraph, _ positions: inout [Int]
  ) throws(SamplingError) {
    let first = graph.nodes.count
    guard first + set.count < Int(UInt32.max) else {
      throw .blockTooLarge(nodes: first + set.count)
    }
    for (place, node) in set.enumerated() {
      positions[node] = first + place
      graph.nodes.append(union.nodes[node])
    }
    for node in set {
      for edge in union.indptr[node]..<union.indptr[node + 1] {
        let position = positions[Int(union.indices[edge].rawValue)]
        guard position >= 0 else { continue }
        graph.indices.append(BlockIndex(UInt32(position)))
        graph.edges.append(union.edges[edge])
      }
      graph.indptr.append(graph.edges.count)
    }
    for node in set { positions[node] = -1 }
    bounds.append(graph.nodes.count)
  }
}
