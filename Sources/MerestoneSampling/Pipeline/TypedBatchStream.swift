package import MerestoneCore
package import MerestoneStorage

/// Mini-batches of a graph with several node types, sampled ahead of their consumer and handed over in
/// order: those that a ``TypedNeighborSampler`` makes one by one.
package final class TypedBatchStream: Sendable {
  private let prefetcher: Prefetcher<TypedMiniBatch, SamplingError>

  /// - Parameters:
  ///   - features: The column whose rows mini-batches carry for their nodes, by type. Shape `[types]`,
  ///     or empty.
  ///   - count: How many mini-batches there are.
  ///   - threads: Sampler threads.
  ///   - memory: What finished mini-batches that wait may take.
  ///   - stampBudget: What a thread's tables over nodes may take.
  ///   - patience: See ``BatchStream``.
  ///   - request: What a mini-batch starts from; called on sampler threads.
  package init(
    _ store: GraphStore, following relations: [FollowedRelation], hopCount: Int,
    features: [NodeRows?] = [], count: Int, threads: Int, memory: ByteCount,
    stampBudget: ByteCount, patience: Duration = .seconds(60),
    request: @escaping @Sendable (Int) throws(SamplingError) -> BatchRequest<TypedNode>
  ) throws(SamplingError) {
    let pulse = Pulse()
    // Refuses bad fanouts here and now.
    _ = try TypedNeighborSampler(store, following: relations, hopCount: hopCount)
    prefetcher = Prefetcher(
      count: count, threads: threads, window: 2 * threads, memory: memory, pulse: pulse,
      watchdog: Prefetcher.Watchdog(patience: patience) { .stalled($0) }, size: \.byteCount
    ) { mark throws(SamplingError) in
      let gatherers = features.map { rows in rows.map { FeatureGatherer($0, pulse: pulse) } }
      var sampler = try TypedNeighborSampler(
        store, following: relations, hopCount: hopCount, stampBudget: stampBudget)
      sampler.pulse = pulse
      return { index throws(SamplingError) in
        mark.enter(.seeds)
        let request = try request(index)
        mark.enter(.sampling)
        var batch = try sampler.sample(
          seeds: request.seeds, times: request.times, key: request.key)
        mark.enter(.features)
        batch.features = [FeatureRows](repeating: .none, count: gatherers.count)
        for (type, gatherer) in gatherers.enumerated() {
          try gatherer?.gather(batch.nodes[type], into: &batch.features[type])
        }
        return batch
      }
    }
  }

  /// The next mini-batch; `nil` after the last, and once cancelled. Any thread.
  package func next() throws(SamplingError) -> TypedMiniBatch? { try prefetcher.next() }

  /// Ends the series: who waits gets `nil`, threads stop at their next step.
  package func cancel() { prefetcher.cancel() }
}
