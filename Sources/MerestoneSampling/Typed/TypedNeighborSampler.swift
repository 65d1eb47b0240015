package import MerestoneCore
package import MerestoneStorage

/// A relation that typed samples follow.
package struct FollowedRelation: Sendable {
  package let topology: Topology

  /// Edges kept per destination and hop, the hop next to the seeds first; -1 keeps every edge, 0 none.
  package let fanouts: [Int]

  /// Which edges are kept.
  package var scheme: NeighborScheme

  package init(topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform) {
    self.topology = topology
    self.fanouts = fanouts
    self.scheme = scheme
  }
}

/// Samples mini-batches of a graph with several node types, with fanouts of its own for each relation
/// and hop, by any ``NeighborScheme``.
///
/// In a hop every destination of a type keeps up to the relation's fanout of its in-edges, for each
/// relation that leads to the type; what was reached by any relation are the destinations of the
/// next hop. Draws are those of ``NeighborSampler``: a key names hop and relation, the entity is that
/// of the scheme. So the draws of one relation do not depend on the fanouts of another, and a graph
/// of one type and one relation gives the same blocks here and there. A sampler belongs to one
/// thread.
package struct TypedNeighborSampler {
  /// Where the sampler says after each hop that it gets on, and hears whether it should.
  package var pulse: Pulse?
  private let store: GraphStore
  private let hopCount: Int
  // Each is out of the list while it works.
  private var followed: [Followed?] = []
  private var relabelers: [NodeRelabeler]
  // Of each type, where the schemes are temporal; the relabelers then number pairs of node and time.
  private var seedTimes: [SeedTimes] = []
  private var sources: [NodeID] = []
  private var scratch: [UInt32] = []

  /// A relation that some hop follows.
  private struct Followed {
    let relation: RelationID
    let sourceType: Int
    let destinationType: Int
    let fanouts: [Int]
    let isWide: Bool
    var pick: BoundedPick?
    var reader: InEdgeReader
    var lists: [EdgeList] = []
  }

  /// The nodes of a hop, by type.
  private struct Reached {
    var nodes: [[NodeID]] = []
    /// Empty where the sample is not temporal.
    var times: [[Int64]] = []
  }

  /// - Parameters:
  ///   - relations: Ascending, each once.
  ///   - hopCount: How many fanouts each has.
  ///   - stampBudget: What tables with one entry per node may take together; 0 for a sampler that
  ///     lives for one mini-batch only.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  /// - Precondition: The topologies are of `store`, with all edges, and have `hopCount` fanouts; all
  ///   schemes are temporal or none is; columns were opened with these topologies.
  package init(
    _ store: GraphStore, following relations: [FollowedRelation], hopCount: Int,
    stampBudget: ByteCount = ByteCount(0)
  ) throws(SamplingError) {
    self.store = store
    self.hopCount = hopCount
    let times = relations.compactMap(\.scheme.times)
    precondition(times.isEmpty || times.count == relations.count, "some relations without times")
    let types = store.manifest.nodeTypes
    let share = ByteCount(stampBudget.bytes / max(1, types.count))
    let pickShare = ByteCount(stampBudget.bytes / max(1, relations.count))
    relabelers = types.map {
      NodeRelabeler(nodeCount: times.isEmpty ? $0.count : .max, stampBudget: share)
    }
    if let column = times.first {
      seedTimes = types.map { SeedTimes(column: column.name, nodeCount: $0.count) }
    }
    for entry in relations {
      let (topology, fanouts) = (entry.topology, entry.fanouts)
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
          isWide: store.book.nodeCount(of: type) > 1 << 32,
          pick: BoundedPick(
            entry.scheme, fanouts: fanouts, stampBudget: pickShare),
          reader: InEdgeReader(topology)))
    }
    let numbers = relations.map(\.topology.relation)
    precondition(
      zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, "relations ascend")
  }

  /// Samples one mini-batch.
  ///
  /// - Parameters:
  ///   - seeds: Nodes of any types, repetitions allowed. Shape `[b]`.
  ///   - times: As of when each seed is seen, shape `[b]`, where the schemes are temporal. Else
  ///     empty.
  ///   - key: Names the draws; its hop and relation are set here.
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)``; the store's error where a page
  ///   that is needed is damaged; ``SamplingError/timesMissing(column:)`` and its like for times
  ///   that do not fit; ``SamplingError/badWeight(column:value:edge:source:destination:)``.
  /// - Precondition: The types of the seeds exist.
  /// - Complexity: O(nodes reached · relations into their types + sampled edges).
  package mutating func sample(
    seeds: [TypedNode], times: [Int64] = [], key: RandomKey
  ) throws(SamplingError) -> TypedMiniBatch {
    for seed in seeds {
      let count = store.book.nodeCount(of: seed.type)
      if seed.node.rawValue >= UInt64(count) {
        throw .seedOutOfRange(seed: seed.node, nodeCount: count)
      }
    }
    if seedTimes.isEmpty, !times.isEmpty { throw .timesWithoutUse(count: times.count) }
    for type in seedTimes.indices { try seedTimes[type].begin(seeds: seeds.count, times) }
    for type in relabelers.indices { relabelers[type].reset() }
    let seedIndices = try number(seeds, times)
    var blocks: [TypedBlock] = []
    var reached = reached()
    for hop in 0..<hopCount {
      try pulse?.check()
      let destinations = reached
      var relations: [RelationBlock] = []
      for place in followed.indices {
        relations.append(try sample(place, hop, destinations, key))
      }
      reached = self.reached()
      blocks.append(
        TypedBlock(
          sources: reached.nodes, destinationCounts: destinations.nodes.map(\.count),
          relations: relations, sourceTimes: reached.times))
    }
    return TypedMiniBatch(
      seeds: seeds, seedIndices: seedIndices, blocks: blocks, nodes: reached.nodes)
  }

  /// All nodes seen so far.
  private func reached() -> Reached {
    var result = Reached()
    for type in relabelers.indices {
      var nodes: [NodeID] = []
      relabelers[type].copyNodes(into: &nodes)
      if !seedTimes.isEmpty {
        var times: [Int64] = []
        seedTimes[type].split(&nodes, into: &times)
        result.times.append(times)
      }
      result.nodes.append(nodes)
    }
    return result
  }

  private mutating func number(
    _ seeds: [TypedNode], _ times: [Int64]
  ) throws(SamplingError) -> [BlockIndex] {
    var result = [BlockIndex](repeating: BlockIndex(0), count: seeds.count)
    for type in relabelers.indices {
      let places = seeds.indices.filter { seeds[$0].type.rawValue == type }
      var nodes = places.map { seeds[$0].node }
      if !seedTimes.isEmpty { nodes = seedTimes[type].slots(nodes, places.map { times[$0] }) }
      var indices: [BlockIndex] = []
      try relabelers[type].relabel(nodes, count: places.count, into: &indices)
      for (place, index) in zip(places, indices) { result[place] = index }
    }
    return result
  }

  /// Samples one relation's edges of a hop.
  private mutating func sample(
    _ place: Int, _ hop: Int, _ destinations: Reached, _ key: RandomKey
  ) throws(SamplingError) -> RelationBlock {
    guard var relation = followed[place].take() else { preconditionFailure("a relation at work") }
    defer { followed[place] = relation }
    let nodes = destinations.nodes[relation.destinationType]
    let times = seedTimes.isEmpty ? [] : destinations.times[relation.destinationType]
    var result = RelationBlock(
      relation: relation.relation, sourceType: NodeTypeID(relation.sourceType),
      destinationType: NodeTypeID(relation.destinationType))
    var hopKey = key
    hopKey.hop = UInt8(truncatingIfNeeded: hop)
    hopKey.relation = UInt16(truncatingIfNeeded: relation.relation.rawValue)
    try relation.reader.readLists(of: nodes, into: &relation.lists)
    var block = Block.empty
    if relation.pick != nil {
      var picked = PickedEdges()
      try relation.pick!.pick(
        nodes, times: times, relation.lists, fanout: relation.fanouts[hop], draws: hopKey.draws,
        reader: &relation.reader, into: &picked)
      picked.move(into: &block)
    } else {
      block.pick(
        nodes, relation.lists, fanout: relation.fanouts[hop], draws: hopKey.draws,
        isWide: relation.isWide, scratch: &scratch)
    }
    if block.indices.isEmpty {
      try relation.reader.readSources(of: block.edges, into: &sources)
      if !seedTimes.isEmpty {
        seedTimes[relation.sourceType].join(&sources, block.indptr, times)
      }
      try relabelers[relation.sourceType].relabel(
        sources, count: block.edges.count, into: &block.indices)
    } else {
      // The pick has met the sources.
      try relabelers[relation.sourceType].relabel(sources: &block.indices)
    }
    result.indices = block.indices
    result.indptr = block.indptr
    result.edges = block.edges
    result.weights = block.weights
    return result
  }
}
