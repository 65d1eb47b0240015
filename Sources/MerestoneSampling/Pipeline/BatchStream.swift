package import MerestoneCore
package import MerestoneStorage

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

extension BatchRequest where Seed: BatchSeed {
  var typed: BatchRequest<TypedNode> {
    BatchRequest<TypedNode>(seeds: seeds.map(\.typed), times: times, key: key)
  }
}

/// Mini-batches of a numbered series, sampled ahead of their consumer and handed over in order.
///
/// The mini-batches are those that a sampler makes one by one, whatever the number of threads, the
/// memory and the way of reading.
package final class BatchStream<Sampler: BatchSampler>: Sendable {
  package typealias Batch = Sampler.Batch

  private let prefetcher: Prefetcher<Batch, SamplingError>
  private let used: UsedBatches<Batch>
  private let usedLimit: Int

  /// - Parameters:
  ///   - series: What is made.
  ///   - features: The columns whose rows mini-batches carry for their nodes, by type; or none.
  ///   - threads: Sampler threads.
  ///   - memory: What finished mini-batches that wait may take.
  ///   - patience: How long nothing may move while the consumer waits, before it gets
  ///     ``SamplingError/stalled(_:)``.
  package init(
    _ series: BatchSeries<Sampler>, features: [NodeRows?], threads: Int, memory: ByteCount,
    patience: Duration
  ) {
    let used = series.memory.used
    self.used = used
    usedLimit = 2 * threads + 1
    let pulse = series.pulse
    prefetcher = Prefetcher(
      count: series.count, threads: threads, window: 2 * threads, memory: memory, pulse: pulse,
      watchdog: Prefetcher.Watchdog(patience: patience) { .stalled($0) }
    ) {
      ItemSize(bytes: $0.byteCount, scratchBytes: series.scratchBytes(of: $0))
    } makeProducer: { mark throws(SamplingError) in
      let gatherers = features.map { rows in rows.map { FeatureGatherer($0, pulse: pulse) } }
      return { index throws(SamplingError) in
        var batch = used.take()
        try series.make(index, mark, into: &batch)
        mark.enter(.features)
        try batch.gather(by: gatherers)
        return batch
      }
    }
  }

  /// The next mini-batch; `nil` after the last, and once cancelled. Any thread.
  package func next() throws(SamplingError) -> Batch? { try prefetcher.next() }

  /// Takes a mini-batch that is not needed any more, whose memory serves a later one.
  package func recycle(_ batch: consuming Batch) {
    used.put(consume batch, limit: usedLimit)
  }

  /// Ends the series: who waits gets `nil`, threads stop at their next step.
  package func cancel() { prefetcher.cancel() }
}

extension BatchStream where Sampler == NeighborSampler {
  /// Mini-batches of one relation.
  ///
  /// - Parameters:
  ///   - features: The column whose rows mini-batches carry for their input nodes.
  ///   - count: How many mini-batches there are.
  ///   - threads: Sampler threads.
  ///   - columnBytes: The memory that columns take which stay in it.
  ///   - groupMemory: What a group of mini-batches may take where pages are decoded for a group at
  ///     a time; `nil` follows from the topology's cap.
  ///   - owner: Whose series are alike: one leaves its memory to the next.
  ///   - patience: See ``init(_:features:threads:memory:patience:)``.
  ///   - request: What a mini-batch starts from; called on sampler threads.
  package convenience init(
    topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform,
    features: NodeRows? = nil, count: Int, threads: Int, columnBytes: Int = 0,
    groupMemory: ByteCount? = nil, owner: (any AnyObject & Sendable)? = nil,
    patience: Duration = .seconds(60),
    request: @escaping BatchSeries<NeighborSampler>.Request
  ) throws(SamplingError) {
    let series = try BatchSeries(
      topology: topology, fanouts: fanouts, scheme: scheme, count: count, threads: threads,
      pool: ThreadPool(threads: threads), columnBytes: columnBytes, groupMemory: groupMemory,
      owner: owner, pulse: Pulse(), request: request)
    self.init(
      series, features: [features], threads: threads,
      memory: topology.plan.batchMemory(threads: threads, columnBytes: columnBytes),
      patience: patience)
  }
}
