package import MerestoneCore
package import MerestoneStorage
import Synchronization

/// Samples mini-batches one by one, on one thread.
package protocol BatchSampler: SendableMetatype {
  associatedtype Batch: SampledBatch

  /// Where the sampler says after each hop that it gets on, and hears whether it should.
  var pulse: Pulse? { get set }

  mutating func sample(
    seeds: [Batch.Seed], times: [Int64], key: RandomKey, into batch: inout Batch
  ) throws(SamplingError)
}

extension NeighborSampler: BatchSampler {}
extension TypedNeighborSampler: BatchSampler {}

/// How the mini-batches of a numbered series are made by the way that the topologies are read: one by
/// one, or in groups where pages are decoded; for the threads of one ``Prefetcher``.
///
/// The mini-batches are those that a sampler makes one by one.
package final class BatchSeries<Sampler: BatchSampler>: Sendable {
  package typealias Request =
    @Sendable (Int) throws(SamplingError) -> BatchRequest<Sampler.Batch.Seed>

  /// How many mini-batches there are.
  let count: Int
  let pulse: Pulse
  private let stampBudget: ByteCount
  private let makeSampler: @Sendable (ByteCount) throws(SamplingError) -> Sampler
  let memory: SeriesMemory<Sampler>
  private let spareMemory: SpareMemory?
  private let hasFailed = Atomic<Bool>(false)
  private let grouped: GroupedBatches?
  private let request: Request

  /// - Parameters:
  ///   - relations: What is followed.
  ///   - types: Of all nodes, by the types of the seeds.
  ///   - count: How many mini-batches there are.
  ///   - threads: Threads that make mini-batches.
  ///   - pool: Samples groups.
  ///   - stampBudget: What a thread's tables over nodes may take.
  ///   - groupMemory: What groups of mini-batches may take.
  ///   - longest: About how long the sampling of a group may take; `nil` sets no bound.
  ///   - owner: Whose series are alike: one leaves its memory to the next, and the owner lives as long as it.
  ///   - pulse: Where the making of a mini-batch says that it gets on.
  ///   - makeSampler: Makes one for each thread, with a budget for tables over nodes.
  ///   - request: What a mini-batch starts from; called on any thread.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  init(
    following relations: [FollowedRelation], types: [NodeTypeID], hopCount: Int, count: Int,
    threads: Int, pool: @autoclosure () -> ThreadPool, stampBudget: ByteCount,
    groupMemory: ByteCount, longest: Duration? = nil, owner: (any AnyObject & Sendable)? = nil,
    pulse: Pulse,
    makeSampler: @escaping @Sendable (ByteCount) throws(SamplingError) -> Sampler,
    request: @escaping Request
  ) throws(SamplingError) {
    self.count = count
    self.pulse = pulse
    self.stampBudget = stampBudget
    self.makeSampler = makeSampler
    self.request = request
    // Refuses bad fanouts here and now.
    _ = try makeSampler(ByteCount(0))
    spareMemory = relations.first?.topology.store.spareMemory
    guard GroupSampler.takes(relations, hopCount: hopCount) else {
      grouped = nil
      let left: SeriesMemory<Sampler>? = spareMemory?.take {
        $0.owner != nil && $0.owner === owner && $0.stampBudget == stampBudget
      }
      memory = left ?? SeriesMemory(owner, stampBudget)
      return
    }
    memory = SeriesMemory(nil, stampBudget)
    grouped = GroupedBatches(
      sampler: GroupSampler(
        following: relations, types: types, hopCount: hopCount,
        batchSize: count > 0 ? (try? request(0))?.seeds.count ?? 0 : 0, pool: pool(),
        stampBudget: stampBudget,
        dropsBehind: relations.contains { $0.topology.plan.dropsBehind }, pulse: pulse),
      count: count, memory: groupMemory, makers: min(threads, count), longest: longest,
      request: request)
  }

  deinit {
    if memory.owner != nil, !hasFailed.load(ordering: .relaxed) { spareMemory?.leave(memory) }
  }

  /// Makes one mini-batch; any thread.
  ///
  /// Each number is asked for once, and smaller ones first.
  ///
  /// - Parameters:
  ///   - mark: Is told what is being done.
  ///   - batch: Receives the mini-batch; its memory is used again.
  package func make(
    _ index: Int, _ mark: WorkMark, into batch: inout Sampler.Batch
  ) throws(SamplingError) {
    if let grouped {
      mark.enter(.sampling)
      return try grouped.make(index, into: &batch)
    }
    mark.enter(.seeds)
    let request = try request(index)
    mark.enter(.sampling)
    do throws(SamplingError) {
      try memory.samplers.lend { () throws(SamplingError) in
        try makeSampler(stampBudget)
      } _: { sampler throws(SamplingError) in
        sampler.pulse = pulse
        try sampler.sample(
          seeds: request.seeds, times: request.times, key: request.key, into: &batch)
      }
    } catch {
      hasFailed.store(true, ordering: .relaxed)
      throw error
    }
  }

  /// What is held beside a mini-batch of some size while it is made: tables, lists and picks, about twice
  /// what it takes itself. Groups reckon with theirs.
  func scratchBytes(of batch: Sampler.Batch) -> Int {
    grouped == nil ? 2 * batch.samplingByteCount : 0
  }
}

extension BatchSeries where Sampler == NeighborSampler {
  /// Mini-batches of one relation.
  ///
  /// - Parameters:
  ///   - columnBytes: The memory that columns take.
  ///   - groupMemory: `nil` follows from the topology's cap.
  package convenience init(
    topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform, count: Int,
    threads: Int, pool: @autoclosure () -> ThreadPool, columnBytes: Int = 0,
    groupMemory: ByteCount? = nil, longest: Duration? = nil,
    owner: (any AnyObject & Sendable)? = nil, pulse: Pulse, request: @escaping Request
  ) throws(SamplingError) {
    let followed = FollowedRelation(topology: topology, fanouts: fanouts, scheme: scheme)
    let types = [topology.nodeType]
    try self.init(
      following: [followed], types: types, hopCount: fanouts.count, count: count,
      threads: threads, pool: pool(), stampBudget: topology.plan.stampBudget(threads: threads),
      groupMemory: groupMemory
        ?? [followed].groupMemory(
          of: topology.plan.memory, types: types, threads: threads, columnBytes: columnBytes),
      longest: longest, owner: owner, pulse: pulse,
      makeSampler: { stampBudget throws(SamplingError) in
        try NeighborSampler(
          topology: topology, fanouts: fanouts, scheme: scheme, stampBudget: stampBudget)
      }, request: request)
  }
}

extension BatchSeries where Sampler == TypedNeighborSampler {
  /// Mini-batches of several relations.
  ///
  /// - Parameters:
  ///   - store: The graph.
  ///   - relations: See
  ///     ``TypedNeighborSampler/init(_:following:hopCount:stampBudget:)``.
  package convenience init(
    _ store: GraphStore, following relations: [FollowedRelation], hopCount: Int, count: Int,
    threads: Int, pool: @autoclosure () -> ThreadPool, stampBudget: ByteCount,
    groupMemory: ByteCount, pulse: Pulse, request: @escaping Request
  ) throws(SamplingError) {
    try self.init(
      following: relations, types: store.manifest.nodeTypes.indices.map { NodeTypeID($0) },
      hopCount: hopCount, count: count, threads: threads, pool: pool(), stampBudget: stampBudget,
      groupMemory: groupMemory, pulse: pulse,
      makeSampler: { stampBudget throws(SamplingError) in
        try TypedNeighborSampler(
          store, following: relations, hopCount: hopCount, stampBudget: stampBudget)
      }, request: request)
  }
}

/// What mini-batches are made in one by one: a series leaves it to the next one of the same owner.
final class SeriesMemory<Sampler: BatchSampler>: Sendable {
  let owner: (any AnyObject & Sendable)?
  let stampBudget: ByteCount
  /// As many as sample at once, which may be fewer than there are threads. None where mini-batches are made
  /// in groups.
  let samplers = LendingPool<Sampler>()
  let used = UsedBatches<Sampler.Batch>()

  init(_ owner: (any AnyObject & Sendable)?, _ stampBudget: ByteCount) {
    self.owner = owner
    self.stampBudget = stampBudget
  }
}

/// Mini-batches whose memory can be used again.
final class UsedBatches<Batch: SampledBatch>: Sendable {
  private let batches = Mutex<[Batch]>([])

  func take() -> Batch {
    batches.withLock { $0.popLast() } ?? Batch.empty
  }

  /// - Parameter limit: The most that are kept.
  func put(_ batch: consuming Batch, limit: Int) {
    var given: Batch? = consume batch
    batches.withLock { held in
      if held.count < limit, let batch = given.take() { held.append(batch) }
    }
  }
}
