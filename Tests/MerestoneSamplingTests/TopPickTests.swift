import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("The edges of the largest weight")
struct TopPickTests {
  @Test(
    "are the naive sampler's, decoded or page by page, also the second time",
    arguments: 0..<6 as Range<UInt64>)
  func equalsReference(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 60 + Int(seed) * 10, meanInDegree: 60, shards: 1 + Int(seed) % 3, seed: seed)
    // A list that is remembered.
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
      let column = try EdgeColumn("weight", of: topology)
      for fanouts in [[3, 7], [-1, 4, 0], [15]] {
        let expected = reference.sample(seeds, fanouts: fanouts, key: key) { _, lists, fanout, _ in
          lists.map { list in
            (ReferenceSchemes.topRanks(fanout, list.map { values[$0] }), [])
          }
        }
        var sampler = try NeighborSampler(
          topology: topology, fanouts: fanouts, scheme: .top(by: column))
        for _ in 0..<2 {
          #expect(try sampler.sample(seeds: seeds.map { NodeID($0) }, key: key) == expected)
        }
      }
    }
  }

  /// ```
  /// 1 -> 0 (-3), 2 -> 0 (5), 3 -> 0 (5), 3 -> 0 (infinite)
  /// ```
  @Test("are the earlier ones among equals, and numbers that are none are refused")
  func drawn() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[1, 2, 3, 3], [1], [], []])
    graph.edgeColumns = [
      TestColumn(name: "weight", element: .f64, values: [-3, 5, 5, .infinity, .nan])
    ]
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      let column = try EdgeColumn("weight", of: topology)
      for (fanout, kept) in [(1, [3]), (2, [1, 3]), (3, [1, 2, 3]), (-1, [0, 1, 2, 3]), (0, [])] {
        var sampler = try NeighborSampler(
          topology: topology, fanouts: [fanout], scheme: .top(by: column))
        let block = try sampler.sample(seeds: [NodeID(0)], key: NeighborSamplerTests.key).blocks[0]
        #expect(block.edges == kept.map { EdgeID(UInt64($0)) })
      }
      var sampler = try NeighborSampler(topology: topology, fanouts: [1], scheme: .top(by: column))
      #expect(
        throws: SamplingError.badWeight(
          column: "weight", value: WeightValue(.nan), edge: EdgeID(4), source: .integer(1),
          destination: .integer(1))
      ) { try sampler.sample(seeds: [NodeID(1)], key: NeighborSamplerTests.key) }
    }
  }
}
