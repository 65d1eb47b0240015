import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

extension Shop {
  /// A naive sampler, written from the definition.
  func sample(
    _ seeds: [TypedNode], _ fanouts: [(relation: Int, fanouts: [Int])], hops: Int, key: RandomKey
  ) -> TypedMiniBatch {
    var nodes: [[NodeID]] = Self.counts.map { _ in [] }
    func index(_ node: NodeID, _ type: Int) -> BlockIndex {
      if let known = nodes[type].firstIndex(of: node) { return BlockIndex(UInt32(known)) }
      nodes[type].append(node)
      return BlockIndex(UInt32(nodes[type].count - 1))
    }
    let seedIndices = seeds.map { index($0.node, $0.type.rawValue) }
    var blocks: [TypedBlock] = []
    for hop in 0..<hops {
      let destinations = nodes
      var relations: [RelationBlock] = []
      for (relation, fanouts) in fanouts {
        let (source, _, destination) = Self.relations[relation]
        var key = key
        key.hop = UInt8(hop)
        key.relation = UInt16(relation)
        var block = RelationBlock(
          relation: RelationID(relation), sourceType: NodeTypeID(source),
          destinationType: NodeTypeID(destination))
        for node in destinations[destination] {
          let list = lists[relation][Int(node.rawValue)]
          let first = lists[relation][..<Int(node.rawValue)].reduce(0) { $0 + $1.count }
          for rank in ReferenceSampler.ranks(
            fanouts[hop], of: list.count, entity: node.rawValue, draws: key.draws)
          {
            block.indices.append(index(NodeID(list[rank]), source))
            block.edges.append(EdgeID(UInt64(first + rank)))
          }
          block.indptr.append(block.edges.count)
        }
        relations.append(block)
      }
      blocks.append(
        TypedBlock(
          sources: nodes, destinationCounts: destinations.map(\.count), relations: relations))
    }
    return TypedMiniBatch(seeds: seeds, seedIndices: seedIndices, blocks: blocks, nodes: nodes)
  }
}

@Suite("Sampling over several relations")
struct TypedSamplerTests {
  let folder = TemporaryFolder()
  let pool = ThreadPool(threads: 2)

  private func sample(
    _ store: GraphStore, _ named: [(name: String, fanouts: [Int])], _ seeds: [TypedNode],
    _ key: RandomKey, memory: Int = 1 << 30
  ) throws -> TypedMiniBatch {
    let fanouts = try TypedFanouts(named, of: store.manifest)
    let relations = try fanouts.open(
      store, memory: ByteCount(memory), pool: pool, scheme: { _ in .uniform })
    var sampler = try TypedNeighborSampler(
      store, following: relations, hopCount: fanouts.hopCount)
    // The second time, with what the first left in its buffers.
    let first = try sampler.sample(seeds: seeds, key: key)
    #expect(try sampler.sample(seeds: seeds, key: key) == first)
    return first
  }

  @Test(
    "gives what the definition says for mixed seeds, decoded and page by page", arguments: 0..<8)
  func reference(seed: UInt64) throws {
    let shop = Shop(seed: seed)
    let store = try shop.store(at: folder.file("shop"))
    var generator = SplitMix64(seed: seed + 100)
    let seeds = (0..<12).map { _ in
      let type = Int.random(in: 0..<2, using: &generator)
      return TypedNode(
        type: NodeTypeID(type),
        node: NodeID(UInt64.random(in: 0..<UInt64(Shop.counts[type]), using: &generator)))
    }
    let key = RandomKey(seed: seed, stream: .query, step: 3)
    let cases: [[(name: String, fanouts: [Int])]] = [
      [("seen", [2, 3]), ("knows", [3, 0]), ("buys", [-1, 2])],
      [("buys", [4, 4, 1])], [("like", [5]), ("knows", [5])], [("knows", [])], [],
    ]
    for named in cases {
      let expected = shop.sample(
        seeds,
        named.map { name, fanouts in
          (relation: Shop.relations.firstIndex { $0.name == name }!, fanouts: fanouts)
        }.sorted { $0.relation < $1.relation },
        hops: named.first?.fanouts.count ?? 0, key: key)
      for memory in [1 << 30, 0] {
        #expect(try sample(store, named, seeds, key, memory: memory) == expected, "\(named)")
      }
    }
  }

  @Test("draws of one relation are the same whatever else is followed")
  func independence() throws {
    let store = try Shop(seed: 1).store(at: folder.file("shop"))
    let seeds = (0..<30).map { TypedNode(type: NodeTypeID(0), node: NodeID(UInt64($0))) }
    let key = RandomKey(seed: 9, stream: .query)
    let alone = try sample(store, [("knows", [2])], seeds, key).blocks[0].relations[0]
    let both = try sample(store, [("knows", [2]), ("seen", [3])], seeds, key).blocks[0].relations
    #expect(both.first { $0.relation == alone.relation } == alone)
    #expect(both[1].edges.count > 30)
  }

  @Test("gives the blocks of the plain sampler where there are one type and one relation")
  func oneType() throws {
    let store = try TestGraph(nodes: 300, meanInDegree: 7, shards: 3, seed: 8)
      .store(at: folder.file("graph"))
    let seeds = (0..<40).map { NodeID(UInt64($0 * 7)) }
    let key = RandomKey(seed: 5, stream: .query)
    let topology = try Topology.open(store, memory: ByteCount(1 << 30), pool: pool)
    var plain = try NeighborSampler(topology: topology, fanouts: [4, -1, 2])
    let expected = try plain.sample(seeds: seeds, key: key)
    let typed = try sample(
      store, [("edge", [4, -1, 2])], seeds.map { TypedNode(type: NodeTypeID(0), node: $0) }, key)
    #expect(typed.seedIndices == expected.seedIndices)
    for (block, other) in zip(typed.blocks, expected.blocks) {
      let edges = block.relations[0]
      #expect(block.sources == [other.sources])
      #expect(block.destinationCounts == [other.destinationCount])
      #expect(
        edges.indptr == other.indptr && edges.indices == other.indices
          && edges.edges == other.edges)
    }
    #expect(typed.nodes == [expected.inputNodes])
  }

  @Test(
    "keeps of every relation what its scheme picks, and numbers nodes, or nodes and times, by type",
    arguments: TestScheme.allCases, [1 << 30, 0])
  func schemes(scheme: TestScheme, memory: Int) throws {
    let store = try Shop(seed: 4).store(at: folder.file("shop"))
    let fanouts = try TypedFanouts(
      [("knows", [2, 3]), ("buys", [3, 2]), ("seen", [2, 2])], of: store.manifest)
    let relations = try fanouts.open(
      store, memory: ByteCount(memory), pool: pool
    ) { topology throws(SamplingError) in try scheme.open(topology, pool) }
    var sampler = try TypedNeighborSampler(store, following: relations, hopCount: 2)
    let seeds = (0..<14).map {
      TypedNode(type: NodeTypeID($0 % 2), node: NodeID(UInt64($0 % 6 * 5)))
    }
    let times = scheme.isTemporal ? (0..<14).map { Int64($0 / 2 % 3 * 7 + 2) } : []
    let key = RandomKey(seed: 8, stream: .query)
    let batch = try sampler.sample(seeds: seeds, times: times, key: key)
    #expect(try sampler.sample(seeds: seeds, times: times, key: key) == batch)

    for (place, seed) in seeds.enumerated() {
      let index = Int(batch.seedIndices[place].rawValue)
      #expect(batch.nodes[seed.type.rawValue][index] == seed.node)
      if scheme.isTemporal {
        #expect(batch.blocks[1].sourceTimes[seed.type.rawValue][index] == times[place])
      }
    }
    var edgeCount = 0
    for (hop, block) in batch.blocks.enumerated() {
      #expect(block.sourceTimes.count == (scheme.isTemporal ? 2 : 0))
      for (entry, edges) in zip(relations, block.relations) {
        let (from, to) = (edges.sourceType.rawValue, edges.destinationType.rawValue)
        let count = block.destinationCounts[to]
        let nodes = Array(block.sources[to][..<count])
        let asOf = scheme.isTemporal ? Array(block.sourceTimes[to][..<count]) : []
        var reader = InEdgeReader(entry.topology)
        var (lists, sources): ([EdgeList], [NodeID]) = ([], [])
        try reader.readLists(of: nodes, into: &lists)
        var hopKey = key
        hopKey.hop = UInt8(hop)
        hopKey.relation = UInt16(edges.relation.rawValue)
        var (pick, picked) = (try #require(entry.scheme.makePick()), HopEdges())
        try pick.pick(
          nodes, times: asOf, lists, fanout: entry.fanouts[hop], draws: hopKey.draws,
          reader: &reader, into: &picked)
        #expect(edges.indptr == picked.indptr)
        #expect(edges.edges == picked.edges)
        #expect(edges.weights == picked.weights)
        try reader.readSources(of: edges.edges, into: &sources)
        for destination in nodes.indices {
          for edge in edges.indptr[destination]..<edges.indptr[destination + 1] {
            let index = Int(edges.indices[edge].rawValue)
            #expect(block.sources[from][index] == sources[edge])
            if scheme.isTemporal { #expect(block.sourceTimes[from][index] == asOf[destination]) }
          }
        }
        edgeCount += edges.edges.count
      }
    }
    #expect(edgeCount > 60)
    for (type, nodes) in batch.nodes.enumerated() {
      // Each node once, or once for each time.
      let pairs = nodes.indices.map { index in
        "\(nodes[index]) \(scheme.isTemporal ? batch.blocks[1].sourceTimes[type][index] : 0)"
      }
      #expect(Set(pairs).count == nodes.count)
    }
  }

  @Test(
    "streams of mini-batches, in groups or one by one, are those of the sampler in used memory",
    arguments: TestScheme.allCases + [nil], [nil, 0, 60_000, 1 << 30])
  func streams(scheme: TestScheme?, groupMemory: Int?) throws {
    let store = try Shop(seed: 6).store(at: folder.file("shop"))
    // Nothing leads to users in the last relations; items are reached and reach nothing.
    for named in [
      [("knows", [2, 3, 2]), ("buys", [3, 0, 2]), ("seen", [2, -1, 1])], [("buys", [2, 2, 1])],
    ] {
      let fanouts = try TypedFanouts(named.map { ($0.0, $0.1) }, of: store.manifest)
      func open(_ way: Reading) throws -> [FollowedRelation] {
        try fanouts.open(
          store, memory: ByteCount(1 << 30), way: way, pool: pool
        ) { topology throws(SamplingError) in try scheme?.open(topology, pool) ?? .uniform }
      }
      let flat = try open(.flat)
      let followed = groupMemory == nil ? flat : try open(.grouped)
      let isGrouped = scheme != .labor && scheme != .laborStar && groupMemory != nil
      #expect(GroupSampler.takes(followed, hopCount: 3) == isGrouped)
      @Sendable func request(_ step: Int) -> BatchRequest<TypedNode> {
        // One is empty, and in some all seeds are of one type.
        let seeds = (0..<(step == 4 ? 0 : 9 + step)).map { place in
          let type = step % 3 == 2 ? 1 : (place * place + step) % 2
          return TypedNode(
            type: NodeTypeID(type), node: NodeID(UInt64((place * 7 + step) % Shop.counts[type])))
        }
        return BatchRequest(
          seeds: seeds,
          times: scheme?.isTemporal ?? false ? seeds.indices.map { Int64($0 % 4 * 5) } : [],
          key: RandomKey(seed: 3, stream: .neighborSampling, step: step))
      }
      var single = try TypedNeighborSampler(store, following: flat, hopCount: 3)
      let stream = BatchStream(
        try BatchSeries(
          store, following: followed, hopCount: 3, count: 11, threads: 2, pool: pool,
          stampBudget: ByteCount(1 << 20), groupMemory: ByteCount(groupMemory ?? 0),
          pulse: Pulse(), request: request),
        features: [], threads: 2, memory: ByteCount(1 << 20), patience: .seconds(60))
      // What was used elsewhere has other relations, types and hops.
      var batch = TypedMiniBatch(
        seeds: [], seedIndices: [],
        blocks: Array(
          repeating: TypedBlock(
            sources: [[NodeID(1)]], destinationCounts: [1],
            relations: flat.reversed().map { RelationBlock(of: $0.topology) },
            sourceTimes: [[1]]), count: 4), nodes: [[NodeID(1)]], features: [.none])
      for step in 0..<11 {
        let request = request(step)
        if step % 3 > 0 { stream.recycle(batch) }
        batch = try #require(try stream.next())
        let expected = try single.sample(
          seeds: request.seeds, times: request.times, key: request.key)
        #expect(batch == expected, "step \(step) of \(named)")
        #expect(expected.blocks.count == 3)
      }
      #expect(try stream.next() == nil)
    }
  }

  @Test("reads all relations in the fastest way that the cap allows for them together")
  func ways() throws {
    let store = try Shop(seed: 6).store(at: folder.file("shop"))
    let fanouts = try TypedFanouts(
      [("knows", [1]), ("buys", [1]), ("seen", [1]), ("like", [1])], of: store.manifest)
    let sizes = fanouts.relations.map {
      FlatTopology.byteCount(of: $0.relation, in: store.manifest)
    }
    let sum = sizes.reduce(0, +)
    func ways(_ memory: Int, by hand: Reading? = nil) throws -> [Bool] {
      try fanouts.open(
        store, memory: ByteCount(memory), way: hand, pool: pool, scheme: { _ in .uniform }
      ).map { $0.topology.flat != nil }
    }
    let all = [true, true, true, true]
    #expect(try ways((sum + 2) / 3 * 4) == all)
    #expect(try ways((sum - 3) / 3 * 4) == all.map { _ in false })
    #expect(try ways(0, by: .flat) == all)
    #expect(try ways(1 << 30, by: .grouped) == all.map { _ in false })
    func obstacle(_ way: Reading, _ memory: Int) -> ReadingPlan.Obstacle? {
      fanouts.obstacle(to: way, of: store.manifest, memory: ByteCount(memory))
    }
    #expect(obstacle(.packed, 1 << 30) == .notPacked)
    #expect(obstacle(.flat, sum) == nil)
    #expect(obstacle(.flat, sum - 1) == .takes(ByteCount(sum)))
    #expect(obstacle(.grouped, 0) == nil)
  }

  @Test("samples into a used mini-batch without asking for memory")
  func usedMemory() throws {
    let store = try Shop(seed: 6).store(at: folder.file("shop"))
    let fanouts = try TypedFanouts(
      [("knows", [4, 3]), ("buys", [3, 2]), ("seen", [2, 2])], of: store.manifest)
    let relations = try fanouts.open(
      store, memory: ByteCount(1 << 30), pool: pool, scheme: { _ in .uniform })
    var sampler = try TypedNeighborSampler(store, following: relations, hopCount: 2)
    let seeds = (0..<50).map { TypedNode(type: NodeTypeID($0 % 2), node: NodeID(UInt64($0))) }
    func addresses(_ batch: TypedMiniBatch) -> [UInt] {
      func address<T>(_ array: [T]) -> UInt {
        unsafe array.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
      }
      return batch.blocks.flatMap { block in
        block.sources.map { address($0) }
          + block.relations.flatMap {
            [address($0.indptr), address($0.indices), address($0.edges)]
          }
      } + [address(batch.seedIndices)]
    }
    var batch = TypedMiniBatch.empty
    var before: [UInt] = []
    for step in 0..<3 {
      // The same draws, so that no list is longer than before.
      try sampler.sample(
        seeds: seeds, times: [], key: RandomKey(seed: 8, stream: .query), into: &batch)
      if step > 0 { #expect(addresses(batch) == before) }
      before = addresses(batch)
    }
    #expect(before.count == 2 * (2 + 9) + 1)
  }

  @Test("refuses times that do not fit, and keeps no edge that is later than its seed")
  func times() throws {
    let store = try Shop(seed: 5).store(at: folder.file("shop"))
    let fanouts = try TypedFanouts([("knows", [-1, -1]), ("seen", [-1, -1])], of: store.manifest)
    let relations = try fanouts.open(
      store, memory: ByteCount(1 << 30), pool: pool
    ) { topology throws(SamplingError) in try TestScheme.temporal.open(topology, pool) }
    var sampler = try TypedNeighborSampler(store, following: relations, hopCount: 2)
    let seeds = (0..<20).map { TypedNode(type: NodeTypeID(0), node: NodeID(UInt64($0))) }
    let key = RandomKey(seed: 8, stream: .query)
    #expect(throws: SamplingError.timesMissing(column: "time")) {
      try sampler.sample(seeds: seeds, key: key)
    }
    #expect(throws: SamplingError.wrongTimeCount(seeds: 20, times: 1)) {
      try sampler.sample(seeds: seeds, times: [3], key: key)
    }
    var uniform = try TypedNeighborSampler(
      store,
      following: relations.map { FollowedRelation(topology: $0.topology, fanouts: $0.fanouts) },
      hopCount: 2)
    #expect(throws: SamplingError.timesWithoutUse(count: 20)) {
      try uniform.sample(seeds: seeds, times: [Int64](repeating: 9, count: 20), key: key)
    }
    let batch = try sampler.sample(
      seeds: seeds, times: [Int64](repeating: 9, count: 20), key: key)
    let all = try uniform.sample(seeds: seeds, key: key)
    for (edges, others) in zip(batch.blocks[0].relations, all.blocks[0].relations) {
      let relation = edges.relation.rawValue
      #expect(
        edges.edges
          == others.edges.filter { Shop.time(of: Int($0.rawValue), relation: relation) <= 9 })
      #expect(edges.edges.count < others.edges.count)
    }
  }

  @Test("names what a graph has not, and fanouts that do not fit")
  func errors() throws {
    let store = try Shop(seed: 2).store(at: folder.file("shop"))
    func refuse(_ named: [(name: String, fanouts: [Int])]) -> SamplingError? {
      do throws(SamplingError) {
        _ = try TypedFanouts(named, of: store.manifest)
        return nil
      } catch { return error }
    }
    let names = Shop.relations.map(\.name)
    #expect(
      refuse([("know", [1])]) == .relationMissing(name: "know", nearest: "knows", all: names))
    #expect(
      refuse([("user/buy/item", [1])])
        == .relationMissing(name: "user/buy/item", nearest: "user/buys/item", all: names))
    #expect(refuse([("user/buys/item", [1])]) == nil)
    #expect(
      refuse([("buys", [1]), ("user/buys/item", [1])]) == .relationTwice(name: "user/buys/item"))
    #expect(
      refuse([("buys", [1, 2]), ("knows", [1])])
        == .fanoutsUnequal(relation: "knows", hops: 1, other: "buys", otherHops: 2))
    #expect(refuse([("buys", [1, -2])]) == .fanoutBelowMinusOne(fanout: -2, hop: 1))
    let past = TypedNode(type: NodeTypeID(1), node: NodeID(60))
    #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(60), nodeCount: 60)) {
      try sample(store, [("buys", [1])], [past], RandomKey(seed: 1, stream: .query))
    }
  }
}
