internal import CMerestoneKernels
import MerestoneCore

/// One mini-batch of a group while it is being sampled; between two steps it holds no table over
/// nodes, so that a group of many needs one table per thread.
final class GroupMember: @unchecked Sendable {  // one thread works on a member at a time
  private(set) var batch = MiniBatch.empty
  /// How many hops are picked; the sources of the last one are taken when the next begins.
  private(set) var hop = 0
  private var key = RandomKey(seed: 0, stream: .neighborSampling)
  // The distinct seeds; where the scheme is temporal the distinct pairs of seed and time.
  private var seedNodes: [NodeID] = []
  private var seedNodeTimes: [Int64] = []
  private var seedTimes: SeedTimes?
  // How many nodes have their lists.
  private var listed = 0
  private(set) var memory = HopMemory()

  /// Starts a mini-batch.
  ///
  /// - Parameter seedTimes: For the pairs of nodes and times, where the scheme is temporal.
  func begin(
    _ request: BatchRequest<NodeID>, hops: Int, seedTimes: SeedTimes?,
    _ relabeler: inout NodeRelabeler
  ) throws(SamplingError) {
    key = request.key
    hop = 0
    listed = 0
    relabeler.reset()
    let seeds = request.seeds
    batch.seeds = seeds
    self.seedTimes = seedTimes
    if seedTimes != nil {
      try self.seedTimes!.begin(seeds: seeds.count, request.times)
    } else if !request.times.isEmpty {
      throw .timesWithoutUse(count: request.times.count)
    }
    try relabeler.relabel(
      slots(seeds, request.times), count: seeds.count, into: &batch.seedIndices)
    relabeler.copyNodes(into: &seedNodes)
    self.seedTimes?.split(&seedNodes, into: &seedNodeTimes)
    batch.blocks = Array(repeating: .empty, count: hops)
  }

  /// Begins the next hop, with memory for it; gives back what only the last one needed.
  func enter(_ spaces: HopMemories) {
    var next = spaces.take(hop)
    if listed > 0 {
      if next.lists.count < listed {
        next.lists.resize(to: listed, filling: EdgeList(start: 0, count: 0))
      }
      for place in 0..<listed { next.lists[place] = memory.lists[place] }
    }
    batch.blocks[hop] = spaces.takeBlock(hop)
    swap(&memory, &next)
    if hop > 0 { spaces.give(next, hop - 1) }
  }

  /// What stands for nodes where a relabeler numbers them.
  private func slots(_ nodes: [NodeID], _ times: [Int64]) -> [NodeID] {
    seedTimes?.slots(nodes, times) ?? nodes
  }

  /// As of when the destinations of a hop are seen; empty where the scheme is not temporal.
  private func times(of hop: Int) -> [Int64] {
    guard seedTimes != nil else { return [] }
    return hop == 0 ? seedNodeTimes : batch.blocks[hop - 1].sourceTimes
  }

  /// The destinations of a hop.
  private func nodes(of hop: Int) -> [NodeID] {
    hop == 0 ? seedNodes : batch.blocks[hop - 1].sources
  }

  /// Asks for the lists of the hop's destinations that no hop before had.
  func askForLists(_ cut: BucketCut) {
    withKeys(of: nodes(of: hop), from: listed) { memory.nodes.deal($0, to: cut, forLists: true) }
  }

  /// Takes the lists that were asked for.
  func takeLists(_ cut: BucketCut) {
    let nodes = nodes(of: hop)
    let count = nodes.count
    if memory.lists.count < count {
      memory.lists.resize(to: count, filling: EdgeList(start: 0, count: 0))
    }
    withKeys(of: nodes, from: listed) { keys in
      memory.nodes.collect(keys, from: cut, into: &memory.lists, at: listed)
    }
    listed = count
  }

  /// Picks the hop's edges uniformly.
  func pick(fanout: Int, relation: RelationID, scratch: inout [UInt32]) {
    batch.blocks[hop].pick(
      nodes(of: hop), memory.lists, fanout: fanout, draws: draws(of: hop, relation), isWide: false,
      scratch: &scratch)
  }

  /// Picks the hop's edges by a scheme.
  func pick(
    fanout: Int, relation: RelationID, by pick: inout GroupSampler.SchemePick
  ) throws(SamplingError) {
    let nodes = nodes(of: hop)
    batch.blocks[hop].destinationCount = nodes.count
    var picked = PickedEdges(reusing: &batch.blocks[hop])
    try pick.pick.pick(
      nodes, times: times(of: hop), memory.lists, fanout: fanout, draws: draws(of: hop, relation),
      reader: &pick.reader, into: &picked)
    picked.move(into: &batch.blocks[hop])
  }

  private func draws(of hop: Int, _ relation: RelationID) -> RandomDraws {
    var key = key
    key.hop = UInt8(truncatingIfNeeded: hop)
    key.relation = UInt16(truncatingIfNeeded: relation.rawValue)
    return key.draws
  }

  /// Asks for the sources of the hop's edges; the hop is picked then.
  func askForSources(_ cut: BucketCut) {
    withKeys(of: batch.blocks[hop].edges, from: 0) {
      memory.edges.deal($0, to: cut, forLists: false)
    }
    hop += 1
  }

  /// Takes the sources of the last hop's edges and numbers the nodes.
  func finishHop(
    edgeCut: BucketCut, _ relabeler: inout NodeRelabeler
  ) throws(SamplingError) {
    let hop = hop - 1
    let nodes = nodes(of: hop)
    relabeler.reset()
    // The destinations are distinct: they get the indices 0, 1, 2 ... again.
    let times = times(of: hop)
    try relabeler.relabel(
      slots(nodes, times), count: nodes.count, into: &batch.blocks[hop].indices)
    let edges = batch.blocks[hop].edges
    if seedTimes != nil {
      var sources = sources(of: edges, edgeCut)
      seedTimes!.join(&sources, batch.blocks[hop].indptr, times)
      try relabeler.relabel(sources, count: edges.count, into: &batch.blocks[hop].indices)
      relabeler.copyNodes(into: &batch.blocks[hop].sources)
      seedTimes!.splitSources(of: &batch.blocks[hop])
      return
    }
    try relabeler.relabel(count: edges.count, into: &batch.blocks[hop].indices) { sources in
      withKeys(of: edges, from: 0) { memory.edges.collect($0, from: edgeCut, into: &sources) }
    }
    relabeler.copyNodes(into: &batch.blocks[hop].sources)
  }

  /// The sources of edges that were asked for.
  private func sources(of edges: [EdgeID], _ cut: BucketCut) -> [NodeID] {
    var found = [UInt32](repeating: 0, count: edges.count)
    var span = found.mutableSpan
    withKeys(of: edges, from: 0) { memory.edges.collect($0, from: cut, into: &span) }
    return found.map { NodeID(UInt64($0)) }
  }

  /// Finishes the last hop and hands the mini-batch over.
  ///
  /// Memory for what only a finished mini-batch has wanders with those that are handed over: they
  /// are few, while members are many.
  ///
  /// - Parameter used: A mini-batch whose memory can be used again; the finished one afterwards.
  func finish(
    into used: inout MiniBatch, _ spaces: HopMemories, edgeCut: BucketCut,
    _ relabeler: inout NodeRelabeler
  ) throws(SamplingError) {
    swap(&batch.features, &used.features)
    if let last = batch.blocks.indices.last {
      if used.blocks.count == batch.blocks.count {
        swap(&batch.blocks[last].sources, &used.blocks[last].sources)
        swap(&batch.blocks[last].indices, &used.blocks[last].indices)
      }
      try finishHop(edgeCut: edgeCut, &relabeler)
    }
    swap(&batch, &used)
    spaces.give(&batch.blocks)
    if hop > 0 { spaces.give(memory, hop - 1) }
    memory = HopMemory()
  }

  /// The memory that this member takes.
  var byteCount: Int {
    seedNodes.byteCapacity + seedNodeTimes.byteCapacity + memory.byteCount + batch.byteCount
  }

  /// Lends ids as plain words.
  private func withKeys<ID: Identifier, R>(
    of ids: [ID], from first: Int, _ body: (Span<UInt64>) -> R
  ) -> R where ID.RawValue == UInt64 {
    unsafe ids.withUnsafeBufferPointer { ids in
      // SAFETY: an id is one word.
      unsafe ids.withMemoryRebound(to: UInt64.self) { words in
        unsafe body(Span(_unsafeElements: UnsafeBufferPointer(rebasing: words[first...])))
      }
    }
  }
}
