public import MerestoneCore
import MerestoneSampling
import MerestoneStorage

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

    /// See ``Block/weights``. One per edge, or empty.
    public var weights: [Float] = []
  }

  /// One hop of the sample.
  public struct Hop: Sendable, Equatable {
    /// All nodes of the hop by type: the destinations first, then new ones as they appeared.
    public var sources: [String: [RawID]]

    /// The nodes whose in-edges were sampled, by type.
    public var destinations: [String: [RawID]]

    /// One entry for each relation that is followed.
    public var relations: [Edges]

    /// The time as of which each of ``sources`` is seen, where the sample is temporal; else empty.
    public var sourceTimes: [String: [Int64]] = [:]
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
    let relations: [FollowedRelation]
    let hopCount: Int
    // What is prepared of each relation's edge columns.
    let columns: [PreparedColumns]
    let samplers = LendingPool<TypedNeighborSampler>()

    init(
      _ graph: Graph, _ law: SamplingScheme.Law, _ fanouts: TypedFanouts
    ) throws(SamplingError) {
      store = graph.store
      hopCount = fanouts.hopCount
      var prepared: [PreparedColumns] = []
      relations = try fanouts.open(
        graph.store, memory: graph.memory, way: graph.reading, pool: graph.pool
      ) { topology throws(SamplingError) in
        let columns = PreparedColumns(
          MemoryBudget(topology.plan.columnMemory.bytes - graph.columns.byteCount))
        prepared.append(columns)
        return try law.open(topology, columns, graph.pool)
      }
      columns = prepared
      store.columnBudget.use(columnBytes)
    }

    deinit { store.columnBudget.use(-columnBytes) }

    /// What the prepared edge columns take.
    private var columnBytes: Int { columns.reduce(0) { $0 + $1.byteCount } }

    func makeSampler() throws(SamplingError) -> TypedNeighborSampler {
      try TypedNeighborSampler(store, following: relations, hopCount: hopCount)
    }

    /// - Parameter memory: The cap.
    func series(
      _ walk: SeedWalk, threads: Int, of memory: ByteCount,
      request: @escaping BatchSeries<TypedNeighborSampler>.Request
    ) throws(SamplingError) -> BatchSeries<TypedNeighborSampler> {
      let types = store.manifest.nodeTypes.indices.map { NodeTypeID($0) }
      return try BatchSeries(
        store, following: relations, hopCount: hopCount, count: walk.count,
        threads: threads, pool: ThreadPool(threads: threads),
        stampBudget: ByteCount(memory.bytes / 8 / threads),
        groupMemory: relations.groupMemory(
          of: memory, types: types, threads: threads, columnBytes: store.columnBudget.taken),
        pulse: Pulse(), request: request)
    }

    /// What finished mini-batches may take.
    ///
    /// - Parameter memory: The cap.
    func batchMemory(threads: Int, of memory: ByteCount) -> ByteCount {
      let rest = zip(relations, columns).reduce(0) { sum, part in
        sum
          + part.0.topology.plan.batchMemory(threads: threads, columnBytes: part.1.byteCount)
          .bytes
      }
      let nodeColumns = store.columnBudget.taken - columnBytes
      return ByteCount(max(memory.bytes / 8, rest - nodeColumns))
    }
  }

  init(_ graph: Graph, _ scheme: TypedSamplingScheme) throws(GraphError) {
    self.graph = graph
    self.scheme = scheme
    do throws(SamplingError) {
      fanouts = try TypedFanouts(
        scheme.fanouts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
        of: graph.store.manifest)
    } catch {
      throw GraphError(error)
    }
    if let reading = graph.reading {
      try graph.refuse(
        reading,
        for: fanouts.obstacle(to: reading, of: graph.store.manifest, memory: graph.memory))
    }
    do throws(SamplingError) {
      shared = try Shared(graph, scheme.law, fanouts)
    } catch {
      throw GraphError(error)
    }
  }

  /// Samples the neighbourhood of some nodes of any types, by the user's own ids.
  ///
  /// - Parameter times: As of when each seed is seen, where the scheme is temporal.
  /// - Throws: ``GraphError/unknownNode(_:)`` for a raw id that no node has.
  public func sample(
    _ seeds: [RawID], times: [Int64] = [], seed: UInt64 = 1
  ) throws(GraphError) -> TypedSubgraph {
    var nodes: [TypedNode] = []
    for raw in seeds {
      guard let node = try graph.typedNode(raw) else { throw .unknownNode(raw) }
      nodes.append(node)
    }
    return try subgraph(of: sample(nodes: nodes, times: times, seed: seed), seeds: seeds)
  }

  /// Samples one mini-batch by types and global ids.
  ///
  /// - Parameters:
  ///   - times: As of when each seed is seen, where the scheme is temporal.
  ///   - step: Names the draws together with `seed`: another step, other draws.
  public func sample(
    nodes seeds: [TypedNode], times: [Int64] = [], seed: UInt64 = 1, step: Int = 0
  ) throws(GraphError) -> TypedMiniBatch {
    try check(seeds)
    do throws(SamplingError) {
      return try shared.samplers.lend(shared.makeSampler) { sampler throws(SamplingError) in
        try sampler.sample(
          seeds: seeds, times: times, key: RandomKey(seed: seed, stream: .query, step: step))
      }
    } catch {
      throw GraphError(error)
    }
  }

  /// Walks through seeds of any types in mini-batches, sampled ahead on threads of their own.
  ///
  /// - Parameters:
  ///   - seeds: Nodes to start from. Shape `[n]`.
  ///   - times: As of when each seed is seen, where the scheme is temporal. Shape `[n]`, or empty.
  ///   - size: Seeds per mini-batch; the last one may be smaller.
  ///   - features: Node columns of numbers by type: mini-batches carry their rows for the nodes of
  ///     these types in ``TypedMiniBatch/features``, read by the same threads.
  ///   - shuffled: Draws the seeds in an order of their own for each `epoch`.
  ///   - threads: Sampler threads; they don't change the mini-batches.
  ///   - patience: See ``Sampler/batches(of:times:size:features:shuffled:seed:epoch:threads:patience:)``.
  /// - Throws: ``GraphError/unknownNodeType(name:nearest:available:)`` and
  ///   ``GraphError/unknownColumn(name:available:)`` for features that are not there.
  public func batches(
    of seeds: [TypedNode], times: [Int64] = [], size: Int, features: [String: String] = [:],
    shuffled: Bool = false, seed: UInt64 = 1, epoch: Int = 0,
    threads: Int = ThreadPool.availableProcessors, patience: Duration = .seconds(60)
  ) throws(GraphError) -> TypedMiniBatches {
    try check(seeds)
    var rows: [NodeRows?] = []
    if !features.isEmpty {
      rows = graph.nodeTypes.map { _ in nil }
      for (name, column) in features.sorted(by: { $0.key < $1.key }) {
        let type = try graph.nodeTypeID(named: name)
        rows[type.rawValue] = try graph.openRows(of: column, type: type)
      }
    }
    let walk = try SeedWalk(
      count: seeds.count, times: times, size: size, shuffled: shuffled, seed: seed, epoch: epoch)
    do throws(SamplingError) {
      return TypedMiniBatches(
        count: walk.count,
        stream: BatchStream(
          try shared.series(walk, threads: max(1, threads), of: graph.memory) { step in
            let places = walk.places(of: step)
            return BatchRequest(
              seeds: places.map { seeds[$0] },
              times: times.isEmpty ? [] : places.map { times[$0] }, key: walk.key(of: step))
          },
          features: rows, threads: max(1, threads),
          memory: shared.batchMemory(threads: max(1, threads), of: graph.memory),
          patience: patience))
    } catch {
      throw GraphError(error)
    }
  }

  private func check(_ seeds: [TypedNode]) throws(GraphError) {
    for seed in seeds where !graph.store.manifest.nodeTypes.indices.contains(seed.type.rawValue) {
      throw .unknownNodeType(name: "\(seed.type)", nearest: nil, available: graph.nodeTypes)
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
            }, edgeIDs: edges.edges, weights: edges.weights)
        },
        sourceTimes: Dictionary(
          uniqueKeysWithValues: zip(names, block.sourceTimes).filter { !$0.1.isEmpty }))
    }
    return TypedSubgraph(
      seeds: seeds, nodes: byType(raw.map(\.count)), blocks: blocks)
  }
}

extension Graph {
  /// The names of the node types.
  public var nodeTypes: [String] { store.manifest.nodeTypes.map(\.name) }

  /// How many nodes a type has; their global ids are those below.
  ///
  /// - Throws: ``GraphError/unknownNodeType(name:nearest:available:)``.
  public func nodeCount(of type: String) throws(GraphError) -> Int {
    store.book.nodeCount(of: try nodeTypeID(named: type))
  }

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
  /// - Complexity: The edges of the relations are decoded where ``memory`` allows it, for each sampler
  ///   anew, and their columns prepared as ``sampler(_:)-(SamplingScheme)`` does.
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

  /// - Throws: ``GraphError/unknownNodeType(name:nearest:available:)``.
  func nodeTypeID(named name: String) throws(GraphError) -> NodeTypeID {
    guard let number = nodeTypes.firstIndex(of: name) else {
      throw .unknownNodeType(
        name: name, nearest: NearestName.of(name, among: nodeTypes), available: nodeTypes)
    }
    return NodeTypeID(number)
  }

  /// The raw ids of nodes of one type, in order.
  public func rawIDs(of nodes: [NodeID], type name: String) throws(GraphError) -> [RawID] {
    let type = try nodeTypeID(named: name)
    do throws(StorageError) {
      return try store.rawIDs(of: nodes, type: type)
    } catch {
      throw GraphError(error)
    }
  }
}
