public import MerestoneCore
import MerestoneSampling

/// A sampled neighbourhood under the user's own ids.
public struct Subgraph: Sendable, Equatable {
  /// One hop of the sample.
  public struct Hop: Sendable, Equatable {
    /// All nodes of the hop: the destinations first, then new nodes as they appeared.
    public var sources: [RawID]

    /// The nodes whose in-edges were sampled.
    public var destinations: [RawID]

    /// Source and destination of every sampled edge.
    public var edges: [(source: RawID, destination: RawID)]

    /// The global id of every sampled edge, for reading edge columns.
    public var edgeIDs: [EdgeID]

    public static func == (a: Hop, b: Hop) -> Bool {
      a.sources == b.sources && a.destinations == b.destinations && a.edgeIDs == b.edgeIDs
        && a.edges.elementsEqual(b.edges) { $0 == $1 }
    }
  }

  public var seeds: [RawID]

  /// All nodes that were reached, seeds first, each once.
  public var nodes: [RawID]

  /// One entry per fanout, the hop next to the seeds first.
  public var blocks: [Hop]
}

extension Graph {
  /// Samples the neighbourhood of some nodes, by the user's own ids.
  ///
  /// Equal arguments give equal subgraphs, on any machine, with any number of threads and any
  /// memory.
  ///
  /// - Parameters:
  ///   - seeds: Raw ids of nodes; repetitions are kept in ``Subgraph/seeds``.
  ///   - fanouts: In-edges to keep per node and hop, the hop next to the seeds first; -1 keeps all.
  ///   - seed: Names the draws.
  /// - Throws: ``GraphError/unknownNode(_:)`` for a raw id that no node has.
  public func sample(
    _ seeds: [RawID], fanouts: [Int], seed: UInt64 = 1
  ) throws(GraphError) -> Subgraph {
    try subgraph(of: sample(nodes: nodes(seeds), fanouts: fanouts, seed: seed))
  }

  /// Samples one mini-batch by global ids.
  ///
  /// - Parameter step: Names the draws together with `seed`: another step, other draws.
  /// - Returns: One ``Block`` per fanout, in hop order.
  public func sample(
    nodes seeds: [NodeID], fanouts: [Int], seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> MiniBatch {
    let topology = try openTopology()
    do throws(SamplingError) {
      var sampler = try NeighborSampler(
        topology: topology, fanouts: fanouts, stampBudget: ByteCount(0))
      return try sampler.sample(
        seeds: seeds, key: RandomKey(seed: seed, stream: .query, step: step))
    } catch {
      throw GraphError(error)
    }
  }

  /// Walks through seeds in mini-batches, sampled ahead on threads of their own.
  ///
  /// - Parameters:
  ///   - seeds: Nodes to start from. Shape `[n]`.
  ///   - size: Seeds per mini-batch; the last one may be smaller.
  ///   - shuffled: Draws the seeds in an order of their own for each `epoch`.
  ///   - threads: Sampler threads; they don't change the mini-batches.
  public func batches(
    of seeds: [NodeID], size: Int, fanouts: [Int], shuffled: Bool = false, seed: UInt64 = 1,
    epoch: Int = 0, threads: Int = 1
  ) throws(GraphError) -> MiniBatches {
    guard size >= 1 else { throw .badBatchSize(size) }
    let permutation =
      shuffled
      ? RandomPermutation(
        count: seeds.count, key: RandomKey(seed: seed, stream: .seedShuffle, epoch: epoch))
      : nil
    let topology = try openTopology()
    do throws(SamplingError) {
      return try MiniBatches(
        topology: topology, seeds: seeds, permutation: permutation, size: size,
        fanouts: fanouts, key: RandomKey(seed: seed, stream: .neighborSampling, epoch: epoch),
        threads: threads)
    } catch {
      throw GraphError(error)
    }
  }

  /// A mini-batch under the user's own ids.
  public func subgraph(of batch: MiniBatch) throws(GraphError) -> Subgraph {
    let nodes = try rawIDs(of: batch.inputNodes)
    let seeds = batch.seedIndices.map { nodes[Int($0.rawValue)] }
    let blocks = batch.blocks.map { block in
      var edges: [(source: RawID, destination: RawID)] = []
      edges.reserveCapacity(block.edgeCount)
      for destination in 0..<block.destinationCount {
        for edge in block.indptr[destination]..<block.indptr[destination + 1] {
          edges.append((nodes[Int(block.indices[edge].rawValue)], nodes[destination]))
        }
      }
      return Subgraph.Hop(
        sources: Array(nodes[..<block.sourceCount]),
        destinations: Array(nodes[..<block.destinationCount]), edges: edges, edgeIDs: block.edges)
    }
    return Subgraph(seeds: seeds, nodes: nodes, blocks: blocks)
  }
}
