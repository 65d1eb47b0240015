package import MerestoneCore

/// What a mini-batch starts from: a node, of one type or with its type.
package protocol BatchSeed: Sendable {
  /// The node and its type: type 0 where nodes have one type only.
  var typed: TypedNode { get }

  init(typed: TypedNode)
}

extension NodeID: BatchSeed {
  package var typed: TypedNode { TypedNode(type: NodeTypeID(0), node: self) }

  package init(typed: TypedNode) { self = typed.node }
}

extension TypedNode: BatchSeed {
  package var typed: TypedNode { self }

  package init(typed: TypedNode) { self = typed }
}

/// A mini-batch, of one relation or of several, as series of them are made.
package protocol SampledBatch: Sendable {
  associatedtype Seed: BatchSeed

  static var empty: Self { get }

  var seeds: [Seed] { get set }
  var seedIndices: [BlockIndex] { get set }

  /// The memory that it holds.
  var byteCount: Int { get }

  /// What it holds without feature rows.
  var samplingByteCount: Int { get }

  /// Makes room for the blocks that samples of a shape have; their memory is kept.
  mutating func prepare(_ shape: BatchShape)

  /// Exchanges the contents of a block.
  /// - Precondition: Both are of the shape that was prepared.
  mutating func swapBlock(_ hop: Int, with block: inout HopBlock)

  /// Exchanges what only the last hop of a finished mini-batch has: sources and block indices.
  mutating func swapSources(_ hop: Int, with block: inout HopBlock)

  /// Says that all blocks are there.
  mutating func complete()

  /// Writes the feature rows of its nodes in place of what it holds.
  ///
  /// - Parameter gatherers: By type, or none.
  mutating func gather(by gatherers: [FeatureGatherer?]) throws(SamplingError)
}

/// What all mini-batches of a series have in common.
package struct BatchShape: Sendable {
  let hops: Int

  /// How many node types there are.
  let types: Int
  let isTemporal: Bool

  /// Without edges; for mini-batches of several relations.
  let relations: [RelationBlock]
}

extension RelationBlock {
  /// Without edges.
  init(of topology: Topology) {
    self.init(
      relation: topology.relation, sourceType: topology.type(of: .source),
      destinationType: topology.type(of: .destination))
  }
}

/// One hop of a mini-batch while it is made, by types and relations.
package struct HopBlock: Sendable {
  /// See ``TypedBlock/sources``. Shape `[types][s]`.
  var sources: [[NodeID]]

  /// See ``TypedBlock/sourceTimes``. Shape `[types][s]`, or empty.
  var sourceTimes: [[Int64]]
  var destinationCounts: [Int]

  /// Shape `[relations]`.
  var edges: [HopEdges]

  init(_ shape: BatchShape) {
    sources = Array(repeating: [], count: shape.types)
    sourceTimes = shape.isTemporal ? sources.map { _ in [] } : []
    destinationCounts = sources.map { _ in 0 }
    edges = shape.relations.map { _ in HopEdges() }
  }

  /// Turns the sources of a type, which are pairs, into nodes and times.
  mutating func split(_ type: Int, by seedTimes: SeedTimes) {
    seedTimes.split(&sources[type], into: &sourceTimes[type])
  }

  /// The memory that it holds.
  var byteCount: Int {
    sources.reduce(0) { $0 + $1.byteCapacity } + sourceTimes.reduce(0) { $0 + $1.byteCapacity }
      + edges.reduce(0) { $0 + $1.byteCount }
  }
}

extension SampledBatch {
  /// Receives the seeds when all blocks are there.
  mutating func finish(_ seeds: [TypedNode], _ indices: inout [BlockIndex]) {
    self.seeds = seeds.map { Seed(typed: $0) }
    swap(&seedIndices, &indices)
    complete()
  }
}

extension MiniBatch: SampledBatch {
  package mutating func prepare(_ shape: BatchShape) {
    blocks.resize(to: shape.hops, filling: .empty)
    guard !shape.isTemporal else { return }
    for hop in blocks.indices { blocks[hop].sourceTimes.removeAll(keepingCapacity: true) }
  }

  package mutating func swapBlock(_ hop: Int, with block: inout HopBlock) {
    block.edges[0].swapEdges(with: &blocks[hop])
    swap(&block.sources[0], &blocks[hop].sources)
    if !block.sourceTimes.isEmpty { swap(&block.sourceTimes[0], &blocks[hop].sourceTimes) }
    blocks[hop].destinationCount = block.destinationCounts[0]
  }

  package mutating func swapSources(_ hop: Int, with block: inout HopBlock) {
    swap(&block.sources[0], &blocks[hop].sources)
    swap(&block.edges[0].indices, &blocks[hop].indices)
  }

  package mutating func complete() {}

  package mutating func gather(by gatherers: [FeatureGatherer?]) throws(SamplingError) {
    guard let gatherer = gatherers.first ?? nil else {
      features = .none
      return
    }
    try gatherer.gather(inputNodes, into: &features)
  }
}

extension TypedMiniBatch: SampledBatch {
  package mutating func prepare(_ shape: BatchShape) {
    // The last block is to be the only owner of its nodes.
    nodes = []
    blocks.resize(to: shape.hops, filling: .empty)
    for hop in blocks.indices { blocks[hop].prepare(shape) }
  }

  package mutating func swapBlock(_ hop: Int, with block: inout HopBlock) {
    for place in block.edges.indices {
      block.edges[place].swapEdges(with: &blocks[hop].relations[place])
    }
    swap(&block.sources, &blocks[hop].sources)
    swap(&block.sourceTimes, &blocks[hop].sourceTimes)
    swap(&block.destinationCounts, &blocks[hop].destinationCounts)
  }

  package mutating func swapSources(_ hop: Int, with block: inout HopBlock) {
    swap(&block.sources, &blocks[hop].sources)
    for place in block.edges.indices {
      swap(&block.edges[place].indices, &blocks[hop].relations[place].indices)
    }
  }

  package mutating func complete() {
    if let last = blocks.last { nodes = last.sources }
  }

  package mutating func gather(by gatherers: [FeatureGatherer?]) throws(SamplingError) {
    features.resize(to: gatherers.count, filling: .none)
    for (type, gatherer) in gatherers.enumerated() {
      guard let gatherer else {
        features[type] = .none
        continue
      }
      try gatherer.gather(nodes[type], into: &features[type])
    }
  }
}

extension TypedBlock {
  fileprivate mutating func prepare(_ shape: BatchShape) {
    sources.resize(to: shape.types, filling: [])
    sourceTimes.resize(to: shape.isTemporal ? shape.types : 0, filling: [])
    destinationCounts.resize(to: shape.types, filling: 0)
    func isSame(_ one: RelationBlock, _ other: RelationBlock) -> Bool {
      one.relation == other.relation && one.sourceType == other.sourceType
        && one.destinationType == other.destinationType
    }
    if relations.count != shape.relations.count
      || !zip(relations, shape.relations).allSatisfy({ isSame($0, $1) })
    {
      relations = shape.relations
    }
  }
}
