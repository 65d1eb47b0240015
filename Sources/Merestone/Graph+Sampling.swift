public import MerestoneCore
import MerestoneSampling
import Synchronization

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
  /// A sampler of neighbourhoods by one scheme. Asking again for the same scheme gives the same one.
  ///
  /// ```swift
  /// let batches = try graph.sampler(.uniform(fanouts: [15, 10, 5])).batches(of: seeds, size: 1024)
  /// ```
  ///
  /// - Throws: ``GraphError`` for a fanout below -1 and for a column that is missing or cannot serve.
  /// - Complexity: The first time the edges are decoded where ``memory`` allows it, weights added up
  ///   and the order of times kept, which is sorted where the graph does not have it: 16.5 and 8 bytes per
  ///   edge, 4 for ``SamplingScheme/top(by:fanouts:)``. For ``SamplingScheme/labor(fanouts:)`` decoded edges of
  ///   lists of 512 or more are sorted by source, too, 8 bytes each. Where less is left, less is kept, and sampling by
  ///   the column is slower with the same results. All schemes share what was prepared of a column.
  public func sampler(_ scheme: SamplingScheme) throws(GraphError) -> Sampler {
    if let known = samplers.withLock({ $0[scheme] }) { return Sampler(graph: self, shared: known) }
    let made = try Sampler.Shared(self, scheme)
    let shared = samplers.withLock { held in
      if let known = held[scheme] { return known }
      // Schemes are few; a program that makes them up without end starts afresh.
      if held.count >= 64 { held.removeAll() }
      held[scheme] = made
      return made
    }
    return Sampler(graph: self, shared: shared)
  }

  /// Samples the neighbourhood of some nodes, by the user's own ids: uniformly, without replacement.
  ///
  /// - Parameters:
  ///   - seeds: Raw ids of nodes; repetitions are kept in ``Subgraph/seeds``.
  ///   - fanouts: In-edges to keep per node and hop, the hop next to the seeds first; -1 keeps all.
  ///   - seed: Names the draws.
  /// - Throws: ``GraphError/unknownNode(_:)`` for a raw id that no node has.
  public func sample(
    _ seeds: [RawID], fanouts: [Int], seed: UInt64 = 1
  ) throws(GraphError) -> Subgraph {
    try sampler(.uniform(fanouts: fanouts)).sample(seeds, seed: seed)
  }

  /// Samples one mini-batch by global ids: see ``Sampler/sample(nodes:times:seed:step:)``.
  public func sample(
    nodes seeds: [NodeID], fanouts: [Int], seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> MiniBatch {
    try sampler(.uniform(fanouts: fanouts)).sample(nodes: seeds, seed: seed, step: step)
  }

  /// Walks through seeds in mini-batches: see
  /// ``Sampler/batches(of:times:size:features:shuffled:seed:epoch:threads:patience:)``.
  public func batches(
    of seeds: [NodeID], size: Int, fanouts: [Int], features: String? = nil,
    shuffled: Bool = false, seed: UInt64 = 1, epoch: Int = 0, threads: Int = 1
  ) throws(GraphError) -> MiniBatches {
    guard size >= 1 else { throw .badBatchSize(size) }
    return try sampler(.uniform(fanouts: fanouts)).batches(
      of: seeds, size: size, features: features, shuffled: shuffled, seed: seed, epoch: epoch,
      threads: threads)
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
