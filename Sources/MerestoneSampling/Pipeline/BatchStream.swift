package import MerestoneCore
package import MerestoneStorage
import Synchronization

/// What one mini-batch of a series starts from: nodes, of one type or each with its type.
package struct BatchRequest<Seed: Sendable>: Sendable {
  package var seeds: [Seed]

  /// As of when each seed is seen, where the scheme is temporal.
  package var times: [Int64]
  package var key: RandomKey

  package init(seeds: [Seed], times: [Int64] = [], key: RandomKey) {
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
  ///   - features: The column whose rows mini-batches carry for their input nodes.
  ///   - count: How many mini-batches there are.
  ///   - threads: Sampler threads.
  ///   - columnBytes: The memory that columns take which stay in it.
  ///   - groupMemory: What a group of mini-batches may take where pages are decoded for a group at
  ///     a time; `nil` follows from the topology's cap.
  ///   - patience: How long nothing may move while the consumer waits, before it gets
  ///     ``SamplingError/stalled(_:)``.
  ///   - request: What a mini-batch starts from; called on sampler threads.
  package init(
    topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform,
    features: NodeRows? = nil, count: Int, threads: Int, columnBytes: Int = 0,
    groupMemory: ByteCount? = nil,
    patience: Duration = .seconds(60),
    request:
      @escaping @Sendable (Int) throws(SamplingError) -> BatchRequest<NodeID>
  ) throws(SamplingError) {
    let used = UsedBatches(limit: 2 * threads + 1)
    let pulse = Pulse()
    self.used = used
    let series = try BatchSeries(
      topology: topology, fanouts: fanouts, scheme: scheme, count: count, threads: threads,
      pool: ThreadPool(threads: threads), columnBytes: columnBytes, groupMemory: groupMemory,
      pulse: pulse, request: request)
    prefetcher = Prefetcher(
      count: count, threads: threads, window: 2 * threads,
      memory: topology.plan.batchMemory(threads: threads, columnBytes: columnBytes),
      pulse: pulse, watchdog: Prefetcher.Watchdog(patience: patience) { .stalled($0) },
      size: \.byteCount
    ) { mark throws(SamplingError) in
      let gatherer = features.map { FeatureGatherer($0, pulse: pulse) }
      var maker = try series.makeMaker()
      return { index throws(SamplingError) in
        var batch = used.take()
        if features == nil { batch.features = .none }
        try maker.make(index, mark, into: &batch)
        mark.enter(.features)
        try gatherer?.gather(into: &batch)
        return batch
      }
    }
  }

  /// The next mini-batch; `nil` after the last, and once cancelled. Any thread.
  package func next() throws(SamplingError) -> MiniBatch? { try prefetcher.next() }

  /// Takes a mini-batch that is not needed any more, whose memory serves a later one.
  package func recycle(_ batch: consuming MiniBatch) { used.put(consume batch) }

  /// Ends the series: who waits gets `nil`, threads stop at their next step.
  package func cancel() { prefetcher.cancel() }
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
    var given: MiniBatch? = consume batch
    batches.withLock { held in
      if held.count < limit, let batch = given.take() { held.append(batch) }
    }
  }
}
