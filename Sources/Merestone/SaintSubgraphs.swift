public import MerestoneCore
import MerestoneSampling

/// Subgraphs that GraphSAINT draws, one per step, with their coefficients.
///
/// ```swift
/// var subgraphs = try graph.saint(.walks(roots: 2000, length: 2))
/// let first = try subgraphs.subgraph(0)
/// ```
///
/// A value belongs to one thread; equal arguments give equal subgraphs.
public struct SaintSubgraphs {
  private var sampler: SaintSampler
  private let seed: UInt64

  init(_ topology: Topology, _ law: SaintLaw, trials: Int, seed: UInt64) throws(SamplingError) {
    self.seed = seed
    sampler = try SaintSampler(
      topology, law: law, trials: trials, key: RandomKey(seed: seed, stream: .subgraph))
  }

  /// Draws the subgraph of a step.
  public mutating func subgraph(_ step: Int, epoch: Int = 0) throws(GraphError) -> SaintSubgraph {
    do throws(SamplingError) {
      return try sampler.sample(
        key: RandomKey(seed: seed, stream: .subgraph, epoch: epoch, step: step))
    } catch {
      throw GraphError(error)
    }
  }
}

/// The graph's own shards in batches, in an order that the epoch draws (Cluster-GCN).
///
/// ```swift
/// var clusters = try graph.clusters(perBatch: 4, epoch: 3)
/// for batch in 0..<clusters.count { train(try clusters.subgraph(batch)) }
/// ```
public struct ClusterSubgraphs {
  private var batches: ClusterBatches

  init(_ batches: ClusterBatches) { self.batches = batches }

  /// How many batches the epoch has; each shard is in one of them.
  public var count: Int { batches.count }

  /// All edges among the nodes of a batch's shards.
  /// - Precondition: `batch` is in `0..<count`.
  public mutating func subgraph(_ batch: Int) throws(GraphError) -> LocalSubgraph {
    precondition(batch >= 0 && batch < count, "batch \(batch) of \(count)")
    do throws(SamplingError) {
      return try batches.subgraph(of: batch)
    } catch {
      throw GraphError(error)
    }
  }
}

extension Graph {
  /// Prepares to draw subgraphs by GraphSAINT.
  ///
  /// - Parameters:
  ///   - law: How nodes are drawn.
  ///   - trials: Node sets that are drawn now, to estimate the coefficients of laws other than
  ///     ``SaintLaw/nodes(count:)``.
  ///   - seed: Names the draws.
  public func saint(
    _ law: SaintLaw, trials: Int = 64, seed: UInt64 = 1
  ) throws(GraphError) -> SaintSubgraphs {
    try sampling { topology throws(SamplingError) in
      try SaintSubgraphs(topology, law, trials: trials, seed: seed)
    }
  }

  /// Takes the graph's shards in batches, in an order that `epoch` draws.
  ///
  /// - Parameter perBatch: Shards of a batch; the last one may have fewer.
  public func clusters(
    perBatch: Int, seed: UInt64 = 1, epoch: Int = 0
  ) throws(GraphError) -> ClusterSubgraphs {
    try sampling { topology throws(SamplingError) in
      ClusterSubgraphs(
        try ClusterBatches(
          topology, shardsPerBatch: perBatch,
          key: RandomKey(seed: seed, stream: .subgraph, epoch: epoch)))
    }
  }
}
