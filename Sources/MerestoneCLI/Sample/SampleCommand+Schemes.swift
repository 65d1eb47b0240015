import MerestoneCore
import MerestoneSampling
import MerestoneStorage

extension SampleCommand {
  /// Draws what the scheme asks for.
  func answer(from store: GraphStore) throws -> any SampleAnswer {
    if let fanouts = scheme.relationFanouts { return try typedBlocks(store, fanouts) }
    // Pairs may join two node types; hops follow each other only where there is one.
    let type = scheme.scheme == .negatives ? nil : try selection.typeID(in: store)
    let topology = try open(
      store, relation: try store.relation(of: type, name: relation), joinsTypes: type == nil)
    let relation = SampledRelation(store: store, topology: topology)
    switch scheme.scheme {
    case .walk, .node2vec: return try walks(relation)
    case .pinSAGE, .pageRank: return try neighborhoods(relation)
    case .induced, .ego: return try around(relation)
    case .shadow: return try perSeed(relation)
    case .saintNode, .saintEdge, .saintWalk: return try saint(relation)
    case .cluster: return try cluster(relation)
    case .negatives: return try negatives(relation)
    default:
      return edges.given.isEmpty
        ? try blocks(relation) : try blocksAroundEdges(relation)
    }
  }

  private func key(_ stream: RandomStream) -> RandomKey {
    RandomKey(
      seed: seed.seed, stream: stream, epoch: scheme.epoch ?? 0, step: scheme.step ?? 0)
  }

  private func nodes(_ relation: SampledRelation) throws -> [NodeID] {
    try NodeSelection.nodes(
      list: seeds, listFlag: "--seeds", file: idsFile, of: relation.store,
      type: relation.destinationType)
  }

  private var fanouts: [Int] { scheme.hopFanouts }

  /// Samples over several relations.
  private func typedBlocks(
    _ store: GraphStore, _ named: [(name: String, fanouts: [Int])]
  ) throws -> TypedAnswer {
    let fanouts = try TypedFanouts(named, of: store.manifest)
    let seeds = try NodeSelection.typedNodes(
      list: seeds, listFlag: "--seeds", file: idsFile, of: store,
      type: try selection.type == nil ? nil : selection.typeID(in: store))
    for entry in fanouts.relations { try checkReading(store, relation: entry.relation) }
    let relations = try fanouts.open(
      store, memory: memory.cap, way: reading,
      pool: ThreadPool(threads: ThreadPool.availableProcessors), scheme: scheme.open)
    var sampler = try TypedNeighborSampler(
      store, following: relations, hopCount: fanouts.hopCount)
    let batch = try sampler.sample(
      seeds: seeds, times: scheme.times(of: seeds.count), key: key(.query))
    return try TypedAnswer(batch, of: store.manifest, fanouts: named) { nodes, type in
      let ids = try store.ids(type)
      return try nodes.map { try ids.raw(of: $0) }
    }
  }

  private func blocks(_ relation: SampledRelation) throws -> BlockAnswer {
    var sampler = try NeighborSampler(
      topology: relation.topology, fanouts: fanouts, scheme: scheme.open(relation.topology),
      stampBudget: ByteCount(0))
    let nodes = try nodes(relation)
    let batch = try sampler.sample(
      seeds: nodes, times: scheme.times(of: nodes.count), key: key(.query))
    return BlockAnswer(
      subgraph: try SampledSubgraph(batch) { try relation.raw($0) }, fanouts: fanouts)
  }

  private func blocksAroundEdges(_ relation: SampledRelation) throws -> BlockAnswer {
    let edges = try edges.readEdges(relation)
    let others = seeds == nil && idsFile == nil ? [] : try nodes(relation)
    let exclusion = scheme.exclude ?? .seedsAndReverse
    var sampler = EdgeSeedSampler(relation.topology, fanouts: fanouts, excluding: exclusion)
    let sample = try sampler.sample(edges: edges, others: others, key: key(.query))
    return BlockAnswer(
      subgraph: try SampledSubgraph(sample.batch) { try relation.raw($0) }, fanouts: fanouts,
      seedEdges: BlockAnswer.SeedEdges(edges: edges, exclusion: exclusion.name))
  }

  private func walks(_ relation: SampledRelation) throws -> WalkAnswer {
    let law: WalkLaw =
      if scheme.scheme == .node2vec {
        .node2vec(p: scheme.p ?? 1, q: scheme.q ?? 1)
      } else if let restart = scheme.restart {
        .restart(probability: restart)
      } else {
        .uniform
      }
    let starts = try nodes(relation)
    let each = scheme.walks ?? 1
    var sampler = WalkSampler(relation.topology)
    let walks = try sampler.walk(
      from: starts.flatMap { [NodeID](repeating: $0, count: each) }, law: law,
      length: scheme.length ?? 0, key: key(.walk))
    return WalkAnswer(
      walks, seeds: try relation.raw(starts), raw: try relation.raw(walks.nodes))
  }

  private func neighborhoods(_ relation: SampledRelation) throws -> NeighborhoodAnswer {
    let seeds = try nodes(relation)
    let count = scheme.count ?? 0
    let found: Neighborhoods
    if scheme.scheme == .pinSAGE {
      var sampler = try VisitSampler(
        relation.topology, walks: scheme.walks ?? 50, length: scheme.length ?? 3,
        restart: scheme.restart ?? 0.5)
      found = try sampler.neighborhoods(of: seeds, count: count, key: key(.walk))
    } else {
      var sampler = try ranking(relation)
      found = try sampler.neighborhoods(of: seeds, count: count)
    }
    return NeighborhoodAnswer(
      found, seeds: try relation.raw(seeds), raw: try relation.raw(found.nodes))
  }

  private func ranking(_ relation: SampledRelation) throws -> PageRankSampler {
    try PageRankSampler(
      relation.topology, alpha: scheme.alpha ?? 0.15, epsilon: scheme.epsilon ?? 1e-4)
  }

  private func around(_ relation: SampledRelation) throws -> SubgraphAnswer {
    let seeds = try nodes(relation)
    var sampler = SubgraphSampler(relation.topology)
    let graph =
      scheme.scheme == .induced
      ? try sampler.induced(on: seeds)
      : try sampler.ego(
        of: seeds, fanouts: scheme.hops.map { [Int](repeating: -1, count: $0) } ?? fanouts,
        key: key(.subgraph))
    return SubgraphAnswer(
      origin: JSON.list(["seeds": .array(try relation.raw(seeds).map(\.json))]),
      parts: [SubgraphAnswer.Part(graph, raw: try relation.raw(graph.nodes))])
  }

  private func perSeed(_ relation: SampledRelation) throws -> SubgraphAnswer {
    let seeds = try nodes(relation)
    var sampler = SubgraphSampler(relation.topology)
    let found: SeedSubgraphs
    if let count = scheme.count {
      var ranking = try ranking(relation)
      found = try sampler.perSeed(seeds, pageRank: &ranking, count: count)
    } else {
      found = try sampler.perSeed(seeds, fanouts: fanouts, key: key(.subgraph))
    }
    return SubgraphAnswer(
      parts: try (0..<found.count).map { seed throws in
        let graph = found[seed]
        return SubgraphAnswer.Part(graph, raw: try relation.raw(graph.nodes))
      },
      seeds: try relation.raw(seeds))
  }

  private func saint(_ relation: SampledRelation) throws -> SubgraphAnswer {
    let count = scheme.count ?? 0
    let law: SaintLaw =
      switch scheme.scheme {
      case .saintNode: .nodes(count: count)
      case .saintEdge: .edges(count: count)
      default: .walks(roots: count, length: scheme.length ?? 0)
      }
    // Trials are the same for all steps.
    var sampler = try SaintSampler(
      relation.topology, law: law, trials: scheme.trials ?? 64,
      key: RandomKey(seed: seed.seed, stream: .subgraph))
    let drawn = try sampler.sample(key: key(.subgraph))
    return SubgraphAnswer(
      origin: place,
      parts: [SubgraphAnswer.Part(drawn.graph, raw: try relation.raw(drawn.graph.nodes))],
      coefficients: (drawn.nodeNormalization, drawn.edgeNormalization))
  }

  private var place: [JSON.Member] {
    JSON.list(["epoch": .integer(scheme.epoch ?? 0), "step": .integer(scheme.step ?? 0)])
  }

  private func cluster(_ relation: SampledRelation) throws -> SubgraphAnswer {
    var batches = try ClusterBatches(
      relation.topology, shardsPerBatch: scheme.count ?? 1,
      key: RandomKey(seed: seed.seed, stream: .subgraph, epoch: scheme.epoch ?? 0))
    let batch = scheme.step ?? 0
    guard batch < batches.count else {
      throw CommandError.usage(
        "--step \(batch): an epoch has \(batches.count.counted("batch", plural: "batches")) of "
          + "\((scheme.count ?? 1).counted("shard")); use 0 to \(batches.count - 1)")
    }
    let graph = try batches.subgraph(of: batch)
    let shards = batches.shards(of: batch).map { JSON.integer($0.rawValue) }
    return SubgraphAnswer(
      origin: place + JSON.list(["shards": .array(shards)]),
      parts: [SubgraphAnswer.Part(graph, raw: try relation.raw(graph.nodes))])
  }

  private func negatives(_ relation: SampledRelation) throws -> NegativeAnswer {
    var sampler = try NegativeSampler(
      relation.topology, law: scheme.law ?? .uniform, replacing: scheme.replace ?? .destination,
      rejectsTrueEdges: !scheme.keepTrueEdges)
    let count = scheme.count ?? 1
    let sources: [NodeID]
    let destinations: [NodeID]
    switch try edges.read(relation) {
    case .pairs(let from, let to): (sources, destinations) = (from, to)
    case .edges(let edges):
      destinations = try DestinationFinder(relation.topology).destinations(of: edges)
      var reader = InEdgeReader(relation.topology)
      var read: [NodeID] = []
      try reader.readSources(of: edges, into: &read)
      sources = Array(read[..<edges.count])
    }
    let drawn = try sampler.negatives(
      sources: sources, destinations: destinations, count: count, key: key(.negative))
    func pairs(_ sources: [NodeID], _ destinations: [NodeID]) throws -> [NegativeAnswer.Pair] {
      zip(try relation.raw(sources, .source), try relation.raw(destinations)).map { ($0, $1) }
    }
    return NegativeAnswer(
      edges: try pairs(sources, destinations), count: count,
      negatives: try pairs(drawn.sources, drawn.destinations), trueEdges: drawn.trueEdges)
  }
}

extension SeedEdgeExclusion {
  /// As `--exclude` spells it.
  fileprivate var name: String {
    switch self {
    case .nothing: "nothing"
    case .seeds: "seeds"
    case .seedsAndReverse: "reverse"
    case .betweenEnds: "between"
    }
  }
}
