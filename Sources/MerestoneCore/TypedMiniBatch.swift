/// A node of a graph with several node types; global ids are unique per type only.
public struct TypedNode: Sendable, Hashable {
  public var type: NodeTypeID
  public var node: NodeID

  @inlinable public init(type: NodeTypeID, node: NodeID) {
    self.type = type
    self.node = node
  }
}

/// The kept edges of one relation in one sampled hop.
public struct RelationBlock: Sendable, Equatable {
  public var relation: RelationID
  public var sourceType: NodeTypeID
  public var destinationType: NodeTypeID

  /// Where the in-edges of each destination of ``destinationType`` start. Shape `[d + 1]`.
  public var indptr: [Int]

  /// The source of every kept edge, as its position among the hop's sources of ``sourceType``.
  /// Shape `[e]`.
  public var indices: [BlockIndex]

  /// The global id of every kept edge, unique in the relation. Shape `[e]`.
  public var edges: [EdgeID]

  /// See ``Block/weights``. Shape `[e]`, or empty.
  public var weights: [Float]

  public init(
    relation: RelationID, sourceType: NodeTypeID, destinationType: NodeTypeID, indptr: [Int] = [0],
    indices: [BlockIndex] = [], edges: [EdgeID] = [], weights: [Float] = []
  ) {
    self.relation = relation
    self.sourceType = sourceType
    self.destinationType = destinationType
    self.indptr = indptr
    self.indices = indices
    self.edges = edges
    self.weights = weights
  }

  /// The memory that it holds.
  fileprivate var byteCount: Int {
    indptr.byteCapacity + indices.byteCapacity + edges.byteCapacity + weights.byteCapacity
  }
}

/// One sampled hop of a graph with several node types: one message-flow graph per relation over
/// common lists of nodes, one list per type.
public struct TypedBlock: Sendable, Equatable {
  /// The nodes of each type: its destinations first, then new nodes in the order of their first
  /// appearance over the relations, their destinations, and list positions. Shape `[types][s]`.
  public var sources: [[NodeID]]

  /// How many of each type's sources are destinations. Shape `[types]`.
  public var destinationCounts: [Int]

  /// One for each relation that the hop follows, by ascending relation.
  public var relations: [RelationBlock]

  /// The time as of which each source is seen, where the sample is temporal: see
  /// ``Block/sourceTimes``. Shape `[types][s]`, or empty.
  public var sourceTimes: [[Int64]]

  @inlinable public init(
    sources: [[NodeID]], destinationCounts: [Int], relations: [RelationBlock],
    sourceTimes: [[Int64]] = []
  ) {
    self.sources = sources
    self.destinationCounts = destinationCounts
    self.relations = relations
    self.sourceTimes = sourceTimes
  }

  /// No nodes and no relations.
  @inlinable public static var empty: TypedBlock {
    TypedBlock(sources: [], destinationCounts: [], relations: [])
  }

  /// Kept edges of all relations.
  public var edgeCount: Int { relations.reduce(0) { $0 + $1.edges.count } }
}

/// A mini-batch of a graph with several node types.
public struct TypedMiniBatch: Sendable, Equatable {
  /// The nodes that were asked for, as given: types mixed, repetitions kept. Shape `[b]`.
  public var seeds: [TypedNode]

  /// The position of each seed among the nodes of its type. Shape `[b]`.
  public var seedIndices: [BlockIndex]

  /// One per hop, the hop next to the seeds first; a type's sources of one hop are its destinations
  /// of the next.
  public var blocks: [TypedBlock]

  /// All nodes by type, the seeds first: the sources of the last hop. Shape `[types][n]`.
  public var nodes: [[NodeID]]

  /// The rows of ``nodes`` in a column of each type, where a stream of mini-batches was asked for
  /// them: none for other types. Shape `[types]`, or empty.
  public var features: [FeatureRows]

  @inlinable public init(
    seeds: [TypedNode], seedIndices: [BlockIndex], blocks: [TypedBlock], nodes: [[NodeID]],
    features: [FeatureRows] = []
  ) {
    self.seeds = seeds
    self.seedIndices = seedIndices
    self.blocks = blocks
    self.nodes = nodes
    self.features = features
  }

  /// No seeds and no blocks.
  @inlinable public static var empty: TypedMiniBatch {
    TypedMiniBatch(seeds: [], seedIndices: [], blocks: [], nodes: [])
  }

  /// The memory that it holds.
  package var byteCount: Int { samplingByteCount + features.reduce(0) { $0 + $1.byteCount } }

  /// The same without feature rows.
  package var samplingByteCount: Int {
    func bytes(_ lists: [[NodeID]]) -> Int { lists.reduce(0) { $0 + $1.byteCapacity } }
    return seeds.count * MemoryLayout<TypedNode>.stride + seedIndices.byteCapacity + bytes(nodes)
      + blocks.reduce(0) { sum, block in
        sum + bytes(block.sources) + block.sourceTimes.reduce(0) { $0 + $1.byteCapacity }
          + block.relations.reduce(0) { $0 + $1.byteCount }
      }
  }
}
