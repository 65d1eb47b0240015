package import MerestoneCore
import MerestoneStorage

/// Samples mini-batches hop by hop: uniform neighbours without replacement.
///
/// Hamilton et al., "Inductive Representation Learning on Large Graphs", NeurIPS 2017. A sampler
/// is a value with buffers of its own; one thread owns it. Equal keys and seeds give equal
/// mini-batches for one graph, whatever the number of threads, the memory and the way of reading.
package struct NeighborSampler {
  package let topology: Topology
  package let fanouts: [Int]
  private var relabeler: NodeRelabeler
  // The first edge of each destination's list.
  private var starts: [UInt64] = []
  private var allowed: [UInt64] = []
  private var sources: [UInt64] = []
  private var paged: PagedReader

  /// The most memory that a table with one entry per node may take in each sampler.
  package static let stampBudget = ByteCount(64 << 20)

  /// - Parameter fanouts: Edges kept per destination and hop, the hop next to the seeds first;
  ///   -1 keeps every edge, 0 none.
  ///   - stampBudget: See ``stampBudget``; 0 for a sampler that lives for one mini-batch only, so
  ///     that no table over all nodes is made for it.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  package init(
    topology: Topology, fanouts: [Int], stampBudget: ByteCount = Self.stampBudget
  ) throws(SamplingError) {
    for (hop, fanout) in fanouts.enumerated() where fanout < -1 {
      throw .fanoutBelowMinusOne(fanout: fanout, hop: hop)
    }
    self.topology = topology
    self.fanouts = fanouts
    relabeler = NodeRelabeler(nodeCount: topology.nodeCount, stampBudget: stampBudget)
    paged = PagedReader(topology.store, relation: topology.relation)
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
      sources.append(seed.rawValue)
    }
    relabeler.reset()
    let seedIndices = try relabel(seeds.count)
    var blocks: [Block] = []
    blocks.reserveCapacity(fanouts.count)
    for hop in fanouts.indices {
      var hopKey = key
      hopKey.hop = UInt8(truncatingIfNeeded: hop)
      hopKey.relation = UInt16(truncatingIfNeeded: topology.relation.rawValue)
      if let flat = topology.flat {
        var reader = FlatReader(flat)
        blocks.append(try sampleHop(hop, draws: hopKey.draws, reader: &reader))
      } else {
        var reader = paged
        blocks.append(try sampleHop(hop, draws: hopKey.draws, reader: &reader))
        paged = reader
      }
    }
    return MiniBatch(seeds: seeds, seedIndices: seedIndices, blocks: blocks)
  }

  /// How many allowed in-edges each node has.
  package mutating func inDegrees(of nodes: [NodeID]) throws(SamplingError) -> [Int] {
    if let flat = topology.flat {
      var reader = FlatReader(flat)
      return try inDegrees(of: nodes, reader: &reader)
    }
    var reader = paged
    return try inDegrees(of: nodes, reader: &reader)
  }

  private mutating func inDegrees<Reader: InEdgeReader>(
    of nodes: [NodeID], reader: inout Reader
  ) throws(SamplingError) -> [Int] {
    var degrees: [Int] = []
    degrees.reserveCapacity(nodes.count)
    for node in nodes {
      let range = try reader.edgeRange(of: node.rawValue)
      if topology.isFiltered {
        try collectAllowed(of: range)
        degrees.append(allowed.count)
      } else {
        degrees.append(range.count)
      }
    }
    return degrees
  }

  private mutating func sampleHop<Reader: InEdgeReader>(
    _ hop: Int, draws: RandomDraws, reader: inout Reader
  ) throws(SamplingError) -> Block {
    let destinationCount = relabeler.nodes.count
    let (indptr, edges) =
      topology.isFiltered
      ? try pickAllowed(hop, draws: draws, reader: &reader)
      : try pick(hop, draws: draws, reader: &reader)
    try reader.readSources(of: edges, into: &sources)
    let indices = try relabel(edges.count)
    return Block(
      sources: relabeler.nodes, destinationCount: destinationCount, indptr: indptr,
      indices: indices, edges: edges)
  }

  /// The block indices of the first `count` sources.
  private mutating func relabel(_ count: Int) throws(SamplingError) -> [BlockIndex] {
    let sources = sources
    return try relabeler.relabel(sources.span.extracting(0..<count))
  }

  /// Picks edges of every node seen so far: list bounds first, so that the picks land where they
  /// stay.
  private mutating func pick<Reader: InEdgeReader>(
    _ hop: Int, draws: RandomDraws, reader: inout Reader
  ) throws(SamplingError) -> (indptr: [Int], edges: [EdgeID]) {
    let fanout = fanouts[hop] == -1 ? Int.max : fanouts[hop]
    let nodes = relabeler.nodes
    var indptr = [Int](repeating: 0, count: nodes.count + 1)
    if starts.count < 2 * nodes.count {
      starts = [UInt64](repeating: 0, count: 2 * nodes.count)
    }
    var total = 0
    for index in nodes.indices {
      let range = try reader.edgeRange(of: nodes[index].rawValue)
      let count = range.upperBound &- range.lowerBound
      starts[2 &* index] = range.lowerBound
      starts[2 &* index &+ 1] = count
      total += Int(min(count, UInt64(fanout)))
      indptr[index &+ 1] = total
    }
    let edges = unsafe [EdgeID](unsafeUninitializedCapacity: total) { buffer, initializedCount in
      // SAFETY: an edge id is one word, and `indptr` cuts the buffer into one window per node.
      unsafe buffer.withMemoryRebound(to: UInt64.self) { words in
        for index in nodes.indices {
          let start = starts[2 &* index]
          let count = starts[2 &* index &+ 1]
          let kept = indptr[index &+ 1] &- indptr[index]
          guard kept > 0, let base = words.baseAddress else { continue }
          let window = unsafe base + indptr[index]
          if UInt64(kept) == count {
            for place in 0..<kept { unsafe window[place] = start &+ UInt64(place) }
            continue
          }
          unsafe PositionPicker.pick(
            kept, of: count, entity: nodes[index].rawValue, draws: draws, into: window)
          for place in 0..<kept { unsafe window[place] &+= start }
        }
      }
      initializedCount = total
    }
    return (indptr, edges)
  }

  /// Picks among the edges that the edge set contains.
  private mutating func pickAllowed<Reader: InEdgeReader>(
    _ hop: Int, draws: RandomDraws, reader: inout Reader
  ) throws(SamplingError) -> (indptr: [Int], edges: [EdgeID]) {
    let fanout = fanouts[hop] == -1 ? Int.max : fanouts[hop]
    var indptr = [0]
    var edges: [EdgeID] = []
    for node in relabeler.nodes {
      try collectAllowed(of: reader.edgeRange(of: node.rawValue))
      if allowed.count <= fanout {
        for edge in allowed { edges.append(EdgeID(edge)) }
      } else if fanout > 0 {
        if starts.count < fanout { starts = [UInt64](repeating: 0, count: fanout) }
        unsafe starts.withUnsafeMutableBufferPointer { window in
          // SAFETY: the window has room for `fanout` positions.
          unsafe PositionPicker.pick(
            fanout, of: UInt64(allowed.count), entity: node.rawValue, draws: draws,
            into: window.baseAddress!)
        }
        for place in 0..<fanout { edges.append(EdgeID(allowed[Int(starts[place])])) }
      }
      indptr.append(edges.count)
    }
    return (indptr, edges)
  }

  /// Fills `allowed` with the edges of `range` that the edge set contains, ascending.
  private mutating func collectAllowed(of range: Range<UInt64>) throws(SamplingError) {
    allowed.removeAll(keepingCapacity: true)
    guard !range.isEmpty,
      let place = topology.store.book.locate(
        edge: EdgeID(range.lowerBound), relation: topology.relation)
    else { return }
    let edgeSet = topology.edgeSet
    do throws(StorageError) {
      guard
        let column = try topology.store.edgeColumn(
          "split", relation: topology.relation, shard: place.shard)
      else { return }
      let rows = place.position..<place.position + range.count
      try column.withRawRows(rows) { bytes throws(StorageError) in
        for offset in 0..<range.count {
          // SAFETY: the span holds one byte for each edge of the range.
          let code = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
          if edgeSet.contains(code: code) {
            allowed.append(range.lowerBound &+ UInt64(offset))
          }
        }
      }
    } catch {
      throw .storage(error)
    }
  }
}
