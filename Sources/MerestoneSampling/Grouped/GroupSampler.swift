import MerestoneCore
import MerestoneStorage

/// Samples a group of mini-batches together from the compressed pages, with nothing of the graph
/// resident: every page that the group touches is decoded once for a hop of all of them, whichever
/// hop each of them is at.
///
/// Picks need only where a list lies, and maybe edge columns, so all edges of a hop are known before
/// any page is read. They are dealt to buckets of 64 pages; each bucket is decoded into a buffer that
/// fits the last-level cache and answers every mini-batch in turn. Mini-batches are the same as
/// ``NeighborSampler`` makes one by one.
final class GroupSampler: Sendable {
  private let topology: Topology
  let fanouts: [Int]
  private let scheme: NeighborScheme
  private let pool: ThreadPool
  private let cut: Cut
  private let spaces: HopMemories
  private let relabelers = LendingPool<NodeRelabeler>()
  private let stampBudget: ByteCount
  private let pages = LendingPool<PageBuffers>()
  private let picks = LendingPool<SchemePick>()
  private let dropsBehind: Bool
  private let pulse: Pulse
  private let sizes: BucketSizes

  private struct Cut: Sendable {
    let nodes: BucketCut
    let edges: BucketCut
  }

  /// What a thread needs to pick by a scheme.
  struct SchemePick {
    var pick: BoundedPick
    var reader: InEdgeReader
  }

  /// What a thread needs to decode a bucket.
  private struct PageBuffers {
    var ids: [UInt32]
    var starts: [UInt64]
    var touched: [UInt8] = []
    var nodes: [UInt32] = []
    var scratch = PageScratch()

    init(_ sizes: BucketSizes) {
      ids = Array(repeating: 0, count: 1 << sizes.edgeShift)
      starts = Array(repeating: 0, count: 1 << sizes.nodeShift + 1)
    }
  }

  /// How much is decoded at a time, as powers of two.
  struct BucketSizes: Sendable {
    /// Edges of a bucket: a multiple of a page.
    var edgeShift: Int
    /// Nodes of a bucket: a multiple of a block of the node index.
    var nodeShift: Int

    /// 64 pages, 1 MiB decoded, and 128 blocks of the node index, 512 KiB decoded. Smaller ones cost
    /// every mini-batch more for its part of each bucket: at 2^30 edges, 16 pages took 1.4 times as
    /// long; larger ones gave nothing.
    static let standard = BucketSizes(edgeShift: 18, nodeShift: 16)
  }

  /// - Parameters:
  ///   - topology: Unfiltered, with nodes of at most 32 bits.
  ///   - scheme: One that does not read sources to pick.
  ///   - pool: Decodes and samples.
  ///   - stampBudget: For each thread's table over nodes.
  ///   - dropsBehind: Whether pages are given back once they are decoded, so that the file does not
  ///     count as memory.
  ///   - sizes: What a bucket holds; changes nothing of what is sampled.
  ///   - pulse: Where the sampler says after each piece of work that it gets on, and hears whether it
  ///     should.
  init(
    topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform, pool: ThreadPool,
    stampBudget: ByteCount, dropsBehind: Bool, sizes: BucketSizes = .standard, pulse: Pulse
  ) {
    self.pulse = pulse
    self.sizes = sizes
    self.topology = topology
    self.fanouts = fanouts
    spaces = HopMemories(hops: fanouts.count)
    precondition(!scheme.readsSources, "picks that wait for sources")
    self.scheme = scheme
    self.pool = pool
    self.dropsBehind = dropsBehind
    let book = topology.store.book
    let shards = (0..<book.shardCount).map { ShardID($0) }
    func bounds(_ ranges: [Range<UInt64>]) -> [UInt64] { [0] + ranges.map(\.upperBound) }
    cut = Cut(
      nodes: BucketCut(
        bounds: bounds(shards.map { book.nodes(of: topology.nodeType, in: $0) }),
        shift: sizes.nodeShift),
      edges: BucketCut(
        bounds: bounds(shards.map { book.edges(of: topology.relation, in: $0) }),
        shift: sizes.edgeShift))
    self.stampBudget = stampBudget
  }

  /// Begins mini-batches, which ``advance(_:)`` takes on hop by hop, and ``finish(_:into:)`` finishes.
  ///
  /// - Parameters:
  ///   - members: They and their memory are used again.
  ///   - request: The seeds and the key of a member by its place.
  func begin(
    _ members: [GroupMember],
    request: @Sendable (Int) throws(SamplingError) -> BatchRequest<NodeID>
  ) throws(SamplingError) {
    let seedTimes = scheme.times.map {
      SeedTimes(column: $0.name, nodeCount: topology.nodeCount)
    }
    try pool.forEach(members.count) { place throws(SamplingError) in
      try pulse.check()
      let request = try request(place)
      for seed in request.seeds where seed.rawValue >= UInt64(topology.nodeCount) {
        throw .seedOutOfRange(seed: seed, nodeCount: topology.nodeCount)
      }
      try lendRelabeler { relabeler throws(SamplingError) in
        try members[place].begin(request, hops: fanouts.count, seedTimes: seedTimes, &relabeler)
      }
    }
  }

  /// Samples one hop of each member, the next of its own, up to the sources of its edges.
  ///
  /// - Parameter members: Those with most hops first, so that others take the memory that they give
  ///   back.
  func advance(_ members: [GroupMember]) throws(SamplingError) {
    try pool.forEach(members.count) { place throws(SamplingError) in
      try pulse.check()
      let member = members[place]
      if member.hop > 0 {
        try lendRelabeler { relabeler throws(SamplingError) in
          try member.finishHop(edgeCut: cut.edges, &relabeler)
        }
      }
      member.enter(spaces)
      member.askForLists(cut.nodes)
    }
    let nodes = ExchangeGroup(members.map(\.memory.nodes))
    try pool.forEach(cut.nodes.count) { bucket throws(SamplingError) in
      try pulse.check()
      try answerLists(bucket, nodes)
    }
    try pool.forEach(members.count) { place throws(SamplingError) in
      try pulse.check()
      try pick(members[place])
    }
    let edges = ExchangeGroup(members.map(\.memory.edges))
    try pool.forEach(cut.edges.count) { bucket throws(SamplingError) in
      try pulse.check()
      try answerSources(bucket, edges)
      if dropsBehind { try dropPages(behind: bucket) }
    }
  }

  /// Gives memory back that no member uses, but for that of a group.
  func trim(to size: Int) { spaces.trim(to: size) }

  private func makePick() throws(SamplingError) -> SchemePick {
    guard let pick = BoundedPick(scheme, fanouts: fanouts) else {
      preconditionFailure("uniform picks are built in")
    }
    return SchemePick(pick: pick, reader: InEdgeReader(topology))
  }

  private func pick(_ member: GroupMember) throws(SamplingError) {
    member.takeLists(cut.nodes)
    let fanout = fanouts[member.hop]
    if scheme.isUniform {
      lendBuffers { buffers in
        member.pick(fanout: fanout, relation: topology.relation, scratch: &buffers.nodes)
      }
    } else {
      try picks.lend(makePick) { pick throws(SamplingError) in
        try member.pick(fanout: fanout, relation: topology.relation, by: &pick)
      }
    }
    member.askForSources(cut.edges)
  }

  private func lendBuffers<R, E: Error>(
    _ body: (inout PageBuffers) throws(E) -> R
  ) throws(E) -> R {
    try pages.lend({ () throws(E) in PageBuffers(sizes) }, body)
  }

  private func lendRelabeler<R, E: Error>(
    _ body: (inout NodeRelabeler) throws(E) -> R
  ) throws(E) -> R {
    try relabelers.lend(
      { () throws(E) in
        NodeRelabeler(
          nodeCount: scheme.times == nil ? topology.nodeCount : .max, stampBudget: stampBudget)
      }, body)
  }

  /// Finishes a member, and exchanges its mini-batch for a used one.
  func finish(_ member: GroupMember, into batch: inout MiniBatch) throws(SamplingError) {
    try lendRelabeler { relabeler throws(SamplingError) in
      try member.finish(into: &batch, spaces, edgeCut: cut.edges, &relabeler)
    }
  }

  /// Answers what all members ask of one bucket of nodes.
  private func answerLists(_ bucket: Int, _ asked: ExchangeGroup) throws(SamplingError) {
    guard asked.count(in: bucket) > 0 else { return }
    let (shard, locals) = cut.nodes.range(of: bucket)
    let base = topology.store.book.edges(of: topology.relation, in: shard).lowerBound
    do throws(StorageError) {
      let edges = try topology.store.edges(topology.relation, shard: shard)
      try lendBuffers { buffers throws(StorageError) in
        var starts = buffers.starts.mutableSpan
        if let edges {
          try edges.decodeOffsets(
            locals.lowerBound..<locals.upperBound + 1, into: &starts, adding: base)
        } else {
          for place in 0...locals.count { starts[place] = base }
        }
        asked.answer(bucket, withLists: starts.span)
      }
    } catch {
      throw .storage(error)
    }
  }

  /// Answers what all members ask of one bucket of edges.
  private func answerSources(_ bucket: Int, _ asked: ExchangeGroup) throws(SamplingError) {
    let count = asked.count(in: bucket)
    guard count > 0 else { return }
    let (shard, locals) = cut.edges.range(of: bucket)
    do throws(StorageError) {
      guard let edges = try topology.store.edges(topology.relation, shard: shard) else {
        preconditionFailure("edges in a shard without edges")
      }
      let first = locals.lowerBound / edges.pageEdges
      let last = (locals.upperBound - 1) / edges.pageEdges
      try lendBuffers { buffers throws(StorageError) in
        // A few edges may leave pages out; many touch them all.
        let isSparse = count < 32 * (last - first + 1)
        buffers.touched.removeAll(keepingCapacity: true)
        buffers.touched.resize(to: last - first + 1, filling: isSparse ? 0 : 1)
        if isSparse {
          var touched = buffers.touched.mutableSpan
          asked.markPages(of: bucket, pageEdges: edges.pageEdges, in: &touched)
        }
        try buffers.ids.withSharedBuffer { ids throws(StorageError) in
          for page in first...last where buffers.touched[page - first] == 1 {
            let held = edges.edges(ofPage: page)
            let lower = held.lowerBound - locals.lowerBound
            try ids.withPart(lower..<lower + held.count) { part throws(StorageError) in
              _ = try edges.decodePage(page, into: &part, scratch: &buffers.scratch)
            }
          }
        }
        asked.answer(bucket, with: buffers.ids.span)
      }
    } catch {
      throw .storage(error)
    }
  }

  /// Buckets whose pages are given back together: each time, all processors are told of it.
  private static let droppedBuckets = 16

  /// Gives pages of the last buckets back, now and then. Those before them are among them once more,
  /// since another thread may have been reading there the last time.
  private func dropPages(behind bucket: Int) throws(SamplingError) {
    let isLast = bucket == cut.edges.count - 1
    guard isLast || bucket % Self.droppedBuckets == Self.droppedBuckets - 1 else { return }
    var next = max(0, bucket + 1 - 2 * Self.droppedBuckets)
    do throws(StorageError) {
      while next <= bucket {
        let (shard, first) = cut.edges.range(of: next)
        var upper = first.upperBound
        next += 1
        while next <= bucket, cut.edges.range(of: next).shard == shard {
          upper = cut.edges.range(of: next).locals.upperBound
          next += 1
        }
        guard let edges = try topology.store.edges(topology.relation, shard: shard) else {
          continue
        }
        try edges.dropPages(first.lowerBound / edges.pageEdges...(upper - 1) / edges.pageEdges)
      }
    } catch {
      throw .storage(error)
    }
  }
}
