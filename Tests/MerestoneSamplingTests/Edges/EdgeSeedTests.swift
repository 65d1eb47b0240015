import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Seeds that are edges")
struct EdgeSeedTests {
  static let key = RandomKey(seed: 17, stream: .neighborSampling, epoch: 1, step: 2)

  /// The edges that each kind of exclusion leaves out, from the definition.
  static func excluded(_ graph: TestGraph, _ seeds: [Int], _ kind: SeedEdgeExclusion) -> Set<Int> {
    let edges = graph.lists.enumerated().flatMap { node, list in list.map { ($0, UInt64(node)) } }
    guard kind != .nothing else { return [] }
    var left = Set(seeds)
    for (number, edge) in edges.enumerated() {
      for seed in seeds.map({ edges[$0] }) where kind != .seeds {
        if edge == (seed.1, seed.0) { left.insert(number) }
        if kind == .betweenEnds, edge == seed { left.insert(number) }
      }
    }
    return left
  }

  /// ```
  /// edges 0 and 1: 1 -> 0     2: 2 -> 0     3 and 4: 0 -> 1     5: 2 -> 1     6: 2 -> 2
  /// ```
  @Test("leave out themselves, their reverse edges, or all between their ends")
  func drawnGraph() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(lists: [[1, 1, 2], [0, 0, 2], [2]], bounds: [0, 1, 1, 3])
    let expected: [(SeedEdgeExclusion, [UInt64])] = [
      (.nothing, [0, 1, 2, 3, 4, 5]), (.seeds, [1, 2, 3, 4, 5]), (.seedsAndReverse, [1, 2, 5]),
      (.betweenEnds, [2, 5]),
    ]
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      for (kind, edges) in expected {
        var sampler = EdgeSeedSampler(topology, fanouts: [-1], excluding: kind)
        // The seed is 1 -> 0: destination 0 comes after its source 1.
        let found = try sampler.sample(
          edges: [EdgeID(0)], others: [NodeID(0)], key: Self.key)
        #expect(found.sources == [BlockIndex(0)] && found.destinations == [BlockIndex(1)])
        #expect(found.others == [BlockIndex(1)])
        #expect(found.batch.seeds == [1, 0, 0].map { NodeID($0) })
        #expect(found.batch.blocks[0].edges.map(\.rawValue).sorted() == edges)
      }
      // A loop is its own reverse.
      var sampler = EdgeSeedSampler(topology, fanouts: [-1], excluding: .seedsAndReverse)
      #expect(try sampler.sample(edges: [EdgeID(6)], key: Self.key).batch.blocks[0].edges == [])
      let none = try sampler.sample(edges: [], key: Self.key)
      #expect(none.edges.isEmpty && none.batch.blocks[0].sources.isEmpty)
      #expect(throws: SamplingError.edgeOutOfRange(edge: EdgeID(7), edgeCount: 7)) {
        try sampler.sample(edges: [EdgeID(0), EdgeID(7)], key: Self.key)
      }
      #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(3), nodeCount: 3)) {
        try sampler.sample(edges: [EdgeID(0)], others: [NodeID(3)], key: Self.key)
      }
    }
  }

  @Test(
    "give the naive mini-batches, decoded or page by page", arguments: 0..<6 as Range<UInt64>,
    [.nothing, .seeds, .seedsAndReverse, .betweenEnds] as [SeedEdgeExclusion])
  func equalsReference(seed: UInt64, kind: SeedEdgeExclusion) throws {
    let folder = TemporaryFolder()
    // Few nodes, so that there are parallel and reverse edges.
    var graph = TestGraph(nodes: 30, meanInDegree: 8, shards: 1 + Int(seed) % 3, seed: seed)
    if seed % 3 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    let edges = (0..<20).map { $0 * 37 % graph.edgeCount } + [5, 5]
    let ends = graph.lists.enumerated().flatMap { node, list in list.map { _ in UInt64(node) } }
    let sources = graph.lists.flatMap { $0 }
    let nodes = edges.map { sources[$0] } + edges.map { ends[$0] } + [2, 29]
    let reference = ReferenceSampler(
      graph: graph, edgeSet: edgeSet, excluded: Self.excluded(graph, edges, kind))
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: edgeSet, in: folder) {
      for fanouts in [[3], [-1], [4, 2]] {
        var sampler = EdgeSeedSampler(topology, fanouts: fanouts, excluding: kind)
        let found = try sampler.sample(
          edges: edges.map { EdgeID(UInt64($0)) }, others: [NodeID(2), NodeID(29)], key: Self.key)
        let expected = reference.sample(nodes, fanouts: fanouts, key: Self.key)
        #expect(found.batch == expected)
        let indices = expected.seedIndices
        #expect(found.sources == Array(indices[..<22]))
        #expect(found.destinations == Array(indices[22..<44]))
        #expect(found.others == Array(indices[44...]))
      }
    }
  }

  @Test("leave every set of the other edges equally likely", arguments: [6, 80])
  func uniform(degree: Int) throws {
    let folder = TemporaryFolder()
    // Node 0 has `degree` in-edges; all but six are excluded, at both ends and in between.
    var lists = [[UInt64]](repeating: [], count: degree + 3)
    lists[0] = (0..<degree + 2).map { UInt64($0 + 1) }
    let graph = TestGraph(lists: lists)
    let kept = degree == 6 ? [1, 2, 3, 4, 5, 6] : [1, 2, 30, 64, 65, 80]
    let seeds = (0..<degree + 2).filter { !kept.contains($0) }.map { EdgeID(UInt64($0)) }
    let runs = 6000
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var sampler = EdgeSeedSampler(topology, fanouts: [2], excluding: .seeds)
      var counts: [[Int]: Int] = [:]
      for step in 0..<runs {
        let found = try sampler.sample(
          edges: seeds, key: RandomKey(seed: 3, stream: .neighborSampling, step: step))
        counts[found.batch.blocks[0].edges.map { Int($0.rawValue) }, default: 0] += 1
      }
      let pairs = kept.flatMap { a in kept.filter { $0 > a }.map { [a, $0] } }
      #expect(counts.keys.allSatisfy { pairs.contains($0) })
      #expect(
        GoodnessOfFit.accepts(pairs.map { counts[$0] ?? 0 }, law: pairs.map { _ in 1 }))
    }
  }
}
