import Glibc
import MerestoneCore
import Synchronization

/// Makes a numbered series of mini-batches in groups, for several threads that ask for them in
/// ascending order.
///
/// The thread that asks for the first mini-batch after a group samples the next group, with all
/// threads of the pool, while the others wait; each then finishes the mini-batches that it asks for.
/// Groups follow each other at a distance of one hop: while one is at its last hop, the next is at
/// the one before, and pages are decoded once for all of them, not once for each hop. How many
/// mini-batches are a group changes how often pages are decoded, never what is sampled.
///
/// `@unchecked Sendable`: everything mutable is guarded by `mutex`, but for what the thread that
/// samples has to itself meanwhile, and the members of a sampled group, each of which belongs to the
/// thread that asked for it.
@safe final class GroupedBatches: @unchecked Sendable {
  private let sampler: GroupSampler
  private let count: Int
  private let memory: Int
  private let makers: Int
  private let longest: Duration?
  private let hops: Int
  private let request: @Sendable (Int) throws(SamplingError) -> BatchRequest<TypedNode>

  /// Mini-batches that are sampled together.
  private struct Group {
    var range = 0..<0
    var members: [GroupMember] = []
  }

  /// Groups whose hops are not all sampled, the furthest first.
  private var underWay: [Group] = []
  /// The group whose mini-batches are asked for, and how many of them are not finished.
  private var ready = Group()
  private var unfinished = 0
  private var isSampling = false
  private var failure: SamplingError?
  /// Why no more groups are begun; those before it are sampled.
  private var refusal: SamplingError?
  /// Mini-batches that belong to a group so far.
  private var begun = 0
  private var idle: GroupMemory.Idle
  /// Whether a mini-batch of this series showed what all of its hops take.
  private var isMeasured = false
  private var hasLeftMemory = false
  /// What a member may take after each hop, by what a few seeds took.
  private var estimates: [Int]
  /// What the last turn with a last hop took, for each mini-batch of its group.
  private var timePerBatch = Duration.zero
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  /// The most mini-batches of a group: beyond it, decoding is a small part of the time.
  static let maximumSize = 1024

  /// - Parameters:
  ///   - sampler: Of at least one hop.
  ///   - count: How many mini-batches there are.
  ///   - memory: What groups may take together, and up to half of it a mini-batch for each of the
  ///     `makers`. One mini-batch is sampled even where that takes more.
  ///   - makers: Threads that ask for mini-batches, each with the memory of a used one.
  ///   - longest: About how long the sampling of a group may take: as many are a group as would have
  ///     been done in that time at the pace of the group before.
  init<Seed: BatchSeed>(
    sampler: GroupSampler, count: Int, memory: ByteCount, makers: Int = 0, longest: Duration? = nil,
    request: @escaping @Sendable (Int) throws(SamplingError) -> BatchRequest<Seed>
  ) {
    self.sampler = sampler
    self.count = count
    hops = sampler.shape.hops
    idle = sampler.memory.idle.withLock { $0 }
    estimates = Array(repeating: 0, count: hops)
    self.memory = memory.bytes
    self.makers = makers
    self.longest = longest
    self.request = { index throws(SamplingError) in try request(index).typed }
    unsafe mutex = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    if failure == nil, !hasLeftMemory {
      for group in underWay + [ready] { group.members.forEach(sampler.abandon) }
      leaveMemory(underWay.flatMap(\.members))
    }
    unsafe pthread_mutex_destroy(mutex)
    unsafe pthread_cond_destroy(changed)
    unsafe mutex.deallocate()
    unsafe changed.deallocate()
  }

  /// Makes one mini-batch.
  ///
  /// - Parameters:
  ///   - index: Each of `0..<count` is asked for once; when one is asked for, all before it have
  ///     been.
  ///   - batch: Receives the mini-batch; its memory goes to a later one.
  /// - Throws: What went wrong in the group, for every mini-batch of it and all later ones.
  func make(_ index: Int, into batch: inout some SampledBatch) throws(SamplingError) {
    let member = try member(index)
    defer {
      unsafe pthread_mutex_lock(mutex)
      unfinished -= 1
      if unfinished == 0, ready.range.upperBound == count { leaveMemory() }
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(mutex)
    }
    try sampler.finish(member, into: &batch)
  }

  /// Leaves the memory to a later series, once this one needs none.
  private func leaveMemory(_ others: [GroupMember] = []) {
    idle.members += ready.members + others
    if isMeasured { idle.raiseEstimates(to: estimates) }
    ready.members = []
    sampler.memory.idle.withLock { $0 = idle }
    sampler.leaveMemory()
    hasLeftMemory = true
  }

  /// The member of a sampled group that holds the mini-batch.
  private func member(_ index: Int) throws(SamplingError) -> GroupMember {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let failure { throw failure }
      if ready.range.contains(index) { return ready.members[index - ready.range.lowerBound] }
      if index == ready.range.upperBound, !isSampling, unfinished == 0 {
        sampleNextGroup()
      } else {
        unsafe pthread_cond_wait(changed, mutex)
      }
    }
  }

  /// How many mini-batches are sampled in the longest time; a larger group has the better pace.
  private var inTime: Int {
    guard let longest, timePerBatch > .zero else { return .max }
    return max(1, Int(min(longest / timePerBatch, Double(Self.maximumSize))))
  }

  /// Samples the next group; the lock is held before and after, but not meanwhile.
  private func sampleNextGroup() {
    idle.members += ready.members
    ready = Group(range: ready.range.upperBound..<ready.range.upperBound)
    isSampling = true
    unsafe pthread_mutex_unlock(mutex)
    var found: SamplingError?
    do throws(SamplingError) {
      repeat { try advance() } while underWay.first.map { $0.members[0].hop < hops } ?? false
    } catch {
      found = error
    }
    unsafe pthread_mutex_lock(mutex)
    isSampling = false
    if found != nil || underWay.isEmpty {
      failure = found ?? refusal
    } else {
      ready = underWay.removeFirst()
      unfinished = ready.members.count
    }
    unsafe pthread_cond_broadcast(changed)
  }

  /// Samples a hop of every group that is under way, and of another one where there is room.
  private func advance() throws(SamplingError) {
    let start = ContinuousClock.now
    if refusal == nil {
      do throws(SamplingError) {
        try beginGroup()
      } catch {
        refusal = error
      }
    }
    try sampler.advance(underWay.flatMap(\.members))
    for group in underWay {
      for member in group.members {
        idle.byteCounts[member.hop - 1] = max(idle.byteCounts[member.hop - 1], member.byteCount)
      }
    }
    if let first = underWay.first, first.members[0].hop == hops {
      isMeasured = true
      timePerBatch = start.duration(to: .now) / first.members.count
    }
  }

  /// Begins another group where there is room for one.
  private func beginGroup() throws(SamplingError) {
    let size = try nextSize()
    guard size > 0 else { return }
    // What larger groups have left would come on top.
    sampler.trim(to: underWay.reduce(size) { max($0, $1.members.count) })
    let first = begun
    while idle.members.count < size { idle.members.append(GroupMember()) }
    let members = Array(idle.members.suffix(size))
    idle.members.removeLast(size)
    try sampler.begin(members) { place throws(SamplingError) in try request(first + place) }
    underWay.append(Group(range: first..<first + size, members: members))
    begun += size
  }

  /// The size of another group; 0 for none.
  private func nextSize() throws(SamplingError) -> Int {
    let left = count - begun
    guard left > 0 else { return 0 }
    // Where all edges are kept, a few seeds say nothing of others.
    if begun == 0, left > 1, !sampler.keepsAll { try probe() }
    // Without an estimate, one mini-batch shows what the others take.
    guard isMeasured || estimates[hops - 1] > 0 else { return underWay.isEmpty ? 1 : 0 }
    let expected = (0..<hops).map { isMeasured ? idle.byteCounts[$0] : idle.scaled(estimates, $0) }
    let byteCount = expected.reduce(1, +)
    let room = max(memory / 2, memory - makers * expected[hops - 1])
    // A group at every hop; or one alone, where there is no room for more.
    let fitting = max(room / (byteCount + byteCount / 16), underWay.isEmpty ? 1 : 0)
    let most = min(fitting, inTime, Self.maximumSize)
    guard most > 0 else { return 0 }
    // Groups of one size: a small one at the end would cost as many pages as a large one.
    let groups = (left + most - 1) / most
    return (left + groups - 1) / groups
  }

  /// Samples some seeds of the first mini-batch, to see what whole ones may take: hardly more
  /// memory and time for each seed, because more of their nodes and pages are the same.
  private func probe() throws(SamplingError) {
    let start = ContinuousClock.now
    var request = try request(0)
    let seedCount = request.seeds.count
    let step = max(1, seedCount / Self.probeSeeds)
    let places = stride(from: 0, to: seedCount, by: step)
    request.seeds = places.map { request.seeds[$0] }
    if request.times.count == seedCount { request.times = places.map { request.times[$0] } }
    let times = max(1, Double(seedCount) / Double(max(1, request.seeds.count)))
    let member = GroupMember()
    try sampler.withoutSpaces { [request] () throws(SamplingError) in
      try sampler.begin([member]) { _ in request }
      for hop in 0..<hops {
        try sampler.advance([member])
        estimates[hop] = Int(Double(member.byteCount) * times)
      }
    }
    timePerBatch = start.duration(to: .now) * times
  }

  /// Fewer say too little where a few nodes have most of the edges: with 32, what a mini-batch of 1,024 takes
  /// of a graph of 2^30 edges came out three times too large.
  private static let probeSeeds = 128
}
