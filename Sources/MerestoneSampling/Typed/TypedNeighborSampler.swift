package import MerestoneCore
package import MerestoneStorage

/// Samples mini-batches of a graph with several node types, uniformly without replacement, with
/// fanouts of its own for each relation and hop.
///
/// In a hop every destination of a type keeps up to the relation's fanout of its in-edges, for each
/// relation that leads to the type; what was reached by any relation are the destinations of the
/// next hop. Draws are those of ``NeighborSampler``: a key names hop and relation, the entity is the
/// destination. So the draws of one relation do not depend on the fanouts of another, and a graph
/// of one type and one relation gives the same blocks here and there. A sampler belongs to one
/// thread.
package struct TypedNeighborSampler {
  private let store: GraphStore
  private let hopCount: Int
  private var followed: [Followed] = []
  private var relabelers: [NodeRelabeler]
  private var sources: [NodeID] = []
  private var scratch: [UInt32] = []

  /// A relation that some hop follows.
  private struct Followed {
    let relation: RelationID
    let sourceType: Int
    let destinationType: Int
    let fanouts: [Int]
    let isWide: Bool
    var reader: InEdgeReader
    var lists: [EdgeList] = []
  }

  /// - Parameters:
  ///   - topologies: The relations to follow with edges kept per destination and hop, the hop next
  ///     to the seeds first; -1 keeps every edge, 0 none. Ascending by relation, each once.
  ///   - hopCount: How many fanouts each has.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  /// - Precondition: The topologies are of `store`, with all edges, and have `hopCount` fanouts.
  package init(
    _ store: GraphStore, following topologies: [(topology: Topology, fanouts: [Int])],
    hopCount: Int
  ) throws(SamplingError) {
    self.store = store
    self.hopCount = hopCount
    relabelers = store.manifest.nodeTypes.map {
      NodeRelabeler(nodeCount: $0.count, stampBudget: ByteCount(0))
    }
    for (topology, fanouts) in topologies {
      precondition(fanouts.count == hopCount, "\(fanouts.count) fanouts for \(hopCount) hops")
      precondition(!topology.isFiltered, "typed samples follow all edges")
      for (hop, fanout) in fanouts.enumerated() where fanout < -1 {
        throw .fanoutBelowMinusOne(fanout: fanout, hop: hop)
      }
      let type = topology.type(of: .destination)
      followed.append(
        Followed(
          relation: topology.relation, sourceType: topology.type(of: .source).rawValue,
          destinationType: type.rawValue, fanouts: fanouts,
          isWide: store.book.nodeCount(of: type) > 1 << 32, reader: InEdgeReader(topology)))
    }
    precondition(
      zip(followed, followed.dropFirst()).allSatisfy { $0.relation < $1.relation },
      "relations ascend")
  }

  /// Samples one mini-batch.
  ///
  /// - Parameters:
  ///   - seeds: Nodes of any types, repetitions allowed. Shape `[b]`.
  ///   - key: Names the draws; its hop and relation are set here.
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)``; the store's error where a page
  ///   that is needed is damaged.
  /// - Precondition: The types of the seeds exist.
  /// - Complexity: O(nodes reached · relations into their types + sampled edges).
  package mutating func sample(
    seeds: [TypedNode], key: RandomKey
  ) throws(SamplingError) -> TypedMiniBatch {
    for seed in seeds {
      let count = store.book.nodeCount(of: seed.type)
      if seed.node.rawValue >= UInt64(count) {
        throw .seedOutOfRange(seed: seed.node, nodeCount: count)
      }
    }
    for type in relabelers.indices { relabelers[type].reset() }
    let seedIndices = try number(seeds)
    var blocks: [TypedBlock] = []
    for hop in 0..<hopCount {
      let destinations = nodes()
      var relations: [RelationBlock] = []
      for place in followed.indices {
        relations.append(try sample(place, hop, destinations, key))
      }
      blocks.append(
        TypedBlock(
          sources: nodes(), destinationCounts: destinations.map(\.count), relations: relations))
    }
    return TypedMiniBatch(
      seeds: seeds, seedIndices: seedIndices, blocks: blocks, nodes: nodes())
  }

  /// All nodes seen so far, by type.
  private func nodes() -> [[NodeID]] {
    relabelers.map { relabeler in
      var nodes: [NodeID] = []
      relabeler.copyNodes(into: &nodes)
      return nodes
    }
  }

  private mutating func number(_ seeds: [TypedNode]) throws(SamplingError) -> [BlockIndex] {
    var result = [BlockIndex](repeating: BlockIndex(0), count: seeds.count)
    for type in relabelers.indices {
      let places = seeds.indices.filter { seeds[$0].type.rawValue == type }
      var indices: [BlockIndex] = []
      try relabelers[type].relabel(
        places.map { seeds[$0].node }, count: places.count, into: &indices)
      for (place, index) in zip(places, indices) { result[place] = index }
    }
    return result
  }

  /// Samples one relation's edges of a hop.
  private mutating func sample(
    _ place: Int, _ hop: Int, _ destinations: [[NodeID]], _ key: RandomKey
  ) throws(SamplingError) -> RelationBlock {
    // Out of the list while it works, and back with its memory.
    var relation = followed[place]
    defer { followed[place] = relation }
    let nodes = destinations[relation.destinationType]
    var result = RelationBlock(
      relation: relation.relation, sourceType: NodeTypeID(relation.sourceType),
      destinationType: NodeTypeID(relation.destinationType))
    var hopKey = key
    hopKey.hop = UInt8(truncatingIfNeeded: hop)
    hopKey.relation = UInt16(truncatingIfNeeded: relation.relation.rawValue)
    try relation.reader.readLists(of: nodes, into: &relation.lists)
    var picked = Block.empty
    picked.pick(
      nodes, relation.lists, fanout: relation.fanouts[hop], draws: hopKey.draws,
      isWide: relation.isWide, scratch: &scratch)
    try relation.reader.readSources(of: picked.edges, into: &sources)
    try relabelers[relation.sourceType].relabel(
      sources, count: picked.edges.count, into: &result.indices)
    result.indptr = picked.indptr
    result.edges = picked.edges
    return result
  }
}
