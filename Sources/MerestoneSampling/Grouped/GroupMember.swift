import MerestoneCore

/// One mini-batch of a group while it is being sampled; between two steps it holds no table over
/// nodes, so that a group of many needs one table per thread and type.
final class GroupMember: @unchecked Sendable {  // one thread works on a member at a time
  private(set) var blocks: [HopBlock] = []
  /// How many hops are picked; the sources of the last one are taken when the next begins.
  private(set) var hop = 0
  private(set) var memory = HopMemory(relations: 0)
  private var key = RandomKey(seed: 0, stream: .neighborSampling)
  private var seeds: [TypedNode] = []
  private var seedIndices: [BlockIndex] = []
  // The distinct seeds by type; where the scheme is temporal the distinct pairs of seed and time.
  private var seedNodes: [[NodeID]] = []
  private var seedNodeTimes: [[Int64]] = []
  private var seedTimes: [SeedTimes] = []
  // How many nodes have their lists, by relation.
  private var listed: [Int] = []

  /// Starts a mini-batch.
  ///
  /// - Parameter seedTimes: For the pairs of nodes and times by type, where the scheme is temporal.
  func begin(
    _ request: BatchRequest<TypedNode>, _ shape: BatchShape, _ seedTimes: [SeedTimes],
    _ relabelers: GroupRelabelers
  ) throws(SamplingError) {
    key = request.key
    hop = 0
    listed = shape.relations.map { _ in 0 }
    blocks = (0..<shape.hops).map { _ in HopBlock(shape) }
    seeds = request.seeds
    self.seedTimes = seedTimes
    if seedTimes.isEmpty, !request.times.isEmpty {
      throw .timesWithoutUse(count: request.times.count)
    }
    for type in seedTimes.indices {
      try self.seedTimes[type].begin(seeds: seeds.count, request.times)
    }
    seedNodes.resize(to: shape.types, filling: [])
    seedNodeTimes.resize(to: seedTimes.count, filling: [])
    for type in 0..<shape.types {
      try relabelers.lend(type) { relabeler throws(SamplingError) in
        try number(type, request.times, &relabeler)
      }
    }
  }

  /// Numbers the seeds of a type.
  private func number(
    _ type: Int, _ times: [Int64], _ relabeler: inout NodeRelabeler
  ) throws(SamplingError) {
    relabeler.reset()
    try relabeler.relabel(
      seeds, of: type, times: times, seedTimes.isEmpty ? nil : seedTimes[type],
      into: &seedIndices)
    relabeler.copyNodes(into: &seedNodes[type])
    if !seedTimes.isEmpty { seedTimes[type].split(&seedNodes[type], into: &seedNodeTimes[type]) }
  }

  /// Begins the next hop, with memory for it; gives back what only the last one needed.
  func enter(_ spaces: HopMemories) {
    var next = spaces.take(hop)
    for (place, count) in listed.enumerated() where count > 0 {
      next.relations[place].lists.copy(memory.relations[place].lists, count: count, room: count)
    }
    blocks[hop] = spaces.takeBlock(hop)
    swap(&memory, &next)
    if hop > 0 { spaces.give(next, hop - 1) }
  }

  /// What stands for nodes where a relabeler numbers them.
  private func slots(_ nodes: [NodeID], _ times: [Int64], of type: Int) -> [NodeID] {
    seedTimes.isEmpty ? nodes : seedTimes[type].slots(nodes, times)
  }

  /// As of when the destinations of a hop are seen; empty where the scheme is not temporal.
  private func times(of hop: Int, _ type: Int) -> [Int64] {
    guard !seedTimes.isEmpty else { return [] }
    return hop == 0 ? seedNodeTimes[type] : blocks[hop - 1].sourceTimes[type]
  }

  /// The destinations of a hop.
  private func nodes(of hop: Int, _ type: Int) -> [NodeID] {
    hop == 0 ? seedNodes[type] : blocks[hop - 1].sources[type]
  }

  /// Asks for the lists of the hop's destinations that no hop before had.
  func askForLists(_ relations: [GroupRelation]) {
    for (place, relation) in relations.enumerated() {
      let nodes = nodes(of: hop, relation.destinationType)
      // A hop that keeps no edges needs no lists; the next one asks for them.
      withKeys(of: nodes, from: relation.fanouts[hop] == 0 ? nodes.count : listed[place]) {
        memory.relations[place].nodes.deal($0, to: relation.nodeCut, forLists: true)
      }
    }
  }

  func countDestinations() {
    for type in blocks[hop].destinationCounts.indices {
      blocks[hop].destinationCounts[type] = nodes(of: hop, type).count
    }
  }

  /// Takes the lists of the hop's destinations, most of which were asked for.
  ///
  /// - Parameter lists: They come first in it. Where another hop follows, this member keeps them for it.
  func takeLists(_ place: Int, _ relation: GroupRelation, into lists: inout [EdgeList]) {
    let nodes = nodes(of: hop, relation.destinationType)
    lists.copy(memory.relations[place].lists, count: listed[place], room: nodes.count)
    withKeys(of: nodes, from: listed[place]) { keys in
      memory.relations[place].nodes.collect(
        keys, from: relation.nodeCut, into: &lists, at: listed[place])
    }
    guard hop + 1 < relation.fanouts.count else { return }
    memory.relations[place].lists.copy(lists, count: nodes.count, room: nodes.count)
    listed[place] = nodes.count
  }

  /// Keeps no edges of a relation.
  func pickNone(_ place: Int, _ relation: GroupRelation) {
    blocks[hop].edges[place].clear()
    let count = nodes(of: hop, relation.destinationType).count
    blocks[hop].edges[place].indptr.resize(to: count + 1, filling: 0)
  }

  /// Picks the hop's edges of a relation uniformly.
  ///
  /// - Parameter lists: See ``takeLists(_:_:into:)``.
  func pick(
    _ place: Int, _ relation: GroupRelation, _ lists: [EdgeList], scratch: inout [UInt32]
  ) {
    blocks[hop].edges[place].pick(
      nodes(of: hop, relation.destinationType), lists, fanout: relation.fanouts[hop],
      draws: draws(relation), isWide: false, scratch: &scratch)
  }

  /// Picks the hop's edges of a relation by a scheme.
  func pick(
    _ place: Int, _ relation: GroupRelation, _ lists: [EdgeList],
    by pick: inout GroupRelation.SchemePick
  ) throws(SamplingError) {
    let type = relation.destinationType
    try pick.pick.pick(
      nodes(of: hop, type), times: times(of: hop, type), lists, fanout: relation.fanouts[hop],
      draws: draws(relation), reader: &pick.reader,
      into: &blocks[hop].edges[place])
  }

  private func draws(_ relation: GroupRelation) -> RandomDraws {
    var key = key
    key.hop = UInt8(truncatingIfNeeded: hop)
    key.relation = UInt16(truncatingIfNeeded: relation.topology.relation.rawValue)
    return key.draws
  }

  /// Asks for the sources of the hop's edges; the hop is picked then.
  func askForSources(_ relations: [GroupRelation]) {
    for (place, relation) in relations.enumerated() {
      withKeys(of: blocks[hop].edges[place].edges, from: 0) {
        memory.relations[place].edges.deal($0, to: relation.edgeCut, forLists: false)
      }
    }
    hop += 1
  }

  /// Takes the sources of the last hop's edges and numbers the nodes.
  func finishHop(
    _ relations: [GroupRelation], _ relabelers: GroupRelabelers
  ) throws(SamplingError) {
    for type in seedNodes.indices {
      try relabelers.lend(type) { relabeler throws(SamplingError) in
        try finishHop(type, relations, &relabeler)
      }
    }
  }

  /// Numbers the nodes of one type that the last hop reached.
  private func finishHop(
    _ type: Int, _ relations: [GroupRelation], _ relabeler: inout NodeRelabeler
  ) throws(SamplingError) {
    let hop = hop - 1
    let nodes = nodes(of: hop, type)
    guard let first = relations.firstIndex(where: { $0.sourceType == type }) else {
      // Nothing reaches the type: its nodes are the destinations, in memory of their own.
      blocks[hop].sources[type].copy(nodes)
      if !seedTimes.isEmpty { blocks[hop].sourceTimes[type].copy(times(of: hop, type)) }
      return
    }
    relabeler.reset()
    // The destinations are distinct: they get the indices 0, 1, 2 ... again.
    try relabeler.relabel(
      slots(nodes, times(of: hop, type), of: type), count: nodes.count,
      into: &blocks[hop].edges[first].indices)
    for (place, relation) in relations.enumerated() where relation.sourceType == type {
      let edges = blocks[hop].edges[place].edges
      let exchange = memory.relations[place].edges
      if !seedTimes.isEmpty {
        var sources = sources(of: edges, exchange, relation.edgeCut)
        seedTimes[type].join(
          &sources, blocks[hop].edges[place].indptr, times(of: hop, relation.destinationType))
        try relabeler.relabel(
          sources, count: edges.count, into: &blocks[hop].edges[place].indices)
        continue
      }
      try relabeler.relabel(
        count: edges.count, into: &blocks[hop].edges[place].indices
      ) { sources in
        withKeys(of: edges, from: 0) {
          exchange.collect($0, from: relation.edgeCut, into: &sources)
        }
      }
    }
    relabeler.copyNodes(into: &blocks[hop].sources[type])
    if !seedTimes.isEmpty { blocks[hop].split(type, by: seedTimes[type]) }
  }

  /// The sources of edges that were asked for.
  private func sources(
    of edges: [EdgeID], _ exchange: Exchange, _ cut: BucketCut
  ) -> [NodeID] {
    var found = [UInt32](repeating: 0, count: edges.count)
    var span = found.mutableSpan
    withKeys(of: edges, from: 0) { exchange.collect($0, from: cut, into: &span) }
    return found.map { NodeID(UInt64($0)) }
  }

  /// Finishes the last hop and hands the mini-batch over.
  ///
  /// Memory for what only a finished mini-batch has wanders with those that are handed over: they
  /// are few, while members are many.
  ///
  /// - Parameter batch: A mini-batch whose memory can be used again; the finished one afterwards.
  func finish(
    into batch: inout some SampledBatch, _ shape: BatchShape, _ spaces: HopMemories,
    _ relations: [GroupRelation], _ relabelers: GroupRelabelers
  ) throws(SamplingError) {
    batch.prepare(shape)
    if let last = blocks.indices.last {
      batch.swapSources(last, with: &blocks[last])
      try finishHop(relations, relabelers)
    }
    for hop in blocks.indices { batch.swapBlock(hop, with: &blocks[hop]) }
    batch.finish(seeds, &seedIndices)
    giveBack(to: spaces)
  }

  /// Gives back what the hops took, finished or not.
  func giveBack(to spaces: HopMemories) {
    spaces.give(&blocks)
    if hop > 0 { spaces.give(memory, hop - 1) }
    memory = HopMemory(relations: 0)
    hop = 0
  }

  /// The memory that this member takes.
  var byteCount: Int {
    seeds.count * MemoryLayout<TypedNode>.stride + seedIndices.byteCapacity
      + seedNodes.reduce(0) { $0 + $1.byteCapacity }
      + seedNodeTimes.reduce(0) { $0 + $1.byteCapacity } + memory.byteCount
      + blocks.reduce(0) { $0 + $1.byteCount }
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

extension Array where Element: BitwiseCopyable {
  /// Becomes equal to another array, without sharing its memory.
  fileprivate mutating func copy(_ other: [Element]) {
    removeAll(keepingCapacity: true)
    append(contentsOf: other)
  }
}

extension [EdgeList] {
  /// Takes the first `count` of others, and has room for `room`.
  fileprivate mutating func copy(_ others: [EdgeList], count: Int, room: Int) {
    if self.count < room { resize(to: room, filling: EdgeList(start: 0, count: 0)) }
    for index in 0..<count { self[index] = others[index] }
  }
}
