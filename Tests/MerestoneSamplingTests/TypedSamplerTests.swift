import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

/// Users who know each other, items that they buy, and items seen by users: three relations between
/// two types, and one without edges.
private struct Shop {
  static let counts = [120, 80]
  static let relations: [(source: Int, name: String, destination: Int)] = [
    (0, "knows", 0), (0, "buys", 1), (1, "seen", 0), (1, "like", 1),
  ]

  /// The sources of every destination's in-edges, by relation.
  var lists: [[[UInt64]]]

  init(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    lists = Self.relations.map { relation in
      (0..<Self.counts[relation.destination]).map { _ in
        guard relation.name != "like" else { return [] }
        let degree = Int.random(in: 0..<9, using: &generator)
        return (0..<degree).map { _ in
          UInt64.random(in: 0..<UInt64(Self.counts[relation.source]), using: &generator)
        }.sorted()
      }
    }
  }

  func store(at path: String) throws -> GraphStore {
    let writer = try GraphWriter(output: path, shards: 1)
    for (number, lists) in lists.enumerated() where lists.contains(where: { !$0.isEmpty }) {
      writer.add(
        try Self.write(
          lists, sources: Self.counts[Self.relations[number].source],
          to: writer.path(GraphLayout.edges(RelationID(number), shard: ShardID(0)))))
    }
    try writer.commit(
      GraphManifest(
        nodeTypes: zip(["user", "item"], Self.counts).map {
          NodeTypeEntry(name: $0, count: $1, idKind: .integer, rawIDStorage: .identity)
        },
        relations: Self.relations.enumerated().map { number, relation in
          RelationEntry(
            sourceType: relation.source, name: relation.name,
            destinationType: relation.destination,
            edgeCount: lists[number].reduce(0) { $0 + $1.count }, idBytes: 1,
            maxInDegree: lists[number].map(\.count).max() ?? 0)
        },
        book: PartitionBook(
          nodeBounds: Self.counts.map { [0, UInt64($0)] },
          edgeBounds: lists.map { [0, UInt64($0.reduce(0) { $0 + $1.count })] })))
    return try GraphStore.open(path)
  }

  private static func write(
    _ lists: [[UInt64]], sources count: Int, to path: String
  ) throws -> FileEntry {
    let sources = lists.flatMap { $0 }
    let degrees = lists.map { UInt64($0.count) }
    var file = try EdgeStoreWriter(
      path: path, destinationCount: lists.count, edgeCount: sources.count,
      maximumSource: UInt64(count - 1))
    try file.append(inDegrees: degrees.span, sources: sources.span)
    return try file.finish()
  }

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
    var sampler = try TypedNeighborSampler(
      store, following: fanouts.open(store, memory: ByteCount(memory), pool: pool),
      hopCount: fanouts.hopCount)
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
    let past = TypedNode(type: NodeTypeID(1), node: NodeID(80))
    #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(80), nodeCount: 80)) {
      try sample(store, [("buys", [1])], [past], RandomKey(seed: 1, stream: .query))
    }
  }
}
