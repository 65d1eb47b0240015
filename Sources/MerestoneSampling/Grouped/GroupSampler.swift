import MerestoneCore
import MerestoneStorage

/// Samples a group of mini-batches together from the compressed pages, with nothing of the graph
/// resident: every page that the group touches is decoded once for a hop of all of them, whichever
/// hop each of them is at.
///
/// Picks need only where a list lies, and maybe edge columns, so all edges of a hop are known before
/// any page is read. They are dealt to buckets of 64 pages; each bucket is decoded into a buffer that
/// fits the last-level cache and answers every mini-batch in turn. Mini-batches are the same as
/// ``NeighborSampler`` and ``TypedNeighborSampler`` make one by one.
final class GroupSampler: Sendable {
  let shape: BatchShape

  private let store: GraphStore
  // The types whose nodes are numbered.
  private let types: [NodeTypeID]
  private let seedTimes: [SeedTimes]
  private let relations: [GroupRelation]
  private let pool: ThreadPool
  let memory: GroupMemory
  private let dropsBehind: Bool
  private let pulse: Pulse

  /// How much is decoded at a time, as powers of two.
  struct BucketSizes: Sendable, Equatable {
    /// Edges of a bucket: a multiple of a page.
    var edgeShift: Int
    /// Nodes of a bucket: a multiple of a block of the node index.
    var nodeShift: Int

    /// 64 pages, 1 MiB decoded, and 128 blocks of the node index, 512 KiB decoded. Smaller ones cost
    /// every mini-batch more for its part of each bucket: at 2^30 edges, 16 pages took 1.4 times as
    /// long; larger ones gave nothing.
    static let standard = BucketSizes(edgeShift: 18, nodeShift: 16)
  }

  /// Whether samples over these relations are made in groups: where pages are decoded, and picks do not
  /// wait for sources.
  static func takes(_ relations: [FollowedRelation], hopCount: Int) -> Bool {
    hopCount > 0 && !relations.isEmpty
      && relations.allSatisfy { entry in
        let topology = entry.topology
        return !topology.isInPlace && !topology.isFiltered && !entry.scheme.readsSources
          && topology.isNarrow && topology.nodeCount <= 1 << 32
      }
  }

  /// - Parameters:
  ///   - relations: Ascending, of one store and with `hopCount` fanouts each; see
  ///     ``takes(_:hopCount:)``.
  ///   - types: Of all nodes, by the types of the seeds.
  ///   - batchSize: Seeds of a mini-batch: where a series of the same kind left its memory, it is taken.
  ///   - pool: Decodes and samples.
  ///   - stampBudget: For each thread's tables over nodes.
  ///   - dropsBehind: Whether pages are given back once they are decoded, so that the file does not
  ///     count as memory.
  ///   - sizes: What a bucket holds; changes nothing of what is sampled.
  ///   - pulse: Where the sampler says after each piece of work that it gets on, and hears whether it
  ///     should.
  init(
    following relations: [FollowedRelation], types: [NodeTypeID], hopCount: Int, batchSize: Int,
    pool: ThreadPool, stampBudget: ByteCount, dropsBehind: Bool, sizes: BucketSizes = .standard,
    pulse: Pulse
  ) {
    precondition(relations.allSatisfy { !$0.scheme.readsSources }, "picks that wait for sources")
    let store = relations[0].topology.store
    self.store = store
    self.types = types
    self.pulse = pulse
    self.pool = pool
    self.dropsBehind = dropsBehind
    self.relations = relations.map { GroupRelation($0, types: types, sizes: sizes) }
    let counts = types.map { store.book.nodeCount(of: $0) }
    let times = relations.compactMap(\.scheme.times).first
    seedTimes = SeedTimes.byType(times, nodeCounts: counts)
    shape = BatchShape(
      hops: hopCount, types: types.count, isTemporal: times != nil,
      relations: relations.map { RelationBlock(of: $0.topology) })
    let kind = GroupMemory.Kind(
      fanouts: relations.map(\.fanouts), batchSize: batchSize,
      nodeCounts: times == nil ? counts : counts.map { _ in .max }, stampBudget: stampBudget,
      sizes: sizes)
    memory = store.spareMemory.take { $0.kind == kind } ?? GroupMemory(kind, shape)
  }

  /// Leaves the memory to a later series; nothing may be sampled any more.
  func leaveMemory() { store.spareMemory.leave(memory) }

  /// Whether a hop keeps all edges of some relation.
  var keepsAll: Bool { relations.contains { $0.fanouts.contains(-1) } }

  /// Begins mini-batches, which ``advance(_:)`` takes on hop by hop, and ``finish(_:into:)`` finishes.
  ///
  /// - Parameters:
  ///   - members: They and their memory are used again.
  ///   - request: The seeds and the key of a member by its place.
  func begin<Seed: BatchSeed>(
    _ members: [GroupMember],
    request: @Sendable (Int) throws(SamplingError) -> BatchRequest<Seed>
  ) throws(SamplingError) {
    try pool.forEach(members.count) { place throws(SamplingError) in
      try pulse.check()
      let request = try request(place).typed
      for seed in request.seeds {
        let count = store.book.nodeCount(of: types[seed.type.rawValue])
        if seed.node.rawValue >= UInt64(count) {
          throw .seedOutOfRange(seed: seed.node, nodeCount: count)
        }
      }
      try members[place].begin(request, shape, seedTimes, memory.relabelers)
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
      if member.hop > 0 { try member.finishHop(relations, memory.relabelers) }
      member.enter(memory.spaces)
      member.askForLists(relations)
    }
    try answer(\.nodeCut.count, members.map(\.memory), \.nodes) {
      relation, bucket, asked throws(SamplingError) in
      try relation.answerLists(bucket, asked, memory.buffers)
    }
    try pool.forEach(members.count) { place throws(SamplingError) in
      try pulse.check()
      try pick(members[place])
    }
    try answer(\.edgeCut.count, members.map(\.memory), \.edges) {
      relation, bucket, asked throws(SamplingError) in
      try relation.answerSources(bucket, asked, memory.buffers)
      if dropsBehind { try relation.dropPages(behind: bucket) }
    }
  }

  /// Answers what was asked of all buckets of all relations.
  private func answer(
    _ bucketCount: (GroupRelation) -> Int, _ memories: [HopMemory],
    _ exchange: (RelationMemory) -> Exchange,
    by body: (GroupRelation, Int, ExchangeGroup) throws(SamplingError) -> Void
  ) throws(SamplingError) {
    for (place, relation) in relations.enumerated() {
      let asked = ExchangeGroup(memories.map { exchange($0.relations[place]) })
      try pool.forEach(bucketCount(relation)) { bucket throws(SamplingError) in
        try pulse.check()
        try body(relation, bucket, asked)
      }
    }
  }

  /// Gives memory back that no member uses, but for that of a group.
  func trim(to size: Int) { memory.spaces.trim(to: size) }

  /// Calls `body` as if there were no memory of other mini-batches, to see what one takes.
  /// - Precondition: No member is under way.
  func withoutSpaces(_ body: () throws(SamplingError) -> Void) throws(SamplingError) {
    try memory.spaces.withoutAny(body)
  }

  /// Takes the memory of a member that will not be finished.
  func abandon(_ member: GroupMember) { member.giveBack(to: memory.spaces) }

  private func pick(_ member: GroupMember) throws(SamplingError) {
    member.countDestinations()
    for (place, relation) in relations.enumerated() {
      guard relation.fanouts[member.hop] != 0 else {
        member.pickNone(place, relation)
        continue
      }
      try memory.buffers.lend { buffers throws(SamplingError) in
        member.takeLists(place, relation, into: &buffers.lists)
        if relation.scheme.isUniform {
          member.pick(place, relation, buffers.lists, scratch: &buffers.nodes)
        } else {
          try relation.lendPick { pick throws(SamplingError) in
            try member.pick(place, relation, buffers.lists, by: &pick)
          }
        }
      }
    }
    member.askForSources(relations)
  }

  /// Finishes a member, and exchanges its mini-batch for a used one.
  func finish(
    _ member: GroupMember, into batch: inout some SampledBatch
  ) throws(SamplingError) {
    try member.finish(into: &batch, shape, memory.spaces, relations, memory.relabelers)
  }
}

/// What numbers the nodes of each type, for as many threads as ask.
struct GroupRelabelers: Sendable {
  private let nodeCounts: [Int]
  private let stampBudget: ByteCount
  private let pools: [LendingPool<NodeRelabeler>]

  /// - Parameters:
  ///   - nodeCounts: By type.
  ///   - stampBudget: For the tables of a thread.
  init(nodeCounts: [Int], stampBudget: ByteCount) {
    self.nodeCounts = nodeCounts
    self.stampBudget = ByteCount(stampBudget.bytes / max(1, nodeCounts.count))
    pools = nodeCounts.map { _ in LendingPool() }
  }

  func lend(
    _ type: Int, _ body: (inout NodeRelabeler) throws(SamplingError) -> Void
  ) throws(SamplingError) {
    try pools[type].lend(
      { () throws(SamplingError) in
        NodeRelabeler(nodeCount: nodeCounts[type], stampBudget: stampBudget)
      }, body)
  }
}
