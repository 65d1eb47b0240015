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
  private var picker = PositionPicker()
  private var allowed: [UInt64] = []
  private var sources: [UInt64] = []
  private var paged: PagedReader

  /// The most memory that a table with one entry per node may take in each sampler.
  package static let stampBudget = ByteCount(64 << 20)

  /// - Parameter fanouts: Edges kept per destination and hop, the hop next to the seeds first;
  ///   -1 keeps every edge, 0 none.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  package init(topology: Topology, fanouts: [Int]) throws(SamplingError) {
    for (hop, fanout) in fanouts.enumerated() where fanout < -1 {
      throw .fanoutBelowMinusOne(fanout: fanout, hop: hop)
    }
    self.topology = topology
    self.fanouts = fanouts
    relabeler = NodeRelabeler(nodeCount: topology.nodeCount, stampBudget: Self.stampBudget)
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
    var seedIndices: [BlockIndex] = []
    try relabeler.relabel(sources, into: &seedIndices)
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
    let fanout = fanouts[hop] == -1 ? Int.max : fanouts[hop]
    let destinationCount = relabeler.nodes.count
    var indptr: [Int] = [0]
    indptr.reserveCapacity(destinationCount + 1)
    var edges: [EdgeID] = []
    edges.reserveCapacity(fanout == Int.max ? 0 : destinationCount * min(fanout, 16))
    for index in 0..<destinationCount {
      let node = relabeler.nodes[index].rawValue
      let range = try reader.edgeRange(of: node)
      if topology.isFiltered {
        try collectAllowed(of: range)
        keep(fanout, of: UInt64(allowed.count), entity: node, draws) { [allowed] position in
          edges.append(EdgeID(allowed[Int(position)]))
        }
      } else {
        keep(fanout, of: range.upperBound - range.lowerBound, entity: node, draws) { position in
          edges.append(EdgeID(range.lowerBound &+ position))
        }
      }
      indptr.append(edges.count)
    }
    sources.removeAll(keepingCapacity: true)
    try reader.appendSources(of: edges, to: &sources)
    var indices: [BlockIndex] = []
    try relabeler.relabel(sources, into: &indices)
    return Block(
      sources: relabeler.nodes, destinationCount: destinationCount, indptr: indptr,
      indices: indices, edges: edges)
  }

  /// Hands the kept positions of a list of `count` candidates to `body`, ascending.
  @inline(__always)
  private mutating func keep(
    _ fanout: Int, of count: UInt64, entity: UInt64, _ draws: RandomDraws,
    _ body: (UInt64) -> Void
  ) {
    if count <= UInt64(fanout) {
      for position in 0..<count { body(position) }
    } else if fanout > 0 {
      picker.pick(fanout, of: count, entity: entity, draws: draws, body)
    }
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
