import Glibc
import MerestoneCore

/// Makes a numbered series of mini-batches in groups, for several threads that ask for them in
/// ascending order.
///
/// The thread that asks for the first mini-batch after a group samples the next group, with all
/// threads of the pool, while the others wait; each then finishes the mini-batches that it asks for.
/// How many mini-batches are a group changes how often pages are decoded, never what is sampled.
///
/// `@unchecked Sendable`: everything mutable is guarded by `mutex`, but for the members of a sampled
/// group, each of which the thread that asked for it has to itself.
@safe final class GroupedBatches: @unchecked Sendable {
  private let sampler: GroupSampler
  private let count: Int
  private let memory: Int
  private let longest: Duration?
  private let request: @Sendable (Int) throws(SamplingError) -> BatchRequest<NodeID>

  private var members: [GroupMember] = []
  private var group = 0..<0
  private var unfinished = 0
  private var isSampling = false
  private var failure: SamplingError?
  /// What the largest member so far took; 0 before the first group.
  private var bytesPerBatch = 0
  /// What the last group took, for each of its mini-batches.
  private var timePerBatch = Duration.zero
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  /// The most mini-batches of a group: beyond it, decoding is a small part of the time.
  static let maximumSize = 1024

  /// - Parameters:
  ///   - count: How many mini-batches there are.
  ///   - memory: What a group may take. One mini-batch is sampled even where that takes more.
  ///   - longest: About how long the sampling of a group may take: as many are a group as would have
  ///     been done in that time at the pace of the group before.
  init(
    sampler: GroupSampler, count: Int, memory: ByteCount, longest: Duration? = nil,
    request:
      @escaping @Sendable (Int) throws(SamplingError) -> BatchRequest<NodeID>
  ) {
    self.sampler = sampler
    self.count = count
    self.memory = memory.bytes
    self.longest = longest
    self.request = request
    unsafe mutex = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
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
  func make(_ index: Int, into batch: inout MiniBatch) throws(SamplingError) {
    let member = try member(index)
    var bytes = 0
    defer {
      unsafe pthread_mutex_lock(mutex)
      bytesPerBatch = max(bytesPerBatch, bytes)
      unfinished -= 1
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(mutex)
    }
    bytes = member.byteCount
    try sampler.finish(member, into: &batch)
  }

  /// The member of a sampled group that holds the mini-batch.
  private func member(_ index: Int) throws(SamplingError) -> GroupMember {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let failure { throw failure }
      if group.contains(index) { return members[index - group.lowerBound] }
      if index == group.upperBound, !isSampling, unfinished == 0 {
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
    let first = group.upperBound
    // The first group is one mini-batch, which shows what the others take.
    let fitting = bytesPerBatch == 0 ? 1 : max(1, memory / (bytesPerBatch + bytesPerBatch / 16))
    let size = min(fitting, inTime, Self.maximumSize, count - first)
    while members.count < size { members.append(GroupMember()) }
    let sampled = Array(members[..<size])
    isSampling = true
    unsafe pthread_mutex_unlock(mutex)
    let start = ContinuousClock.now
    var found: SamplingError?
    do throws(SamplingError) {
      try sampler.sample(sampled) { place throws(SamplingError) in try request(first + place) }
    } catch {
      found = error
    }
    unsafe pthread_mutex_lock(mutex)
    isSampling = false
    timePerBatch = start.duration(to: .now) / size
    failure = found
    group = first..<first + size
    unfinished = size
    unsafe pthread_cond_broadcast(changed)
  }
}
