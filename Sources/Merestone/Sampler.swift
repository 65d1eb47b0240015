public import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// Samples neighbourhoods by one scheme: mini-batches of many seeds, or single queries.
///
/// ```swift
/// let sampler = try graph.sampler(.uniform(fanouts: [15, 10, 5]))
/// let subgraph = try sampler.sample([.integer(17)])
/// let batches = try sampler.batches(of: seeds, size: 1024)
/// while let batch = try batches.next() { ... }
/// ```
///
/// Equal arguments give equal samples on any machine, with any number of threads and any memory. A
/// sampler may be used from several threads at once.
public struct Sampler: Sendable {
  /// The graph that is sampled.
  public let graph: Graph

  let shared: Shared

  public var scheme: SamplingScheme { shared.scheme }

  /// What all samplers of one graph and scheme share; it does not hold the graph.
  final class Shared: Sendable {
    let scheme: SamplingScheme
    let topology: Topology
    let law: NeighborScheme
    // For single queries: as many as threads ask at once, with hash tables of the size of a query.
    let queries = LendingPool<NeighborSampler>()

    init(_ graph: Graph, _ scheme: SamplingScheme) throws(GraphError) {
      self.scheme = scheme
      topology = try graph.openTopology()
      do throws(SamplingError) {
        law = try scheme.law.open(topology, graph.columns, graph.pool)
        // Refuses bad fanouts here and now.
        _ = try makeSampler()
      } catch {
        throw GraphError(error)
      }
    }

    func makeSampler() throws(SamplingError) -> NeighborSampler {
      try NeighborSampler(
        topology: topology, fanouts: scheme.fanouts, scheme: law, stampBudget: ByteCount(0))
    }
  }

  /// Samples the neighbourhood of some nodes, by the user's own ids.
  ///
  /// - Parameters:
  ///   - seeds: Raw ids of nodes; repetitions are kept in ``Subgraph/seeds``.
  ///   - times: As of when each seed is seen, where the scheme is temporal.
  ///   - seed: Names the draws.
  /// - Throws: ``GraphError/unknownNode(_:)`` for a raw id that no node has.
  public func sample(
    _ seeds: [RawID], times: [Int64] = [], seed: UInt64 = 1
  ) throws(GraphError) -> Subgraph {
    try graph.subgraph(of: sample(nodes: graph.nodes(seeds), times: times, seed: seed))
  }

  /// Samples one mini-batch by global ids.
  ///
  /// - Parameter step: Names the draws together with `seed`: another step, other draws.
  /// - Returns: One ``Block`` per fanout, in hop order.
  public func sample(
    nodes seeds: [NodeID], times: [Int64] = [], seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> MiniBatch {
    var batch = MiniBatch.empty
    try sample(nodes: seeds, times: times, seed: seed, step: step, into: &batch)
    return batch
  }

  /// Samples one mini-batch into the memory of one that is not needed any more.
  public func sample(
    nodes seeds: [NodeID], times: [Int64] = [], seed: UInt64 = 1, step: Int = 0,
    into batch: inout MiniBatch
  ) throws(GraphError) {
    do throws(SamplingError) {
      try shared.queries.lend(shared.makeSampler) { sampler throws(SamplingError) in
        try sampler.sample(
          seeds: seeds, times: times, key: RandomKey(seed: seed, stream: .query, step: step),
          into: &batch)
      }
    } catch {
      throw GraphError(error)
    }
  }

  /// Walks through seeds in mini-batches, sampled ahead on threads of their own.
  ///
  /// - Parameters:
  ///   - seeds: Nodes to start from. Shape `[n]`.
  ///   - times: As of when each seed is seen, where the scheme is temporal. Shape `[n]`, or empty.
  ///   - size: Seeds per mini-batch; the last one may be smaller.
  ///   - features: A node column of numbers: mini-batches carry its rows for their input nodes in
  ///     ``MiniBatch/features``, read by the same threads.
  ///   - shuffled: Draws the seeds in an order of their own for each `epoch`.
  ///   - threads: Sampler threads; they don't change the mini-batches.
  ///   - patience: How long nothing may move while a mini-batch is waited for, before
  ///     ``GraphError/stalled(message:)`` names what is stuck.
  /// - Throws: ``GraphError/unknownColumn(name:available:)`` for features that are not there.
  public func batches(
    of seeds: [NodeID], times: [Int64] = [], size: Int, features: String? = nil,
    shuffled: Bool = false, seed: UInt64 = 1, epoch: Int = 0,
    threads: Int = ThreadPool.availableProcessors, patience: Duration = .seconds(60)
  ) throws(GraphError) -> MiniBatches {
    var rows: NodeRows?
    if let features { rows = try graph.openRows(of: features) }
    let walk = try SeedWalk(
      count: seeds.count, times: times, size: size, shuffled: shuffled, seed: seed, epoch: epoch)
    do throws(SamplingError) {
      return MiniBatches(
        count: walk.count,
        stream: try BatchStream(
          topology: shared.topology, fanouts: scheme.fanouts, scheme: shared.law, features: rows,
          count: walk.count, threads: max(1, threads), columnBytes: graph.columns.byteCount,
          owner: shared, patience: patience
        ) { step in
          let places = walk.places(of: step)
          return BatchRequest(
            seeds: places.map { seeds[$0] }, times: times.isEmpty ? [] : places.map { times[$0] },
            key: walk.key(of: step))
        })
    } catch {
      throw GraphError(error)
    }
  }
}
