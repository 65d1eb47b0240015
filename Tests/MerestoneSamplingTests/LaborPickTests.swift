import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Layer-neighbour sampling (LABOR)")
struct LaborPickTests {
  @Test(
    "gives the naive sampler's mini-batches, decoded or page by page",
    arguments: 0..<6 as Range<UInt64>, [false, true])
  func equalsReference(seed: UInt64, isOptimized: Bool) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 60 + Int(seed) * 20, meanInDegree: 12, shards: 1 + Int(seed) % 3, seed: seed)
    if seed % 2 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    let reference = ReferenceSchemes(graph: graph, edgeSet: edgeSet)
    let edgeSources = reference.edgeSources
    let key = NeighborSamplerTests.key
    let seeds = [seed, 40, seed, 17, 55]
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: edgeSet, in: folder) {
      for fanouts in [[3, 3], [-1, 4, 0], [15, 5]] {
        let expected = reference.sample(seeds, fanouts: fanouts, key: key) {
          _, lists, fanout, draws in
          let probabilities = ReferenceSchemes.laborProbabilities(
            lists.map { $0.map { edgeSources[$0] } }, fanout: fanout, isOptimized: isOptimized)
          return zip(lists, probabilities).map { list, probabilities in
            let ranks = list.indices.filter {
              ReferenceSchemes.laborKeeps(edgeSources[list[$0]], probabilities[$0], draws)
            }
            return (ranks, ranks.map { ReferenceSchemes.laborWeight(probabilities[$0]) })
          }
        }
        var sampler = try NeighborSampler(
          topology: topology, fanouts: fanouts, scheme: isOptimized ? .laborStar : .labor(nil))
        let batch = try sampler.sample(seeds: seeds.map { NodeID($0) }, key: key)
        #expect(batch.seedIndices == expected.seedIndices)
        for (found, wanted) in zip(batch.blocks, expected.blocks) {
          // Bisection and the solution differ by rounding.
          #expect(found.weights.count == found.edges.count)
          for (first, second) in zip(found.weights, wanted.weights) {
            #expect(abs(first - second) <= 1e-5 * second)
          }
          var (found, wanted) = (found, wanted)
          (found.weights, wanted.weights) = ([], [])
          #expect(found == wanted)
        }
      }
    }
  }

  @Test(
    "keeps the same of lists that are longer than a page, with a sieve of some nodes, every way")
  func longLists() throws {
    let folder = TemporaryFolder()
    // Most sources are among the first nodes, but for two lists.
    var lists = (0..<6000).map { node in
      (0..<(node % 40)).map { UInt64(($0 * $0 + node) % 700) }.sorted()
    }
    lists[7] = (0..<40_000).map { UInt64($0 * 7 % 6000) }.sorted()
    lists[8] = (0..<20_000).map { UInt64($0 % 512) }.sorted()
    var graph = TestGraph(lists: lists)
    graph.cut(into: 3)
    let reference = ReferenceSchemes(graph: graph, edgeSet: .all)
    let edgeSources = reference.edgeSources
    let key = NeighborSamplerTests.key
    let seeds = [8, 5999, 7, 21, 4001] as [UInt64]
    let expected = reference.sample(seeds, fanouts: [300, 4], key: key) {
      _, lists, fanout, draws in
      lists.map { list in
        let p = min(1, Double(fanout) / Double(list.count))
        let ranks = list.indices.filter {
          ReferenceSchemes.laborKeeps(edgeSources[list[$0]], p, draws)
        }
        return (ranks, ranks.map { _ in ReferenceSchemes.laborWeight(p) })
      }
    }
    let pool = ThreadPool(threads: 2)
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      let longLists = try LongLists.make(of: topology, memory: ByteCount(1 << 20), pool: pool)
      #expect((longLists != nil) == (topology.flat != nil))
      for lists in [nil, longLists] {
        var sampler = try NeighborSampler(
          topology: topology, fanouts: [300, 4], scheme: .labor(lists))
        let batch = try sampler.sample(seeds: seeds.map { NodeID($0) }, key: key)
        for (found, wanted) in zip(batch.blocks, expected.blocks) { #expect(found == wanted) }
      }
    }
  }

  /// Destinations 0 and 1 share the sources 2...9; 1 has 10...13 besides.
  static func shared(in folder: TemporaryFolder) throws -> Topology {
    let graph = TestGraph(
      lists: [Array(2...9), Array(2...13)] + Array(repeating: [], count: 12))
    return try NeighborSamplerTests.topologies(graph, in: folder)[0]
  }

  @Test(
    "keeps edges with the probability that their weight says, independently within a destination",
    arguments: [false, true])
  func inclusion(isOptimized: Bool) throws {
    // For each destination the number of kept edges is a sum of independent yes-or-no draws, whose
    // law follows from the probabilities. Chi-square; a false alarm: about 1 of 10,000 keys each.
    let folder = TemporaryFolder()
    let topology = try Self.shared(in: folder)
    var sampler = try NeighborSampler(
      topology: topology, fanouts: [3], scheme: isOptimized ? .laborStar : .labor(nil))
    let lists = [Array(2...9), Array(2...13)] as [[UInt64]]
    let probabilities = ReferenceSchemes.laborProbabilities(
      lists, fanout: 3, isOptimized: isOptimized)
    let runs = 6000
    var kept = [[Int]](repeating: [Int](repeating: 0, count: 13), count: 2)
    var edges = [Int](repeating: 0, count: 20)
    var sums = [0.0, 0.0]
    for step in 0..<runs {
      let key = RandomKey(seed: 6, stream: .neighborSampling, step: step)
      let block = try sampler.sample(seeds: [NodeID(0), NodeID(1)], key: key).blocks[0]
      for place in 0..<2 {
        let range = block.indptr[place]..<block.indptr[place + 1]
        kept[place][range.count] += 1
        for edge in range {
          edges[Int(block.edges[edge].rawValue)] += 1
          sums[place] += Double(block.weights[edge]) * Double(block.edges[edge].rawValue)
        }
      }
    }
    for place in 0..<2 {
      var law = [1.0]
      for p in probabilities[place] {
        var next = law.map { $0 * (1 - p) } + [0]
        for index in law.indices { next[index + 1] += law[index] * p }
        law = next
      }
      law += Array(repeating: 0, count: 13 - law.count)
      #expect(GoodnessOfFit.accepts(kept[place], law: law))
    }
    var estimates = [0.0, 0.0]
    var variances = [0.0, 0.0]
    for (edge, p) in probabilities.joined().enumerated() {
      #expect(GoodnessOfFit.accepts([edges[edge], runs - edges[edge]], law: [p, 1 - p]))
      estimates[edge < 8 ? 0 : 1] += Double(edge)
      variances[edge < 8 ? 0 : 1] += Double(edge * edge) * (1 / p - 1)
    }
    // The weighted sums are unbiased: a normal test, 1 of 10,000.
    for place in 0..<2 {
      let deviation = (variances[place] / Double(runs)).squareRoot()
      #expect(abs(sums[place] / Double(runs) - estimates[place]) < 3.9 * deviation)
    }
  }

  @Test("keeps the same sources for destinations that are alike")
  func sharesSources() throws {
    let folder = TemporaryFolder()
    let sources = (0..<40 as Range<UInt64>).map { $0 }
    let graph = TestGraph(
      lists: [sources, sources, sources] + Array(repeating: [], count: 37))
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      for scheme in [NeighborScheme.labor(nil), .laborStar] {
        var sampler = try NeighborSampler(topology: topology, fanouts: [5], scheme: scheme)
        let block = try sampler.sample(
          seeds: [0, 1, 2].map { NodeID($0) }, key: NeighborSamplerTests.key
        ).blocks[0]
        let kept = (0..<3).map { Array(block.indices[block.indptr[$0]..<block.indptr[$0 + 1]]) }
        #expect(kept[0] == kept[1] && kept[1] == kept[2] && !kept[0].isEmpty)
      }
    }
  }

  @Test("reaches fewer nodes with optimised probabilities, and those fewer than uniform picks do")
  func reachesFewer() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 400, meanInDegree: 40, seed: 3)
    let topology = try NeighborSamplerTests.topologies(graph, in: folder)[0]
    let reached = try [NeighborScheme.uniform, .labor(nil), .laborStar].map { scheme in
      var sampler = try NeighborSampler(topology: topology, fanouts: [4], scheme: scheme)
      return try (0..<20).reduce(0) { sum, step in
        let key = RandomKey(seed: 6, stream: .neighborSampling, step: step)
        return try sum
          + sampler.sample(seeds: (0..<60).map { NodeID($0) }, key: key).blocks[0].sourceCount
      }
    }
    #expect(reached[2] < reached[1] && reached[1] < reached[0])
  }

  @Test("leaves no weights behind in a block that another sampler fills")
  func reusedBlocks() throws {
    let folder = TemporaryFolder()
    for topology in try NeighborSamplerTests.topologies(TestGraph(lists: [[1], []]), in: folder) {
      var labor = try NeighborSampler(topology: topology, fanouts: [1], scheme: .labor(nil))
      var batch = try labor.sample(seeds: [NodeID(0)], key: NeighborSamplerTests.key)
      #expect(batch.blocks[0].weights == [1])
      var uniform = try NeighborSampler(topology: topology, fanouts: [1])
      try uniform.sample(seeds: [NodeID(0)], key: NeighborSamplerTests.key, into: &batch)
      #expect(batch.blocks[0].weights.isEmpty)
    }
  }
}
