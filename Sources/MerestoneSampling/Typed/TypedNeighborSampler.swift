package import MerestoneCore
package import MerestoneStorage

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
  private let shape: BatchShape
  private var followed: [Followed] = []
  // The following are by type.
  private var relabelers: [NodeRelabeler] = []
  private var destinations: [HopDestinations] = []
  // Where the schemes are temporal; the relabelers then number pairs of node and time.
  private var seedTimes: [SeedTimes]

  /// A relation that some hop follows.
  private struct Followed {
    let sourceType: Int
    let destinationType: Int
    var sampler: HopSampler
  }

  /// - Parameters:
  ///   - relations: Ascending, each once.
  ///   - hopCount: How many fanouts each has.
  ///   - stampBudget: What tables with one entry per node may take together; 0 for a sampler that
  ///     lives for one mini-batch only.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  /// - Precondition: The topologies are of `store` and have `hopCount` fanouts; all schemes are temporal
  ///   or none is; columns were opened with these topologies.
  package init(
    _ store: GraphStore, following relations: [FollowedRelation], hopCount: Int,
    stampBudget: ByteCount = ByteCount(0)
  ) throws(SamplingError) {
    self.store = store
    let times = relations.compactMap(\.scheme.times)
    precondition(times.isEmpty || times.count == relations.count, "some relations without times")
    let types = store.manifest.nodeTypes
    let share = ByteCount(stampBudget.bytes / max(1, types.count))
    let pickShare = ByteCount(stampBudget.bytes / max(1, relations.count))
    relabelers = types.map {
      NodeRelabeler(nodeCount: times.isEmpty ? $0.count : .max, stampBudget: share)
    }
    seedTimes = SeedTimes.byType(times.first, nodeCounts: types.map(\.count))
    for entry in relations {
      let (topology, fanouts) = (entry.topology, entry.fanouts)
      precondition(fanouts.count == hopCount, "\(fanouts.count) fanouts for \(hopCount) hops")
      followed.append(
        Followed(
          sourceType: topology.type(of: .source).rawValue,
          destinationType: topology.type(of: .destination).rawValue,
          sampler: try HopSampler(
            topology, fanouts: fanouts, scheme: entry.scheme, stampBudget: pickShare)))
    }
    shape = BatchShape(
      hops: hopCount, types: types.count, isTemporal: !times.isEmpty,
      relations: relations.map { RelationBlock(of: $0.topology) })
    destinations = types.indices.map { type in
      HopDestinations(
        for: followed.lazy.filter { $0.destinationType == type }.map(\.sampler))
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
    var batch = TypedMiniBatch.empty
    try sample(seeds: seeds, times: times, key: key, into: &batch)
    return batch
  }

  /// Samples one mini-batch into the memory of another, which is not needed any more.
  ///
  /// - Parameter batch: Holds the mini-batch afterwards: see
  ///   ``NeighborSampler/sample(seeds:times:key:into:)``.
  package mutating func sample(
    seeds: [TypedNode], times: [Int64] = [], key: RandomKey, into batch: inout TypedMiniBatch
  ) throws(SamplingError) {
    for seed in seeds {
      let count = store.book.nodeCount(of: seed.type)
      if seed.node.rawValue >= UInt64(count) {
        throw .seedOutOfRange(seed: seed.node, nodeCount: count)
      }
    }
    if seedTimes.isEmpty, !times.isEmpty { throw .timesWithoutUse(count: times.count) }
    for type in seedTimes.indices { try seedTimes[type].begin(seeds: seeds.count, times) }
    batch.seeds = seeds
    batch.prepare(shape)
    for type in relabelers.indices {
      relabelers[type].reset()
      try relabelers[type].relabel(
        seeds, of: type, times: times, seedTimes.isEmpty ? nil : seedTimes[type],
        into: &batch.seedIndices)
    }
    for hop in 0..<shape.hops {
      try pulse?.check()
      try sample(hop, key, into: &batch.blocks[hop])
    }
    if shape.hops == 0 {
      var times = seedTimes.map { _ in [] as [Int64] }
      batch.nodes = relabelers.map { _ in [] }
      copyNodes(into: &batch.nodes, times: &times)
    }
    batch.complete()
  }

  private mutating func sample(
    _ hop: Int, _ key: RandomKey, into block: inout TypedBlock
  ) throws(SamplingError) {
    for type in relabelers.indices {
      destinations[type].take(relabelers[type], seedTimes.isEmpty ? nil : seedTimes[type])
      block.destinationCounts[type] = destinations[type].count
    }
    for place in followed.indices {
      let sourceType = followed[place].sourceType
      try followed[place].sampler.sample(
        hop, of: destinations[followed[place].destinationType], key: key,
        numberedBy: &relabelers[sourceType], seedTimes.isEmpty ? nil : seedTimes[sourceType],
        into: &block.relations[place])
    }
    copyNodes(into: &block.sources, times: &block.sourceTimes)
  }

  /// Writes all nodes seen so far, and as of when where the schemes are temporal, by type.
  private func copyNodes(into nodes: inout [[NodeID]], times: inout [[Int64]]) {
    for type in relabelers.indices {
      relabelers[type].copyNodes(into: &nodes[type])
      if !seedTimes.isEmpty { seedTimes[type].split(&nodes[type], into: &times[type]) }
    }
  }
}
