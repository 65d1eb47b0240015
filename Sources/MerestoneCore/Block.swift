/// One sampled hop as a bipartite message-flow graph: edges run from sources to destinations.
///
/// The destinations are the first ``destinationCount`` sources; the other sources follow in the
/// order of their first appearance over destinations in order and list positions ascending.
/// A block is a plain value: the sampler writes it, the layers read it.
public struct Block: Sendable, Equatable {
  /// Global ids of all source nodes, destinations first. Shape `[s]`.
  public var sources: [NodeID]

  /// How many of ``sources`` are destinations: `d <= s`.
  public var destinationCount: Int

  /// Where each destination's in-edges start in ``indices``. Shape `[d + 1]`.
  public var indptr: [Int]

  /// The source of every kept edge, as its position in ``sources``. Shape `[e]`.
  public var indices: [BlockIndex]

  /// The global id of every kept edge. Shape `[e]`.
  public var edges: [EdgeID]

  /// How much each kept edge counts in an unbiased estimate of a sum over all in-edges: the
  /// reciprocal of the probability with which it was kept. Shape `[e]`, or empty where the scheme
  /// does not say.
  public var weights: [Float]

  /// The time as of which each source is seen, where the sample is temporal. Shape `[s]`, else
  /// empty. A node that is seen as of several times is as many sources: what is distinct are the
  /// pairs of node and time.
  public var sourceTimes: [Int64]

  @inlinable public init(
    sources: [NodeID], destinationCount: Int, indptr: [Int], indices: [BlockIndex],
    edges: [EdgeID], weights: [Float] = [], sourceTimes: [Int64] = []
  ) {
    self.sources = sources
    self.destinationCount = destinationCount
    self.indptr = indptr
    self.indices = indices
    self.edges = edges
    self.weights = weights
    self.sourceTimes = sourceTimes
  }

  /// No destinations and no edges.
  @inlinable public static var empty: Block {
    Block(sources: [], destinationCount: 0, indptr: [0], indices: [], edges: [])
  }

  /// The destination nodes, in order. Shape `[d]`.
  @inlinable public var destinations: ArraySlice<NodeID> { sources[..<destinationCount] }

  /// How many nodes messages may come from, destinations included.
  @inlinable public var sourceCount: Int { sources.count }

  @inlinable public var edgeCount: Int { indices.count }

  /// The memory that it holds, whether it is filled or not.
  package var byteCount: Int {
    sources.byteCapacity + indptr.byteCapacity + indices.byteCapacity + edges.byteCapacity
      + weights.byteCapacity + sourceTimes.byteCapacity
  }
}

/// One sampled unit of work: the seeds and one ``Block`` per hop.
public struct MiniBatch: Sendable, Equatable {
  /// The nodes that were asked for, as given: in order, repetitions kept.
  public var seeds: [NodeID]

  /// The position of each seed among the destinations of `blocks[0]`. Shape `[seeds.count]`.
  public var seedIndices: [BlockIndex]

  /// One block per hop, in hop order: `blocks[0]` reaches the neighbours of the seeds, and the
  /// sources of `blocks[h]` are the destinations of `blocks[h + 1]`. Layers run them in reverse.
  public var blocks: [Block]

  /// The rows of ``inputNodes`` in a column of the graph, in their order, where a stream of
  /// mini-batches was asked for them; else none.
  public var features: FeatureRows

  @inlinable public init(
    seeds: [NodeID], seedIndices: [BlockIndex], blocks: [Block], features: FeatureRows = .none
  ) {
    self.seeds = seeds
    self.seedIndices = seedIndices
    self.blocks = blocks
    self.features = features
  }

  /// No seeds and no blocks.
  @inlinable public static var empty: MiniBatch {
    MiniBatch(seeds: [], seedIndices: [], blocks: [])
  }

  /// The memory that it holds, whether it is filled or not.
  package var byteCount: Int { samplingByteCount + features.byteCount }

  /// The same without feature rows.
  package var samplingByteCount: Int {
    seeds.byteCapacity + seedIndices.byteCapacity + blocks.reduce(0) { $0 + $1.byteCount }
  }

  /// The nodes whose features the first layer reads: the sources of the last hop, or the distinct
  /// seeds where there is no hop.
  @inlinable public var inputNodes: [NodeID] {
    if let last = blocks.last { return last.sources }
    var distinct: [NodeID] = []
    for (seed, index) in zip(seeds, seedIndices) where Int(index.rawValue) == distinct.count {
      distinct.append(seed)
    }
    return distinct
  }
}
