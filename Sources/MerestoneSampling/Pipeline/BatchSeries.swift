package import MerestoneCore

/// How the mini-batches of a numbered series are made by the way that the topology is read: one by
/// one, or in groups where pages are decoded; for the threads of one ``Prefetcher``.
///
/// The mini-batches are those that a ``NeighborSampler`` makes one by one.
package final class BatchSeries: Sendable {
  private let topology: Topology
  private let fanouts: [Int]
  private let scheme: NeighborScheme
  private let stampBudget: ByteCount
  private let pulse: Pulse
  private let grouped: GroupedBatches?
  private let request: @Sendable (Int) throws(SamplingError) -> BatchRequest<NodeID>

  /// - Parameters:
  ///   - count: How many mini-batches there are.
  ///   - threads: Threads that make mini-batches.
  ///   - pool: Samples groups.
  ///   - columnBytes: The memory that columns take.
  ///   - groupMemory: What a group of mini-batches may take; `nil` follows from the topology's cap.
  ///   - longest: About how long the sampling of a group may take; `nil` sets no bound.
  ///   - pulse: Where the making of a mini-batch says that it gets on.
  ///   - request: What a mini-batch starts from; called on any thread.
  /// - Throws: ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``.
  package init(
    topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform, count: Int,
    threads: Int, pool: @autoclosure () -> ThreadPool, columnBytes: Int = 0,
    groupMemory: ByteCount? = nil, longest: Duration? = nil, pulse: Pulse,
    request: @escaping @Sendable (Int) throws(SamplingError) -> BatchRequest<NodeID>
  ) throws(SamplingError) {
    self.topology = topology
    self.fanouts = fanouts
    self.scheme = scheme
    self.pulse = pulse
    self.request = request
    stampBudget = topology.plan.stampBudget(threads: threads)
    // Refuses bad fanouts here and now.
    _ = try NeighborSampler(
      topology: topology, fanouts: fanouts, scheme: scheme, stampBudget: ByteCount(0))
    guard !topology.isInPlace, !fanouts.isEmpty, !scheme.readsSources, !topology.isFiltered,
      topology.nodeCount <= 1 << 32
    else {
      grouped = nil
      return
    }
    grouped = GroupedBatches(
      sampler: GroupSampler(
        topology: topology, fanouts: fanouts, scheme: scheme, pool: pool(),
        stampBudget: stampBudget, dropsBehind: topology.plan.dropsBehind, pulse: pulse),
      count: count,
      memory: groupMemory
        ?? topology.plan.groupMemory(
          threads: threads, columnBytes: columnBytes,
          readsColumn: scheme.readColumn(fanouts: fanouts) != nil),
      longest: longest, request: request)
  }

  /// What makes mini-batches, for one thread.
  ///
  /// The threads ask for each number once, and for smaller ones first.
  package func makeMaker() throws(SamplingError) -> Maker {
    var sampler = try NeighborSampler(
      topology: topology, fanouts: fanouts, scheme: scheme,
      stampBudget: grouped == nil ? stampBudget : ByteCount(0))
    sampler.pulse = pulse
    return Maker(series: self, sampler: sampler)
  }

  /// Makes mini-batches on one thread.
  package struct Maker {
    fileprivate let series: BatchSeries
    // Idle where mini-batches are made in groups.
    fileprivate var sampler: NeighborSampler

    /// Makes one mini-batch.
    ///
    /// - Parameters:
    ///   - mark: Is told what is being done.
    ///   - batch: Receives the mini-batch; its memory is used again.
    package mutating func make(
      _ index: Int, _ mark: WorkMark, into batch: inout MiniBatch
    ) throws(SamplingError) {
      guard let grouped = series.grouped else {
        mark.enter(.seeds)
        let request = try series.request(index)
        mark.enter(.sampling)
        return try sampler.sample(
          seeds: request.seeds, times: request.times, key: request.key, into: &batch)
      }
      mark.enter(.sampling)
      try grouped.make(index, into: &batch)
    }
  }
}
