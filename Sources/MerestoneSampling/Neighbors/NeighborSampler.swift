package import MerestoneCore

/// Samples mini-batches hop by hop, by a ``NeighborScheme``: uniform neighbours without replacement
/// where nothing else is asked for.
///
/// A sampler is a value with buffers of its own; one thread owns it. Equal keys and seeds give
/// equal mini-batches for one graph, whatever the number of threads, the memory and the way of
/// reading.
package struct NeighborSampler {
  package let topology: Topology
  package let fanouts: [Int]
  /// Where the sampler says after each hop that it gets on, and hears whether it should.
  package var pulse: Pulse?
  private var relabeler: NodeRelabeler
  private var hopSampler: HopSampler
  // Only where the scheme is temporal; the relabeler then numbers pairs of node and time.
  private var seedTimes: SeedTimes?
  private var destinations: HopDestinations

  /// The most memory that a table with one entry per node may take in each sampler.
  package static let stampBudget = ByteCount(64 << 20)

  /// - Parameters:
  ///   - fanouts: Edges kept per destination and hop, the hop next to the seeds first; -1 keeps
  ///     every edge, 0 none.
  ///   - scheme: Which edges are kept.
  ///   - stampBudget: See ``stampBudget``; 0 for a sampler that lives for one mini-batch only, so
  ///     that no table over all nodes is made for it.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  /// - Precondition: The scheme's column was opened with this topology.
  package init(
    topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform,
    stampBudget: ByteCount = Self.stampBudget
  ) throws(SamplingError) {
    self.topology = topology
    self.fanouts = fanouts
    relabeler = NodeRelabeler(
      nodeCount: scheme.times == nil ? topology.nodeCount : .max, stampBudget: stampBudget)
    hopSampler = try HopSampler(
      topology, fanouts: fanouts, scheme: scheme, stampBudget: stampBudget)
    destinations = HopDestinations(for: CollectionOfOne(hopSampler))
    seedTimes = scheme.times.map { SeedTimes(column: $0.name, nodeCount: topology.nodeCount) }
  }

  /// Samples one mini-batch.
  ///
  /// - Parameters:
  ///   - seeds: Global ids, repetitions allowed. Shape `[b]`.
  ///   - times: As of when each seed is seen, shape `[b]`, where the scheme is temporal: no edge
  ///     that is later is followed from it, in any hop. Else empty.
  ///   - key: Names the draws; its hop and relation are set here.
  /// - Returns: One block per fanout.
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)``; the store's error where a page
  ///   that is needed is damaged; ``SamplingError/timesMissing(column:)`` and its like for times
  ///   that do not fit; ``SamplingError/badWeight(column:value:edge:source:destination:)``.
  /// - Complexity: O(sampled edges) draws and random reads; page by page also one decoded page
  ///   for each page that a hop touches.
  package mutating func sample(
    seeds: [NodeID], times: [Int64] = [], key: RandomKey
  ) throws(SamplingError) -> MiniBatch {
    var batch = MiniBatch.empty
    try sample(seeds: seeds, times: times, key: key, into: &batch)
    return batch
  }

  /// Samples one mini-batch into the memory of another, which is not needed any more.
  ///
  /// - Parameter batch: Holds the mini-batch afterwards. Its arrays are reused where nobody else
  ///   holds them, so that from the second mini-batch on hardly any memory is asked for.
  package mutating func sample(
    seeds: [NodeID], times: [Int64] = [], key: RandomKey, into batch: inout MiniBatch
  ) throws(SamplingError) {
    let nodeCount = topology.nodeCount
    for seed in seeds where seed.rawValue >= UInt64(nodeCount) {
      throw .seedOutOfRange(seed: seed, nodeCount: nodeCount)
    }
    relabeler.reset()
    batch.seeds = seeds
    try relabeler.relabel(
      try slots(seeds, times), count: seeds.count, into: &batch.seedIndices)
    batch.blocks.resize(to: fanouts.count, filling: .empty)
    for hop in fanouts.indices {
      try pulse?.check()
      destinations.take(relabeler, seedTimes)
      batch.blocks[hop].destinationCount = destinations.count
      batch.blocks[hop].sourceTimes.removeAll(keepingCapacity: true)
      try hopSampler.sample(
        hop, of: destinations, key: key, numberedBy: &relabeler, seedTimes,
        into: &batch.blocks[hop])
      relabeler.copyNodes(into: &batch.blocks[hop].sources)
      seedTimes?.splitSources(of: &batch.blocks[hop])
    }
  }

  /// What stands for the seeds where the relabeler numbers them: pairs of node and time where the
  /// scheme is temporal.
  private mutating func slots(
    _ seeds: [NodeID], _ times: [Int64]
  ) throws(SamplingError) -> [NodeID] {
    if seedTimes != nil {
      try seedTimes!.begin(seeds: seeds.count, times)
      return seedTimes!.slots(seeds, times)
    }
    guard times.isEmpty else { throw .timesWithoutUse(count: times.count) }
    return seeds
  }

  /// How many allowed in-edges each node has.
  package mutating func inDegrees(of nodes: [NodeID]) throws(SamplingError) -> [Int] {
    try hopSampler.inDegrees(of: nodes)
  }
}
