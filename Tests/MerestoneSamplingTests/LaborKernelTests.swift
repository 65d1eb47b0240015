import CMerestoneKernels
import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Looking at many sources at once for LABOR")
struct LaborKernelTests {
  @Test(
    "keeps the sources whose number is below the probability, with and without wide vectors",
    arguments: [0, 1, 15, 16, 17, 100, 1000], [0x1p-53, 0.001, 0.1, 0.5, 0.99, 1 - 0x1p-53, 1])
  func equalsReference(count: Int, probability: Double) {
    var generator = SplitMix64(seed: UInt64(count))
    let draws = RandomKey(seed: 3, stream: .neighborSampling, step: count).draws
    let sources = (0..<count).map { _ in UInt32(truncatingIfNeeded: generator.next()) }
    let first = generator.next() >> 8
    let expected = sources.indices.filter {
      ReferenceSchemes.laborKeeps(UInt64(sources[$0]), probability, draws)
    }.map { first + UInt64($0) }
    let limit = LaborNumber.limit(probability)
    for kernel in [mrs_labor_keep, mrs_labor_keep_baseline] {
      var edges = [UInt64](repeating: 0, count: count + 1)
      let kept = kernel(sources, first, count, limit, draws.key.x, draws.key.y, &edges)
      #expect(Array(edges[..<kept]) == expected)
    }
  }

  @Test(
    "keeps the same by a sieve, of one level for each node and of levels for groups of nodes",
    arguments: [
      (1, 1), (31, 40), (8191, 5000), (8193, 5000), (1 << 14, 4113), (100_003, 4096),
      (1 << 20, 4095),
    ],
    [0x1p-53, 0x1p-32, 0x1p-31, 3 * 0x1p-32, 1e-5, 0.001, 0.0625, 0.1, 0.5, 0.53125, 1 - 0x1p-53])
  func sieve(graph: (nodes: Int, edges: Int), probability: Double) {
    for ascends in [true, false] { compareSieved(graph, probability, ascends: ascends) }
  }

  /// Sources that ascend lie close together in the sieve; others do not.
  private func compareSieved(
    _ graph: (nodes: Int, edges: Int), _ probability: Double, ascends: Bool
  ) {
    let draws = RandomKey(seed: 4, stream: .neighborSampling, step: graph.edges).draws
    let count = mrs_labor_sieve_words(graph.nodes)
    // A guard word behind the last.
    var sieve = [UInt32](repeating: 0xDEAD_BEEF, count: count + 1)
    mrs_labor_sift(graph.nodes, draws.key.x, draws.key.y, &sieve)
    #expect(sieve[count] == 0xDEAD_BEEF)
    var generator = SplitMix64(seed: UInt64(graph.edges))
    var sources = (0..<graph.edges).map { _ in
      UInt32(truncatingIfNeeded: generator.next() % UInt64(graph.nodes + graph.nodes / 4))
    }
    // The sieve's last node, and the first and last that it does not have.
    for (place, source) in zip(sources.indices, [graph.nodes - 1, graph.nodes, 1 << 32 - 1]) {
      sources[place] = UInt32(source)
    }
    if ascends { sources.sort() }
    let expected = sources.indices.filter {
      ReferenceSchemes.laborKeeps(UInt64(sources[$0]), probability, draws)
    }.map { 9 + UInt64($0) }
    let limit = LaborNumber.limit(probability)
    for kernel in [mrs_labor_keep_sieved, mrs_labor_keep_sieved_baseline] {
      var edges = [UInt64](repeating: 0, count: sources.count + 1)
      let kept = kernel(
        sources, 9, sources.count, limit, draws.key.x, draws.key.y, graph.nodes, sieve, &edges)
      #expect(Array(edges[..<kept]) == expected)
    }
  }

  @Test("a sieve has the nodes that pay")
  func size() {
    func size(_ scanned: UInt64, _ sample: [UInt32], nodes: Int = 1 << 20) -> Int {
      LaborSieve.cheapest(nodeCount: nodes, scanned: scanned, sample: sample).nodes
    }
    // Few edges, or many of which nothing is known.
    #expect(size(1 << 18, []) == 0)
    #expect(size(1 << 23, []) == 1 << 20)
    // Nine in ten sources among the first tenth.
    let skewed = (0..<1000).map { UInt32($0 < 900 ? $0 * 100 : $0 * 1000) }
    #expect(size(1 << 18, skewed) < 1 << 17)
    #expect((1 << 16...1 << 18).contains(size(1 << 20, skewed)))
    #expect(size(1 << 28, skewed) > 900 << 10)
    #expect(size(1 << 10, [0, 1, 2], nodes: 3) == 3)
    #expect(size(0, [], nodes: 0) == 0)
    #expect(size(1 << 40, [.max], nodes: 1 << 32) == 1 << 32)
  }

  @Test("a sieve leaves few sources, and takes less than a byte for a node")
  func selectivity() {
    let draws = RandomKey(seed: 5, stream: .neighborSampling).draws
    let nodeCount = 1 << 20
    let count = mrs_labor_sieve_words(nodeCount)
    #expect(count * 4 < nodeCount)
    var sieve = [UInt32](repeating: 0, count: count)
    mrs_labor_sift(nodeCount, draws.key.x, draws.key.y, &sieve)
    let bits = sieve.reduce(0) { $0 + $1.nonzeroBitCount }
    // Five levels of 1/2, 1/4, ... 1/32 of the nodes, and groups of which about 1/32 have a bit.
    let expected = Double(nodeCount) * (31.0 / 32 + 1.0 / 32)
    #expect(abs(Double(bits) - expected) < expected / 50)
  }
}
