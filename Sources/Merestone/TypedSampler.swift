public import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// Which in-edges a ``TypedSampler`` keeps of every node: for each relation and hop.
///
/// ```swift
/// let sampler = try graph.sampler(
///   .uniform(fanouts: ["paper-author": [10, 5], "author-paper": [5, 5]]))
/// ```
public struct TypedSamplingScheme: Sendable, Hashable {
  /// In-edges to keep per node by the relation's name, hop by hop: -1 keeps all, 0 none. Relations
  /// that are not named are not followed.
  public let fanouts: [String: [Int]]

  /// Every set of `fanout` edges of a relation is equally likely.
  ///
  /// - Parameter fanouts: By the names of relations, the hop next to the seeds first; as many for each.
  ///   Where several relations have one name, `source/name/destination` says which.
  public static func uniform(fanouts: [String: [Int]]) -> Self { Self(fanouts: fanouts) }
}

/// A relation: a kind of edge between two node types.
public struct Relation: Sendable, Hashable {
  public var source: String
  public var name: String
  public var destination: String

  public init(source: String, name: String, destination: String) {
    self.source = source
    self.name = name
    self.destination = destination
  }
}

/// A sampled neighbourhood of a graph with several node types, under the user's own ids.
public struct TypedSubgraph: Sendable, Equatable {
  /// The kept edges of one relation in one hop.
  public struct Edges: Sendable, Equatable {
    public var relation: Relation
    public var sources: [RawID]
    public var destinations: [RawID]

    /// The global id of every edge, unique in the relation.
    public var edgeIDs: [EdgeID]
  }

  /// One hop of the sample.
  public struct Hop: Sendable, Equatable {
    /// All nodes of the hop by type: the destinations first, then new ones as they appeared.
    public var sources: [String: [RawID]]

    /// The nodes whose in-edges were sampled, by type.
    public var destinations: [String: [RawID]]

    /// One entry for each relation that is followed.
    public var relations: [Edges]
  }

  /// Types mixed, as given.
  public var seeds: [RawID]

  /// All nodes that were reached by type, seeds first, each once.
  public var nodes: [String: [RawID]]

  /// One entry per hop, the hop next to the seeds first.
  public var blocks: [Hop]
}

/// Samples neighbourhoods over several relations between several node types.
///
/// Equal arguments give equal samples on any machine and with any memory. A sampler may be used from
/// several threads at once.
public struct TypedSampler: Sendable {
  /// The graph that is sampled.
  public let graph: Graph
  public let scheme: TypedSamplingScheme

  private let fanouts: TypedFanouts
  private let shared: Shared

  /// What was opened, and samplers for as many threads as ask at once.
  private final class Shared: Sendable {
    let store: GraphStore
    let topologies: [(topology: Topology, fanouts: [Int])]
    let hopCount: Int
    let samplers = LendingPool<TypedNeighborSampler>()

    init(_ graph: Graph, _ fanouts: TypedFanouts) throws(SamplingError) {
      store = graph.store
      hopCount = fanouts.hopCount
      topologies = try fanouts.open(graph.store, memory: graph.memory, pool: graph.pool)
    }

    func makeSampler() throws(SamplingError) -> TypedNeighborSampler {
      try TypedNeighborSampler(store, following: topologies, hopCount: hopCount)
    }
  }

  init(_ graph: Graph, _ scheme: TypedSamplingScheme) throws(GraphError) {
    self.graph = graph
    self.scheme = scheme
    do throws(SamplingError) {
      fanouts = try TypedFanouts(
        scheme.fanouts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
        of: graph.store.manifest)
      shared = try Shared(graph, fanouts)
    } catch {
      throw GraphError(error)
    }
  }

  /// Samples the neighbourhood of some nodes of any types, by the user's own ids.
  ///
  /// - Throws: ``GraphError/unknownNode(_:)`` for a raw id that no node has.
  public func sample(_ seeds: [RawID], seed: UInt64 = 1) throws(GraphError) -> TypedSubgraph {
    var nodes: [TypedNode] = []
    for raw in seeds {
      guard let node = try graph.typedNode(raw) else { throw .unknownNode(raw) }
      nodes.append(node)
    }
    return try subgraph(of: sample(nodes: nodes, seed: seed), seeds: seeds)
  }

  /// Samples one mini-batch by types and global ids.
  ///
  /// - Parameter step: Names the draws together with `seed`: another step, other draws.
  public func sample(
    nodes seeds: [TypedNode], seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> TypedMiniBatch {
    for seed in seeds where !graph.store.manifest.nodeTypes.indices.contains(seed.type.rawValue) {
      throw .unknownNodeType(name: "\(seed.type)", nearest: nil, available: graph.nodeTypes)
    }
    do throws(SamplingError) {
      return try shared.samplers.lend(shared.makeSampler) { sampler throws(SamplingError) in
        try sampler.sample(
          seeds: seeds, key: RandomKey(seed: seed, stream: .query, step: step))
      }
    } catch {
      throw GraphError(error)
    }
  }

  private func subgraph(
    of batch: TypedMiniBatch, seeds: [RawID]
  ) throws(GraphError) -> TypedSubgraph {
    let names = graph.nodeTypes
    var raw: [[RawID]] = []
    for (type, nodes) in batch.nodes.enumerated() {
      raw.append(try graph.rawIDs(of: nodes, type: names[type]))
    }
    func byType(_ counts: [Int]) -> [String: [RawID]] {
      Dictionary(
        uniqueKeysWithValues: names.indices.filter { counts[$0] > 0 }.map {
          (names[$0], Array(raw[$0][..<counts[$0]]))
        })
    }
    let blocks = batch.blocks.map { block in
      TypedSubgraph.Hop(
        sources: byType(block.sources.map(\.count)),
        destinations: byType(block.destinationCounts),
        relations: block.relations.map { edges in
          TypedSubgraph.Edges(
            relation: graph.relations[edges.relation.rawValue],
            sources: edges.indices.map { raw[edges.sourceType.rawValue][Int($0.rawValue)] },
            destinations: (0..<edges.indptr.count - 1).flatMap { place in
              [RawID](
                repeating: raw[edges.destinationType.rawValue][place],
                count: edges.indptr[place + 1] - edges.indptr[place])
            }, edgeIDs: edges.edges)
        })
    }
    return TypedSubgraph(
      seeds: seeds, nodes: byType(raw.map(\.count)), blocks: blocks)
  }
}

extension Graph {
  /// The names of the node types.
  public var nodeTypes: [String] { store.manifest.nodeTypes.map(\.name) }

  /// All relations, by number: ``RelationBlock/relation`` counts them.
  public var relations: [Relation] {
    store.manifest.relations.map {
      Relation(
        source: nodeTypes[$0.sourceType], name: $0.name, destination: nodeTypes[$0.destinationType])
    }
  }

  /// A sampler over several relations, with fanouts for each and each hop.
  ///
  /// - Throws: ``GraphError/unknownRelation(name:nearest:available:)``;
  ///   ``GraphError/badFanouts(message:)`` for a name that several relations have, and for relations
  ///   with different numbers of hops; ``GraphError/badFanout(_:hop:)``.
  /// - Complexity: The edges of the relations are decoded where ``memory`` allows it.
  public func sampler(_ scheme: TypedSamplingScheme) throws(GraphError) -> TypedSampler {
    try TypedSampler(self, scheme)
  }

  /// The node with a raw id, of whatever type, or `nil`.
  public func typedNode(_ raw: RawID) throws(GraphError) -> TypedNode? {
    do throws(StorageError) {
      return try store.typedNode(raw)
    } catch {
      throw GraphError(error)
    }
  }

  /// The raw ids of nodes of one type, in order.
  public func rawIDs(of nodes: [NodeID], type name: String) throws(GraphError) -> [RawID] {
    guard let number = nodeTypes.firstIndex(of: name) else {
      throw .unknownNodeType(
        name: name, nearest: NearestName.of(name, among: nodeTypes), available: nodeTypes)
    }
    let count = store.manifest.nodeTypes[number].count
    var raws: [RawID] = []
    raws.reserveCapacity(nodes.count)
    do throws(StorageError) {
      let ids = try store.ids(NodeTypeID(number))
      for node in nodes {
        guard node.rawValue < UInt64(count) else {
          throw .outOfRange(path: store.path, what: name, index: node.rawValue, count: count)
        }
        raws.append(try ids.raw(of: node))
      }
    } catch {
      throw GraphError(error)
    }
    return raws
  }
}
