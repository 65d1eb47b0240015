import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Neighbourhoods by walks and by personalised PageRank")
struct NeighborhoodTests {
  static let key = RandomKey(seed: 8, stream: .walk, step: 4)

  @Test(
    "by visits are the tallies of the naive walks, decoded or page by page",
    arguments: 0..<4 as Range<UInt64>)
  func visits(seed: UInt64) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 150, meanInDegree: 4, shards: 1 + Int(seed) % 3, seed: seed)
    let seeds: [UInt64] = [3, 149, 3, 77, 12]
    let reference = ReferenceWalks(graph: graph)
    let topologies = try NeighborSamplerTests.topologies(graph, in: folder)
    // With 250,000 steps a seed, seeds are taken in two portions.
    for (walks, length) in [(10, 3), (50_000, 5)] {
      if walks > 10, seed > 0 { continue }
      let paths = reference.walk(
        from: seeds.flatMap { [UInt64](repeating: $0, count: walks) },
        law: .restart(probability: 0.2), length: length, key: Self.key)
      for topology in topologies {
        var sampler = try VisitSampler(topology, walks: walks, length: length, restart: 0.2)
        let found = try sampler.neighborhoods(
          of: seeds.map { NodeID($0) }, count: 6, key: Self.key)
        #expect(found.seeds == seeds.map { NodeID($0) })
        for (place, seed) in seeds.enumerated() {
          var tally: [NodeID: Int] = [:]
          for walk in place * walks..<(place + 1) * walks {
            for node in paths[walk] where node != NodeID(seed) { tally[node, default: 0] += 1 }
          }
          let best = tally.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(6)
          let total = best.reduce(0) { $0 + $1.value }
          let places = found.places(of: place)
          #expect(Array(found.nodes[places]) == best.map(\.key))
          #expect(Array(found.weights[places]) == best.map { Double($0.value) / Double(total) })
        }
      }
    }
  }

  /// ```
  /// 1, 2, 2 -> 0      3 -> 1      4 is alone, and 3 has no in-edges
  /// ```
  @Test("are what can be counted by hand, with ties in the order of ids, and empty where alone")
  func drawnGraph() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(lists: [[1, 2, 2], [3], [], [], []])
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var visits = try VisitSampler(topology, walks: 400, length: 1, restart: 0)
      let found = try visits.neighborhoods(
        of: [0, 4, 1].map { NodeID($0) }, count: 5, key: Self.key)
      #expect(found.nodes == [2, 1, 3].map { NodeID($0) } && found.indptr == [0, 2, 2, 3])
      #expect(abs(found.weights[0] - 2.0 / 3) < 0.1 && found.weights[2] == 1)
      #expect(try visits.neighborhoods(of: [], count: 5, key: Self.key) == Neighborhoods())

      var push = try PageRankSampler(topology, alpha: 0.5, epsilon: 1e-9)
      let scores = try push.neighborhoods(of: [0, 4].map { NodeID($0) }, count: 5)
      #expect(scores.nodes == [0, 2, 1, 3, 4].map { NodeID($0) })
      let expected = [1.0 / 2, 1.0 / 3, 1.0 / 12, 1.0 / 12, 1]
      #expect(zip(scores.weights, expected).allSatisfy { abs($0 - $1) < 1e-12 })
      #expect(scores.indptr == [0, 4, 5])
      #expect(try push.neighborhoods(of: [NodeID(0)], count: 2).nodes == [0, 2].map { NodeID($0) })
      #expect(try push.neighborhoods(of: [], count: 2) == Neighborhoods())
    }
  }

  /// Scores by 200 powers of the walk's matrix.
  static func pageRank(_ reference: ReferenceWalks, from seed: Int, alpha: Double) -> [Double] {
    let count = reference.graph.nodeCount
    let lists = (0..<count).map { reference.inEdges(of: UInt64($0)).map { Int($0.source) } }
    var scores = [Double](repeating: 0, count: count)
    var mass = scores
    mass[seed] = 1
    for _ in 0..<200 {
      var next = [Double](repeating: 0, count: count)
      for node in 0..<count where mass[node] > 0 {
        let list = lists[node]
        scores[node] += list.isEmpty ? mass[node] : alpha * mass[node]
        for source in list { next[source] += (1 - alpha) * mass[node] / Double(list.count) }
      }
      mass = next
    }
    return scores
  }

  @Test(
    "by PageRank are within the stated error, the same decoded or page by page and in any company",
    arguments: 0..<4 as Range<UInt64>)
  func pageRank(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(nodes: 120, meanInDegree: 4, shards: 1 + Int(seed) % 3, seed: seed)
    if seed % 2 == 0 {
      // Every edge in both directions.
      var both = graph.lists
      for (node, list) in graph.lists.enumerated() {
        for source in list { both[Int(source)].append(UInt64(node)) }
      }
      graph.lists = both.map { $0.sorted() }
    } else {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let reference = ReferenceWalks(graph: graph, edgeSet: .message)
    let seeds = (0..<120).map { NodeID(UInt64($0)) }
    var runs: [Neighborhoods] = []
    let epsilon = 1e-4
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: .message, in: folder) {
      var sampler = try PageRankSampler(topology, alpha: 0.2, epsilon: epsilon)
      let all = try sampler.neighborhoods(of: seeds, count: .max)
      runs.append(all)
      for place in stride(from: 0, to: 120, by: 17) {
        let exact = Self.pageRank(reference, from: place, alpha: 0.2)
        var found = [Double](repeating: 0, count: 120)
        let places = all.places(of: place)
        for index in places { found[Int(all.nodes[index].rawValue)] = all.weights[index] }
        let left = 1 - found.reduce(0, +)
        for node in 0..<120 {
          let error = exact[node] - found[node]
          #expect(error > -1e-12 && error <= left + 1e-12)
          if seed % 2 == 0 {
            let degree = Double(max(1, reference.inEdges(of: UInt64(node)).count))
            #expect(error <= epsilon * degree + 1e-12)
          }
        }
        // What is left lies on nodes that were not due.
        let degrees = (0..<120).map { max(1, reference.inEdges(of: UInt64($0)).count) }
        #expect(left < epsilon * Double(degrees.reduce(0, +)))
        let alone = try sampler.neighborhoods(of: [seeds[place]], count: 5)
        #expect(alone.nodes == Array(all.nodes[places].prefix(5)))
        #expect(alone.weights == Array(all.weights[places].prefix(5)))
      }
    }
    #expect(runs[0] == runs[1])
  }

  @Test("refuse unknown nodes and senseless parameters, by name")
  func badInput() throws {
    let folder = TemporaryFolder()
    for topology in try NeighborSamplerTests.topologies(TestGraph(lists: [[], [0]]), in: folder) {
      var visits = try VisitSampler(topology, walks: 1, length: 2, restart: 0.5)
      var push = try PageRankSampler(topology)
      let unknown = SamplingError.seedOutOfRange(seed: NodeID(2), nodeCount: 2)
      #expect(throws: unknown) {
        try visits.neighborhoods(of: [NodeID(2)], count: 1, key: Self.key)
      }
      #expect(throws: unknown) { try push.neighborhoods(of: [NodeID(0), NodeID(2)], count: 1) }
      #expect(throws: SamplingError.self) {
        try visits.neighborhoods(of: [NodeID(0)], count: -1, key: Self.key)
      }
      #expect(throws: SamplingError.self) { try push.neighborhoods(of: [NodeID(0)], count: -1) }
      #expect(throws: SamplingError.self) {
        try VisitSampler(topology, walks: 0, length: 2, restart: 0.5)
      }
      #expect(throws: SamplingError.self) { try PageRankSampler(topology, alpha: 1) }
      #expect(throws: SamplingError.self) { try PageRankSampler(topology, epsilon: .nan) }
    }
  }
}
