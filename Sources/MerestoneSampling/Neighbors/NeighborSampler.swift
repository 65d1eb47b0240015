internal import CMerestoneKernels
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
  private var reader: InEdgeReader
  private var schemePick: BoundedPick?
  // Only where the scheme is temporal; the relabeler then numbers pairs of node and time.
  private var seedTimes: SeedTimes?
  private var destinations: [NodeID] = []
  private var destinationTimes: [Int64] = []
  private var lists: [EdgeList] = []
  private var allowed: [EdgeID] = []
  private var sources: [NodeID] = []
  private var scratch: [UInt32] = []

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
    for (hop, fanout) in fanouts.enumerated() where fanout < -1 {
      throw .fanoutBelowMinusOne(fanout: fanout, hop: hop)
    }
    self.topology = topology
    self.fanouts = fanouts
    relabeler = NodeRelabeler(
      nodeCount: scheme.times == nil ? topology.nodeCount : .max, stampBudget: stampBudget)
    reader = InEdgeReader(topology)
    schemePick = BoundedPick(scheme, fanouts: fanouts, stampBudget: stampBudget)
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
    if batch.blocks.count > fanouts.count {
      batch.blocks.removeLast(batch.blocks.count - fanouts.count)
    }
    while batch.blocks.count < fanouts.count { batch.blocks.append(.empty) }
    for hop in fanouts.indices {
      try pulse?.check()
      var hopKey = key
      hopKey.hop = UInt8(truncatingIfNeeded: hop)
      hopKey.relation = UInt16(truncatingIfNeeded: topology.relation.rawValue)
      batch.blocks[hop].weights.removeAll(keepingCapacity: true)
      batch.blocks[hop].sourceTimes.removeAll(keepingCapacity: true)
      if topology.isInPlace, schemePick == nil, !topology.isFiltered, !relabeler.isWide {
        try sampleInPlace(hop, draws: hopKey.draws, into: &batch.blocks[hop])
      } else {
        try sampleHop(hop, draws: hopKey.draws, into: &batch.blocks[hop])
      }
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
    try reader.inDegrees(of: nodes)
  }

  /// Samples a hop from decoded memory or packed pages: picks, reads and block indices in one pass.
  private mutating func sampleInPlace(
    _ hop: Int, draws: RandomDraws, into block: inout Block
  ) throws(SamplingError) {
    let count = relabeler.count
    let fanout = fanouts[hop] == -1 ? UInt64.max : UInt64(fanouts[hop])
    if lists.count < count { lists.resize(to: count, filling: EdgeList(start: 0, count: 0)) }
    block.destinationCount = count
    block.indptr.resize(to: count + 1, filling: 0)
    block.indptr[0] = 0
    let total = unsafe lists.withUnsafeMutableBufferPointer { [relabeler, topology] lists in
      unsafe block.indptr.withUnsafeMutableBufferPointer { ends in
        unsafe relabeler.withNodes { nodes, count in
          unsafe topology.withListStarts { starts in
            // SAFETY: the nodes exist, and there is a list and an end for each of them; an edge list
            // is the same two words here and there.
            Int(
              unsafe mrs_read_lists(
                starts, nodes, count, fanout, 0,
                UnsafeMutableRawPointer(lists.baseAddress)?.assumingMemoryBound(
                  to: mrs_edge_list.self),
                UnsafeMutableRawPointer(ends.baseAddress! + 1).assumingMemoryBound(to: Int64.self)))
          }
        }
      }
    }
    try relabeler.reserve(total)
    block.edges.resize(to: total, filling: EdgeID(0))
    block.indices.resize(to: total, filling: BlockIndex(0))
    try Self.run(topology, picked: nil, fanout, draws, lists, &relabeler, &block)
  }

  /// Runs the fused kernel; `block` has room for the hop's edges.
  ///
  /// - Parameter picked: How many edges the block has already; `nil` where they are to be picked.
  private static func run(
    _ topology: Topology, picked: Int?, _ fanout: UInt64, _ draws: RandomDraws, _ lists: [EdgeList],
    _ relabeler: inout NodeRelabeler, _ block: inout Block
  ) throws(SamplingError) {
    let destinationCount = block.destinationCount
    try unsafe lists.withUnsafeBufferPointer { lists throws(SamplingError) in
      try unsafe block.edges.withUnsafeMutableBufferPointer { edges throws(SamplingError) in
        try unsafe block.indices.withUnsafeMutableBufferPointer { indices throws(SamplingError) in
          var hop = unsafe mrs_hop()
          // SAFETY: an edge list is the same two words here and there; an edge id and a block index
          // are one word each.
          unsafe hop.lists = UnsafeRawPointer(lists.baseAddress)?.assumingMemoryBound(
            to: mrs_edge_list.self)
          unsafe hop.edges = UnsafeMutableRawPointer(edges.baseAddress)?.assumingMemoryBound(
            to: UInt64.self)
          unsafe hop.indices = UnsafeMutableRawPointer(indices.baseAddress)?.assumingMemoryBound(
            to: UInt32.self)
          unsafe hop.destinations = destinationCount
          unsafe hop.fanout = fanout
          unsafe hop.key0 = draws.key.x
          unsafe hop.key1 = draws.key.y
          unsafe hop.picked = picked ?? 0
          if let packed = topology.packed {
            unsafe hop.pages = packed.table
            try unsafe packed.pageCut.withKernel { cut throws(SamplingError) in
              unsafe hop.page_cut = cut
              try unsafe relabeler.run(&hop, isPicked: picked != nil) {
                page throws(SamplingError) in
                try packed.load(page)
              }
            }
          } else {
            unsafe hop.sources = topology.flat?.low.baseAddress
            try unsafe relabeler.run(&hop, isPicked: picked != nil) { _ in
              preconditionFailure("a page in decoded memory")
            }
          }
        }
      }
    }
  }

  private mutating func sampleHop(
    _ hop: Int, draws: RandomDraws, into block: inout Block
  ) throws(SamplingError) {
    relabeler.copyNodes(into: &destinations)
    seedTimes?.split(&destinations, into: &destinationTimes)
    block.destinationCount = destinations.count
    try reader.readLists(of: destinations, into: &lists)
    if schemePick != nil {
      var picked = PickedEdges(reusing: &block)
      try schemePick!.pick(
        destinations, times: destinationTimes, lists, fanout: fanouts[hop], draws: draws,
        reader: &reader, into: &picked)
      let hasSources = !picked.sources.isEmpty
      picked.move(into: &block)
      if hasSources {
        try relabeler.relabel(sources: &block.indices)
        return
      }
    } else if topology.isFiltered {
      (block.indptr, block.edges) = try pickAllowed(hop, draws: draws)
    } else {
      block.pick(
        destinations, lists, fanout: fanouts[hop], draws: draws, isWide: relabeler.isWide,
        scratch: &scratch)
    }
    if topology.isInPlace, seedTimes == nil, !relabeler.isWide {
      try relabeler.reserve(block.edges.count)
      block.indices.resize(to: block.edges.count, filling: BlockIndex(0))
      try Self.run(topology, picked: block.edges.count, 0, draws, lists, &relabeler, &block)
      return
    }
    try reader.readSources(of: block.edges, into: &sources)
    seedTimes?.join(&sources, block.indptr, destinationTimes)
    try relabeler.relabel(sources, count: block.edges.count, into: &block.indices)
  }

  /// Picks among the edges that the edge set contains and that are not excluded.
  private mutating func pickAllowed(
    _ hop: Int, draws: RandomDraws
  ) throws(SamplingError) -> (indptr: [Int], edges: [EdgeID]) {
    let fanout = fanouts[hop] == -1 ? Int.max : fanouts[hop]
    var positions = [UInt64](repeating: 0, count: max(0, fanouts[hop]))
    var indptr = [0]
    var edges: [EdgeID] = []
    let isSplit = topology.isSplit
    for (place, node) in destinations.enumerated() {
      let list = lists[place]
      let excluded = topology.exclusion.edges(in: list)
      // Without an edge set, the list need not be gone through.
      if isSplit { try reader.readAllowed(of: list, into: &allowed) }
      let count = isSplit ? allowed.count : Int(list.count) - excluded.count
      if count <= fanout {
        if isSplit {
          edges.append(contentsOf: allowed)
        } else {
          excluded.edges(atRanks: 0..<UInt64(count), of: list, into: &edges)
        }
      } else if fanout > 0 {
        unsafe positions.withUnsafeMutableBufferPointer { window in
          // SAFETY: the window has room for `fanout` positions.
          unsafe PositionPicker.pick(
            fanout, of: UInt64(count), entity: node.rawValue, draws: draws,
            into: window.baseAddress!)
        }
        if isSplit {
          for position in positions { edges.append(allowed[Int(position)]) }
        } else {
          excluded.edges(atRanks: positions, of: list, into: &edges)
        }
      }
      indptr.append(edges.count)
    }
    return (indptr, edges)
  }
}
