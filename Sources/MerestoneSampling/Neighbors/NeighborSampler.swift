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
  private var relabeler: NodeRelabeler
  private var reader: InEdgeReader
  private var schemePick: (any NeighborPick)?
  private var lists: [EdgeList] = []
  private var allowed: [EdgeID] = []
  private var sources: [NodeID] = []

  /// The most memory that a table with one entry per node may take in each sampler.
  package static let stampBudget = ByteCount(64 << 20)

  /// - Parameters:
  ///   - fanouts: Edges kept per destination and hop, the hop next to the seeds first; -1 keeps
  ///     every edge, 0 none.
  ///   - scheme: Which edges are kept.
  ///   - stampBudget: See ``stampBudget``; 0 for a sampler that lives for one mini-batch only, so
  ///     that no table over all nodes is made for it.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  package init(
    topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform,
    stampBudget: ByteCount = Self.stampBudget
  ) throws(SamplingError) {
    for (hop, fanout) in fanouts.enumerated() where fanout < -1 {
      throw .fanoutBelowMinusOne(fanout: fanout, hop: hop)
    }
    self.topology = topology
    self.fanouts = fanouts
    relabeler = NodeRelabeler(nodeCount: topology.nodeCount, stampBudget: stampBudget)
    reader = InEdgeReader(topology)
    schemePick = scheme.makePick()
  }

  /// Samples one mini-batch.
  ///
  /// - Parameters:
  ///   - seeds: Global ids, repetitions allowed. Shape `[b]`.
  ///   - key: Names the draws; its hop and relation are set here.
  /// - Returns: One block per fanout.
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)``, or the store's error where a
  ///   page that is needed is damaged.
  /// - Complexity: O(sampled edges) draws and random reads; page by page also one decoded page
  ///   for each page that a hop touches.
  package mutating func sample(
    seeds: [NodeID], key: RandomKey
  ) throws(SamplingError) -> MiniBatch {
    let nodeCount = topology.nodeCount
    sources.removeAll(keepingCapacity: true)
    for seed in seeds {
      guard seed.rawValue < UInt64(nodeCount) else {
        throw .seedOutOfRange(seed: seed, nodeCount: nodeCount)
      }
      sources.append(seed)
    }
    relabeler.reset()
    let seedIndices = try relabel(seeds.count)
    var blocks: [Block] = []
    blocks.reserveCapacity(fanouts.count)
    for hop in fanouts.indices {
      var hopKey = key
      hopKey.hop = UInt8(truncatingIfNeeded: hop)
      hopKey.relation = UInt16(truncatingIfNeeded: topology.relation.rawValue)
      blocks.append(try sampleHop(hop, draws: hopKey.draws))
    }
    return MiniBatch(seeds: seeds, seedIndices: seedIndices, blocks: blocks)
  }

  /// How many allowed in-edges each node has.
  package mutating func inDegrees(of nodes: [NodeID]) throws(SamplingError) -> [Int] {
    try reader.readLists(of: nodes, into: &lists)
    var degrees: [Int] = []
    degrees.reserveCapacity(nodes.count)
    for place in nodes.indices {
      if topology.isFiltered {
        try reader.readAllowed(of: lists[place], into: &allowed)
        degrees.append(allowed.count)
      } else {
        degrees.append(Int(lists[place].count))
      }
    }
    return degrees
  }

  private mutating func sampleHop(
    _ hop: Int, draws: RandomDraws
  ) throws(SamplingError) -> Block {
    let destinationCount = relabeler.nodes.count
    try reader.readLists(of: relabeler.nodes, into: &lists)
    if schemePick != nil { return try sampleHopByScheme(hop, draws: draws) }
    let (indptr, edges) =
      topology.isFiltered ? try pickAllowed(hop, draws: draws) : pick(hop, draws: draws)
    try reader.readSources(of: edges, into: &sources)
    let indices = try relabel(edges.count)
    return Block(
      sources: relabeler.nodes, destinationCount: destinationCount, indptr: indptr,
      indices: indices, edges: edges)
  }

  /// The rest of a hop where the scheme picks the edges.
  private mutating func sampleHopByScheme(
    _ hop: Int, draws: RandomDraws
  ) throws(SamplingError) -> Block {
    let destinationCount = relabeler.nodes.count
    let picked = try schemePick!.pick(
      relabeler.nodes, lists, fanout: fanouts[hop], draws: draws, reader: &reader)
    try reader.readSources(of: picked.edges, into: &sources)
    let indices = try relabel(picked.edges.count)
    return Block(
      sources: relabeler.nodes, destinationCount: destinationCount, indptr: picked.indptr,
      indices: indices, edges: picked.edges, weights: picked.weights)
  }

  /// The block indices of the first `count` sources.
  private mutating func relabel(_ count: Int) throws(SamplingError) -> [BlockIndex] {
    let sources = sources
    return try relabeler.relabel(sources.span.extracting(0..<count))
  }

  /// Picks edges of every node seen so far: list bounds first, so that the picks land where they
  /// stay.
  private func pick(_ hop: Int, draws: RandomDraws) -> (indptr: [Int], edges: [EdgeID]) {
    let fanout = fanouts[hop] == -1 ? UInt64.max : UInt64(fanouts[hop])
    let nodes = relabeler.nodes
    var indptr = [Int](repeating: 0, count: nodes.count + 1)
    var total = 0
    for place in nodes.indices {
      total += Int(min(lists[place].count, fanout))
      indptr[place &+ 1] = total
    }
    let edges = unsafe [EdgeID](unsafeUninitializedCapacity: total) { buffer, initializedCount in
      // SAFETY: an edge id is one word, and `indptr` cuts the buffer into one window per node.
      unsafe buffer.withMemoryRebound(to: UInt64.self) { words in
        for place in nodes.indices {
          let list = lists[place]
          let kept = indptr[place &+ 1] &- indptr[place]
          guard kept > 0, let base = words.baseAddress else { continue }
          let window = unsafe base + indptr[place]
          if UInt64(kept) == list.count {
            for index in 0..<kept { unsafe window[index] = list.start &+ UInt64(index) }
            continue
          }
          unsafe PositionPicker.pick(
            kept, of: list.count, entity: nodes[place].rawValue, draws: draws, into: window)
          for index in 0..<kept { unsafe window[index] &+= list.start }
        }
      }
      initializedCount = total
    }
    return (indptr, edges)
  }

  /// Picks among the edges that the edge set contains.
  private mutating func pickAllowed(
    _ hop: Int, draws: RandomDraws
  ) throws(SamplingError) -> (indptr: [Int], edges: [EdgeID]) {
    let fanout = fanouts[hop] == -1 ? Int.max : fanouts[hop]
    var positions = [UInt64](repeating: 0, count: max(0, fanouts[hop]))
    var indptr = [0]
    var edges: [EdgeID] = []
    for (place, node) in relabeler.nodes.enumerated() {
      try reader.readAllowed(of: lists[place], into: &allowed)
      if allowed.count <= fanout {
        edges.append(contentsOf: allowed)
      } else if fanout > 0 {
        unsafe positions.withUnsafeMutableBufferPointer { window in
          // SAFETY: the window has room for `fanout` positions.
          unsafe PositionPicker.pick(
            fanout, of: UInt64(allowed.count), entity: node.rawValue, draws: draws,
            into: window.baseAddress!)
        }
        for position in positions { edges.append(allowed[Int(position)]) }
      }
      indptr.append(edges.count)
    }
    return (indptr, edges)
  }
}
