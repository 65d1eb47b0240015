import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Subgraphs")
struct SubgraphSamplerTests {
  static let key = RandomKey(seed: 31, stream: .subgraph, step: 9)

  /// ```
  /// 1 -> 0 <- 2      2 -> 1      3 -> 2 (twice)      3 -> 3      4 is alone
  /// ```
  @Test("hold all edges among their nodes, parallel ones and loops too")
  func drawnGraph() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(lists: [[1, 2], [2], [3, 3], [3], []], bounds: [0, 2, 2, 5])
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var sampler = SubgraphSampler(topology)
      let found = try sampler.induced(on: [3, 4, 2, 3, 0].map { NodeID($0) })
      let expected = LocalSubgraph(
        nodes: [3, 4, 2, 0].map { NodeID($0) }, indptr: [0, 1, 1, 3, 4],
        indices: [0, 0, 0, 2].map { BlockIndex($0) }, edges: [5, 3, 4, 1].map { EdgeID($0) })
      #expect(found == expected)
      #expect(found.block.destinationCount == 4 && found.block.edges == found.edges)

      // Two hops from 1 reach 2 and 3, and the edges among the three are all kept.
      let ego = try sampler.ego(of: [NodeID(1)], fanouts: [-1, -1], key: Self.key)
      #expect(ego.nodes == [1, 2, 3].map { NodeID($0) })
      #expect(ego.edges == [2, 3, 4, 5].map { EdgeID($0) })
      let alone = try sampler.ego(of: [NodeID(4), NodeID(4)], fanouts: [-1], key: Self.key)
      #expect(alone == LocalSubgraph(nodes: [NodeID(4)], indptr: [0, 0]))

      #expect(try sampler.induced(on: []) == LocalSubgraph())
      #expect(try sampler.ego(of: [], fanouts: [-1], key: Self.key) == LocalSubgraph())
      #expect(try sampler.perSeed([], fanouts: [2], key: Self.key) == SeedSubgraphs())
      let unknown = SamplingError.seedOutOfRange(seed: NodeID(5), nodeCount: 5)
      #expect(throws: unknown) { try sampler.induced(on: [NodeID(0), NodeID(5)]) }
      #expect(throws: unknown) { try sampler.ego(of: [NodeID(5)], fanouts: [1], key: Self.key) }
      #expect(throws: unknown) { try sampler.perSeed([NodeID(5)], fanouts: [1], key: Self.key) }
      #expect(throws: SamplingError.fanoutBelowMinusOne(fanout: -2, hop: 0)) {
        try sampler.ego(of: [NodeID(0)], fanouts: [-2], key: Self.key)
      }
    }
  }

  @Test("are the naive ones, decoded or page by page", arguments: 0..<6 as Range<UInt64>)
  func equalsReference(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 60 + Int(seed) * 30, meanInDegree: 6, shards: 1 + Int(seed) % 4, seed: seed)
    // A list that is searched, not read, with parallel edges.
    graph.lists[20] = (0..<30_000).map { UInt64($0 / 700) }
    if seed % 3 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    let reference = ReferenceSubgraphs(graph: graph, edgeSet: edgeSet)
    let sets: [[UInt64]] = [
      [20, 3, 11, 40, 59, 0], (0..<60).map { $0 * 7 % 60 }, (0..<40).map { 59 - $0 },
    ]
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: edgeSet, in: folder) {
      var sampler = SubgraphSampler(topology)
      for nodes in sets {
        let found = try sampler.induced(on: nodes.map { NodeID($0) })
        #expect(found == reference.induced(on: nodes))
      }
      for fanouts in [[-1], [3, 2], []] {
        let seeds: [UInt64] = [5, 33, 5]
        let found = try sampler.ego(
          of: seeds.map { NodeID($0) }, fanouts: fanouts, key: Self.key)
        let nodes = reference.reached(from: seeds, fanouts: fanouts, key: Self.key)
        #expect(found == reference.induced(on: fanouts.isEmpty ? [5, 33] : nodes))
      }
    }
  }

  @Test("for each seed are those of the seed alone, decoded or page by page")
  func perSeed() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 300, meanInDegree: 5, shards: 3, seed: 2)
    let reference = ReferenceSubgraphs(graph: graph)
    // More than one portion of 256 seeds.
    let seeds = (0..<270).map { UInt64($0 * 11 % 269) }
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var sampler = SubgraphSampler(topology)
      let found = try sampler.perSeed(
        seeds.map { NodeID($0) }, fanouts: [3, 2], key: Self.key)
      #expect(found.count == 270 && found.bounds[270] == found.graph.nodeCount)
      for (place, seed) in seeds.enumerated() where place % 9 == 0 || place > 250 {
        let nodes = reference.reached(from: [seed], fanouts: [3, 2], key: Self.key)
        #expect(found[place] == reference.induced(on: nodes))
      }

      var ranking = try PageRankSampler(topology, epsilon: 1e-3)
      let ranked = try sampler.perSeed(
        seeds.map { NodeID($0) }, pageRank: &ranking, count: 12)
      let neighborhoods = try ranking.neighborhoods(of: seeds.map { NodeID($0) }, count: 12)
      for (place, seed) in seeds.enumerated() where place % 9 == 0 {
        let others = neighborhoods.nodes[neighborhoods.places(of: place)].map(\.rawValue)
        #expect(ranked[place] == reference.induced(on: [seed] + others.filter { $0 != seed }))
      }
    }
  }

  @Test("number their nodes for good while the set grows, ids above 2^32 too")
  func nodeIndex() throws {
    var index = NodeIndex()
    for round in 0..<2 as Range<UInt64> {
      for node in 0..<5000 as Range<UInt64> {
        #expect(index.number(of: NodeID(node << 33 | round)) == nil)
        #expect(try index.add(NodeID(node << 33 | round)) == Int(node))
        #expect(try index.add(NodeID((node / 2) << 33 | round)) == Int(node / 2))
      }
      #expect(index.count == 5000 && index.nodes[77] == NodeID(77 << 33 | round))
      index.removeAll()
      #expect(index.number(of: NodeID(round)) == nil && index.count == 0)
    }
  }
}
