internal import CMerestoneKernels
import MerestoneCore

/// Samples the edges that hops keep of one relation, by a ``NeighborScheme``; a value with buffers of
/// its own, which one thread owns.
struct HopSampler {
  let topology: Topology
  private let fanouts: [Int]
  private var reader: InEdgeReader
  private var schemePick: BoundedPick?
  private var lists: [EdgeList] = []
  private var allowed: [EdgeID] = []
  private var sources: [NodeID] = []
  private var scratch: [UInt32] = []

  /// Whether picks, reads and block indices are one pass over ids of 32 bits.
  let isFused: Bool

  // Whether destinations have more than 32 bits.
  private let isWide: Bool

  /// - Parameters:
  ///   - fanouts: Edges kept per destination and hop; -1 keeps every edge, 0 none.
  ///   - stampBudget: What a table with one entry per node may take, where the scheme needs one.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  init(
    _ topology: Topology, fanouts: [Int], scheme: NeighborScheme, stampBudget: ByteCount
  ) throws(SamplingError) {
    for (hop, fanout) in fanouts.enumerated() where fanout < -1 {
      throw .fanoutBelowMinusOne(fanout: fanout, hop: hop)
    }
    self.topology = topology
    self.fanouts = fanouts
    reader = InEdgeReader(topology)
    schemePick = BoundedPick(scheme, fanouts: fanouts, stampBudget: stampBudget)
    isWide = topology.nodeCount > 1 << 32
    isFused =
      topology.isInPlace && schemePick == nil && !topology.isFiltered && topology.isNarrow
      && !isWide
  }

  /// Samples a hop.
  ///
  /// - Parameters:
  ///   - key: Names the draws; its hop and relation are set here.
  ///   - relabeler: Of the sources' type: numbers them.
  ///   - seedTimes: Of the sources' type, where the scheme is temporal.
  ///   - block: Receives the edges; its memory is used again.
  mutating func sample(
    _ hop: Int, of destinations: HopDestinations, key: RandomKey,
    numberedBy relabeler: inout NodeRelabeler, _ seedTimes: SeedTimes?,
    into block: inout some EdgeBlock
  ) throws(SamplingError) {
    var key = key
    key.hop = UInt8(truncatingIfNeeded: hop)
    key.relation = UInt16(truncatingIfNeeded: topology.relation.rawValue)
    var kept = HopEdges()
    kept.swapEdges(with: &block)
    defer { kept.swapEdges(with: &block) }
    if isFused {
      kept.weights.removeAll(keepingCapacity: true)
      try sampleInPlace(fanouts[hop], destinations.narrow, key.draws, &relabeler, &kept)
    } else {
      try sampleInSteps(fanouts[hop], destinations, key.draws, &relabeler, seedTimes, &kept)
    }
  }

  /// How many allowed in-edges each node has.
  mutating func inDegrees(of nodes: [NodeID]) throws(SamplingError) -> [Int] {
    try reader.inDegrees(of: nodes)
  }

  /// Samples a hop from decoded memory or packed pages: picks, reads and block indices in one pass.
  private mutating func sampleInPlace(
    _ fanout: Int, _ destinations: [UInt32], _ draws: RandomDraws,
    _ relabeler: inout NodeRelabeler, _ kept: inout HopEdges
  ) throws(SamplingError) {
    let count = destinations.count
    let limit = fanout == -1 ? UInt64.max : UInt64(fanout)
    if lists.count < count { lists.resize(to: count, filling: EdgeList(start: 0, count: 0)) }
    kept.indptr.resize(to: count + 1, filling: 0)
    kept.indptr[0] = 0
    let total = unsafe lists.withUnsafeMutableBufferPointer { [topology] lists in
      unsafe kept.indptr.withUnsafeMutableBufferPointer { ends in
        unsafe destinations.withUnsafeBufferPointer { nodes in
          unsafe topology.withListStarts { starts in
            // SAFETY: the nodes exist, and there is a list and an end for each of them; an edge list
            // is the same two words here and there.
            Int(
              unsafe mrs_read_lists(
                starts, nodes.baseAddress, count, limit, 0,
                UnsafeMutableRawPointer(lists.baseAddress)?.assumingMemoryBound(
                  to: mrs_edge_list.self),
                UnsafeMutableRawPointer(ends.baseAddress! + 1).assumingMemoryBound(to: Int64.self)))
          }
        }
      }
    }
    kept.edges.resize(to: total, filling: EdgeID(0))
    try run(picking: limit, of: destinations, draws, &relabeler, &kept)
  }

  /// Picks, then reads sources and numbers them.
  private mutating func sampleInSteps(
    _ fanout: Int, _ destinations: HopDestinations, _ draws: RandomDraws,
    _ relabeler: inout NodeRelabeler, _ seedTimes: SeedTimes?, _ kept: inout HopEdges
  ) throws(SamplingError) {
    let nodes = destinations.nodes
    try reader.readLists(of: nodes, into: &lists)
    if schemePick != nil {
      try schemePick!.pick(
        nodes, times: destinations.times, lists, fanout: fanout, draws: draws, reader: &reader,
        into: &kept)
      guard kept.indices.isEmpty else { return try relabeler.relabel(sources: &kept.indices) }
    } else if topology.isFiltered {
      kept.clear()
      try pickAllowed(fanout, nodes, draws, into: &kept)
    } else {
      kept.clear()
      kept.pick(nodes, lists, fanout: fanout, draws: draws, isWide: isWide, scratch: &scratch)
    }
    if topology.isInPlace, seedTimes == nil, !relabeler.isWide {
      return try run(picking: nil, of: [], draws, &relabeler, &kept)
    }
    try reader.readSources(of: kept.edges, into: &sources)
    seedTimes?.join(&sources, kept.indptr, destinations.times)
    try relabeler.relabel(sources, count: kept.edges.count, into: &kept.indices)
  }

  /// Runs the fused kernel.
  ///
  /// - Parameters:
  ///   - fanout: How many edges are picked of each of ``lists``; `nil` where they are picked already.
  ///   - kept: Has room for the hop's edges, or the edges.
  private func run(
    picking fanout: UInt64?, of destinations: [UInt32], _ draws: RandomDraws,
    _ relabeler: inout NodeRelabeler, _ kept: inout HopEdges
  ) throws(SamplingError) {
    let isPicked = fanout == nil
    try relabeler.reserve(kept.edges.count)
    kept.indices.resize(to: kept.edges.count, filling: BlockIndex(0))
    try unsafe lists.withUnsafeBufferPointer { [topology] lists throws(SamplingError) in
      try unsafe destinations.withUnsafeBufferPointer { nodes throws(SamplingError) in
        try unsafe kept.edges.withUnsafeMutableBufferPointer { edges throws(SamplingError) in
          try unsafe kept.indices.withUnsafeMutableBufferPointer { indices throws(SamplingError) in
            var hop = unsafe mrs_hop()
            // SAFETY: an edge list is the same two words here and there; an edge id and a block index
            // are one word each.
            unsafe hop.lists = UnsafeRawPointer(lists.baseAddress)?.assumingMemoryBound(
              to: mrs_edge_list.self)
            unsafe hop.edges = UnsafeMutableRawPointer(edges.baseAddress)?.assumingMemoryBound(
              to: UInt64.self)
            unsafe hop.indices = UnsafeMutableRawPointer(indices.baseAddress)?.assumingMemoryBound(
              to: UInt32.self)
            unsafe hop.destination_nodes = nodes.baseAddress
            unsafe hop.destinations = nodes.count
            unsafe hop.fanout = fanout ?? 0
            unsafe hop.key0 = draws.key.x
            unsafe hop.key1 = draws.key.y
            unsafe hop.picked = isPicked ? edges.count : 0
            if let packed = topology.packed {
              unsafe hop.pages = packed.table
              try unsafe packed.pageCut.withKernel { cut throws(SamplingError) in
                unsafe hop.page_cut = cut
                try unsafe relabeler.run(&hop, isPicked: isPicked) { page throws(SamplingError) in
                  try packed.load(page)
                }
              }
            } else {
              unsafe hop.sources = topology.flat?.low.baseAddress
              try unsafe relabeler.run(&hop, isPicked: isPicked) { _ in
                preconditionFailure("a page in decoded memory")
              }
            }
          }
        }
      }
    }
  }

  /// Picks among the edges that the edge set contains and that are not excluded.
  private mutating func pickAllowed(
    _ fanout: Int, _ nodes: [NodeID], _ draws: RandomDraws, into kept: inout HopEdges
  ) throws(SamplingError) {
    let limit = fanout == -1 ? Int.max : fanout
    var positions = [UInt64](repeating: 0, count: max(0, fanout))
    let isSplit = topology.isSplit
    for (place, node) in nodes.enumerated() {
      let list = lists[place]
      let excluded = topology.exclusion.edges(in: list)
      // Without an edge set, the list need not be gone through.
      if isSplit { try reader.readAllowed(of: list, into: &allowed) }
      let count = isSplit ? allowed.count : Int(list.count) - excluded.count
      if count <= limit {
        if isSplit {
          kept.edges.append(contentsOf: allowed)
        } else {
          excluded.edges(atRanks: 0..<UInt64(count), of: list, into: &kept.edges)
        }
      } else if limit > 0 {
        unsafe positions.withUnsafeMutableBufferPointer { window in
          // SAFETY: the window has room for `fanout` positions.
          unsafe PositionPicker.pick(
            limit, of: UInt64(count), entity: node.rawValue, draws: draws,
            into: window.baseAddress!)
        }
        if isSplit {
          for position in positions { kept.edges.append(allowed[Int(position)]) }
        } else {
          excluded.edges(atRanks: positions, of: list, into: &kept.edges)
        }
      }
      kept.indptr.append(kept.edges.count)
    }
  }
}
