package import MerestoneCore
import Synchronization

/// What one mini-batch of a series starts from.
package struct BatchRequest: Sendable {
  package var seeds: [NodeID]

  /// As of when each seed is seen, where the scheme is temporal.
  package var times: [Int64]
  package var key: RandomKey

  package init(seeds: [NodeID], times: [Int64] = [], key: RandomKey) {
    self.seeds = seeds
    self.times = times
    self.key = key
  }
}

/// Mini-batches of a numbered series, sampled ahead of their consumer by the way that the topology
/// is read, and handed over in order.
///
/// The mini-batches are those that a ``NeighborSampler`` makes one by one, whatever the number of
/// threads, the memory and the way of reading.
package final class BatchStream: Sendable {
  private let prefetcher: Prefetcher<MiniBatch, SamplingError>
  private let used: UsedBatches

  /// - Parameters:
  ///   - count: How many mini-batches there are.
  ///   - threads: Sampler threads.
  ///   - groupMemory: What a group of mini-batches may take where pages are decoded for a group at
  ///     a time; `nil` follows from the topology's cap.
  ///   - request: What a mini-batch starts from; called on sampler threads.
  package init(
    topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform, count: Int,
    threads: Int, groupMemory: ByteCount? = nil,
    request:
      @escaping @Sendable (Int) throws(SamplingError) -> BatchRequest
  ) throws(SamplingError) {
    let used = UsedBatches(limit: 2 * threads + 1)
    self.used = used
    // Refuses bad fanouts here and now.
    _ = try NeighborSampler(
      topology: topology, fanouts: fanouts, scheme: scheme, stampBudget: ByteCount(0))
    let stampBudget = topology.plan.stampBudget(threads: threads)
    if !topology.isInPlace, scheme.isUniform, !topology.isFiltered, topology.nodeCount <= 1 << 32 {
      let grouped = GroupedBatches(
        sampler: GroupSampler(
          topology: topology, fanouts: fanouts, pool: ThreadPool(threads: threads),
          stampBudget: stampBudget, dropsBehind: topology.plan.dropsBehind),
        count: count, memory: groupMemory ?? topology.plan.groupMemory(threads: threads),
        request: request)
      prefetcher = Prefetcher(count: count, threads: threads, window: 2 * threads) {
        () throws(SamplingError) in
        return { index throws(SamplingError) in
          var batch = used.take()
          try grouped.make(index, into: &batch)
          return batch
        }
      }
      return
    }
    prefetcher = Prefetcher(count: count, threads: threads, window: 2 * threads) {
      () throws(SamplingError) in
      var sampler = try NeighborSampler(
        topology: topology, fanouts: fanouts, scheme: scheme, stampBudget: stampBudget)
      return { index throws(SamplingError) in
        let request = try request(index)
        var batch = used.take()
        try sampler.sample(
          seeds: request.seeds, times: request.times, key: request.key, into: &batch)
        return batch
      }
    }
  }

  /// The next mini-batch; `nil` after the last. Any thread.
  package func next() throws(SamplingError) -> MiniBatch? { try prefetcher.next() }

  /// Takes a mini-batch that is not needed any more, whose memory serves a later one.
  package func recycle(_ batch: consuming MiniBatch) { used.put(batch) }
}

/// Mini-batches whose memory can be used again.
private final class UsedBatches: Sendable {
  private let batches = Mutex<[MiniBatch]>([])
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  func take() -> MiniBatch {
    batches.withLock { $0.popLast() } ?? MiniBatch.empty
  }

  func put(_ batch: consuming MiniBatch) {
    batches.withLock { [batch] held in
      if held.count < limit { held.append(batch) }
    }
  }
}
