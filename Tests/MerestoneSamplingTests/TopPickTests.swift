import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("The edges of the largest weight")
struct TopPickTests {
  @Test(
    "are the naive sampler's, decoded or page by page, with the order kept or not",
    arguments: 0..<6 as Range<UInt64>)
  func equalsReference(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 60 + Int(seed) * 10, meanInDegree: 60, shards: 1 + Int(seed) % 3, seed: seed)
    graph.lists[40] = (0..<600).map { $0 * UInt64(graph.nodeCount) / 600 }
    if seed % 2 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    let values = (0..<graph.edgeCount).map { Double($0 * $0 % 37) - 10 }
    graph.edgeColumns = [TestColumn(name: "weight", element: .f32, values: values)]
    let reference = ReferenceSchemes(graph: graph, edgeSet: edgeSet)
    let key = NeighborSamplerTests.key
    let seeds = [seed, 40, seed, 17, 55]
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: edgeSet, in: folder) {
      let orders = try [0, 1 << 20].map { try Self.order(topology, memory: $0) }
      #expect(orders.map(\.isKept) == [false, true])
      for fanouts in [[3, 7], [-1, 4, 0], [15]] {
        let expected = reference.sample(seeds, fanouts: fanouts, key: key) { _, lists, fanout, _ in
          lists.map { list in
            (ReferenceSchemes.topRanks(fanout, list.map { values[$0] }), [])
          }
        }
        for order in orders {
          var sampler = try NeighborSampler(
            topology: topology, fanouts: fanouts, scheme: .top(by: order))
          #expect(try sampler.sample(seeds: seeds.map { NodeID($0) }, key: key) == expected)
        }
      }
    }
  }

  static func order(_ topology: Topology, memory: Int) throws(SamplingError) -> EdgeOrder {
    try EdgeOrder(
      "weight", .weights, of: topology, memory: ByteCount(memory), pool: WeightedPickTests.pool)
  }

  /// ```
  /// 1 -> 0 (-3), 2 -> 0 (5), 3 -> 0 (5), 3 -> 0 (infinite), 1 -> 1 (-0), 2 -> 1 (0), 3 -> 1 (-1)
  /// ```
  @Test("are the earlier ones among equals", arguments: [0, 1 << 20])
  func drawn(memory: Int) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[1, 2, 3, 3], [1, 2, 3], [], []])
    graph.edgeColumns = [
      TestColumn(name: "weight", element: .f64, values: [-3, 5, 5, .infinity, -0.0, 0, -1])
    ]
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      let order = try Self.order(topology, memory: memory)
      for (fanout, kept) in [
        (1, [3, 4]), (2, [1, 3, 4, 5]), (3, [1, 2, 3, 4, 5, 6]), (-1, [0, 1, 2, 3, 4, 5, 6]),
        (0, []),
      ] {
        var sampler = try NeighborSampler(
          topology: topology, fanouts: [fanout], scheme: .top(by: order))
        let seeds = [NodeID(0), NodeID(1)]
        let block = try sampler.sample(seeds: seeds, key: NeighborSamplerTests.key).blocks[0]
        #expect(block.edges == kept.map { EdgeID(UInt64($0)) })
      }
    }
  }

  @Test("refuse a number that is none: at once where the order is kept, else where it is met")
  func notANumber() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[1], [1], [], []])
    graph.edgeColumns = [TestColumn(name: "weight", element: .f64, values: [-3, .nan])]
    let bad = SamplingError.badWeight(
      column: "weight", value: WeightValue(.nan), edge: EdgeID(1), source: .integer(1),
      destination: .integer(1))
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      #expect(throws: bad) { try Self.order(topology, memory: 1 << 20) }
      var sampler = try NeighborSampler(
        topology: topology, fanouts: [1], scheme: .top(by: Self.order(topology, memory: 0)))
      _ = try sampler.sample(seeds: [NodeID(0)], key: NeighborSamplerTests.key)
      #expect(throws: bad) {
        try sampler.sample(seeds: [NodeID(1)], key: NeighborSamplerTests.key)
      }
    }
  }
}
