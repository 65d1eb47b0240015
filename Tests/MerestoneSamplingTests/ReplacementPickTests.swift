import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Uniform sampling with replacement")
struct ReplacementPickTests {
  @Test(
    "gives the naive sampler's mini-batches, decoded or page by page",
    arguments: 0..<6 as Range<UInt64>)
  func equalsReference(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 60 + Int(seed) * 30, meanInDegree: 7, shards: 1 + Int(seed) % 3, seed: seed)
    if seed % 2 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    let reference = ReferenceSchemes(graph: graph, edgeSet: edgeSet)
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: edgeSet, in: folder) {
      for fanouts in [[3], [5, 2], [-1, 4, 0], [15, 10]] {
        var sampler = try NeighborSampler(
          topology: topology, fanouts: fanouts, scheme: .uniformWithReplacement)
        let seeds = [seed, 40, seed, 17, 55]
        let key = NeighborSamplerTests.key
        let expected = reference.sample(seeds, fanouts: fanouts, key: key) {
          nodes, lists, fanout, draws in
          zip(nodes, lists).map { node, list in
            let ranks = ReferenceSchemes.replacementRanks(
              fanout, of: list.count, entity: node, draws: draws)
            return (ranks, [])
          }
        }
        #expect(try sampler.sample(seeds: seeds.map { NodeID($0) }, key: key) == expected)
      }
    }
  }

  /// ```
  /// 1 -> 0      nobody -> 1
  /// ```
  @Test("repeats the edge of a short list and keeps none of an empty one")
  func shortLists() throws {
    let folder = TemporaryFolder()
    for topology in try NeighborSamplerTests.topologies(TestGraph(lists: [[1], []]), in: folder) {
      var sampler = try NeighborSampler(
        topology: topology, fanouts: [3], scheme: .uniformWithReplacement)
      let block = try sampler.sample(
        seeds: [NodeID(1), NodeID(0)], key: NeighborSamplerTests.key
      ).blocks[0]
      #expect(block.indptr == [0, 0, 3])
      #expect(block.edges == [0, 0, 0].map { EdgeID($0) })
      #expect(block.indices == [0, 0, 0].map { BlockIndex($0) })
    }
  }

  @Test("draws every edge equally often, independently")
  func distribution() throws {
    // Chi-square over the 15 multisets of two draws from five edges, with
    // probabilities 1/25 or 2/25. Each bound is exceeded for about 1 of 10,000 keys; the keys are
    // fixed.
    let folder = TemporaryFolder()
    let graph = TestGraph(lists: [[1, 2, 3, 4, 5], [], [], [], [], []])
    let topology = try NeighborSamplerTests.topologies(graph, in: folder)[0]
    var sampler = try NeighborSampler(
      topology: topology, fanouts: [2], scheme: .uniformWithReplacement)
    var counts: [[UInt64]: Int] = [:]
    let runs = 20_000
    for step in 0..<runs {
      let key = RandomKey(seed: 5, stream: .neighborSampling, step: step)
      let edges = try sampler.sample(seeds: [NodeID(0)], key: key).blocks[0].edges
      counts[edges.map(\.rawValue), default: 0] += 1
    }
    var expected: [[UInt64]: Double] = [:]
    for first in 0..<5 as Range<UInt64> {
      for second in first..<5 { expected[[first, second]] = first == second ? 1 / 25 : 2 / 25 }
    }
    #expect(GoodnessOfFit.accepts(counts, law: expected))
  }
}
