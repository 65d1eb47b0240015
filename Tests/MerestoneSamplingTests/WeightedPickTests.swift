import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Weighted sampling")
struct WeightedPickTests {
  static let pool = ThreadPool(threads: 2)

  static func weights(
    _ topology: Topology, memory: Int = 1 << 20, column: String = "weight"
  ) throws -> EdgeWeights {
    try EdgeWeights(column, of: topology, memory: ByteCount(memory), pool: pool)
  }

  /// Weights that are small, large, 0, or alike, by the seed.
  static func column(_ count: Int, seed: UInt64, element: ElementType) -> TestColumn {
    var generator = SplitMix64(seed: seed)
    return TestColumn(
      name: "weight", element: element,
      values: (0..<count).map { _ in
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: 0
        case 1: 50 + 200 * Double.random(in: 0..<1, using: &generator)
        default: 1 + 3 * Double.random(in: 0..<1, using: &generator)
        }
      })
  }

  @Test(
    "gives the naive sampler's mini-batches, whatever is kept of the sums and however edges are read",
    arguments: 0..<9 as Range<UInt64>, [false, true])
  func equalsReference(seed: UInt64, storesSums: Bool) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 60 + Int(seed % 6) * 50, meanInDegree: 30, shards: 1 + Int(seed) % 3, seed: seed)
    graph.edgeColumns = [
      Self.column(
        graph.edgeCount, seed: seed,
        element: ElementType.allCases[Int(seed) % ElementType.allCases.count])
    ]
    graph.edgeColumns[0].storesSums = storesSums
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    if seed % 2 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    // What is stored: rounded by the type.
    let topologies = try NeighborSamplerTests.topologies(graph, edgeSet: edgeSet, in: folder)
    let store = topologies[0].store
    let indptr = graph.indptr
    var stored: [Double] = []
    for shard in 0..<store.book.shardCount {
      if let column = try store.edgeColumn(
        "weight", relation: RelationID(0), shard: ShardID(shard))
      {
        stored += try (0..<column.rows).map { try column.value(at: $0) }
      }
    }
    let reference = ReferenceSchemes(graph: graph, edgeSet: edgeSet)
    let key = NeighborSamplerTests.key
    let seeds = [seed, 40, seed, 17, 55]
    for replaces in [false, true] {
      for fanouts in [[25, 2], [-1, 4, 0], [15]] {
        let expected = reference.sample(seeds, fanouts: fanouts, key: key) {
          nodes, lists, fanout, draws in
          zip(nodes, lists).map { node, list in
            let start = indptr[Int(node)]
            let all = start..<start + graph.lists[Int(node)].count
            let ranks = ReferenceSchemes.weightedRanks(
              fanout, all.map { list.contains($0) ? stored[$0] : 0 }, replaces: replaces,
              entity: node, draws: draws)
            return (ranks.map { list.firstIndex(of: start + $0)! }, [])
          }
        }
        for topology in topologies {
          for memory in [0, 200, graph.edgeCount / 2 + 8, 1 << 20] {
            let weights = try Self.weights(topology, memory: memory)
            #expect(weights.byteCount <= memory)
            // Stored sums are those of all edges.
            let isStored = storesSums && edgeSet == .all
            #expect((weights.spacing > 0) == (isStored || memory > 0))
            var sampler = try NeighborSampler(
              topology: topology, fanouts: fanouts,
              scheme: replaces ? .weightedWithReplacement(by: weights) : .weighted(by: weights))
            #expect(try sampler.sample(seeds: seeds.map { NodeID($0) }, key: key) == expected)
          }
        }
      }
    }
  }

  @Test(
    "draws words of 32 bits from lists of up to 65,536 edges, and of 64 from longer ones",
    arguments: [65_536, 65_537])
  func widths(count: Int) throws {
    let values = (0..<count).map { Double($0 % 7 + 1) }
    for replaces in [false, true] {
      let counts = try Self.samples(
        values, fanout: 20, replaces: replaces, runs: 3, in: TemporaryFolder())
      for step in 0..<3 {
        let draws = RandomKey(seed: 5, stream: .neighborSampling, step: step).draws
        let ranks = ReferenceSchemes.weightedRanks(
          20, values, replaces: replaces, entity: 0, draws: draws)
        #expect(counts[ranks.map { UInt64($0) }] == 1)
      }
    }
  }

  /// One list with the given weights, its sums kept or not.
  static func samples(
    _ weights: [Double], fanout: Int, replaces: Bool = false, runs: Int, in folder: TemporaryFolder
  ) throws -> [[UInt64]: Int] {
    var graph = TestGraph(
      lists: [(0..<weights.count).map { UInt64($0) }]
        + Array(repeating: [], count: weights.count))
    graph.edgeColumns = [TestColumn(name: "weight", element: .f64, values: weights)]
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    let table = try Self.weights(topology)
    var sampler = try NeighborSampler(
      topology: topology, fanouts: [fanout],
      scheme: replaces ? .weightedWithReplacement(by: table) : .weighted(by: table))
    var counts: [[UInt64]: Int] = [:]
    for step in 0..<runs {
      let key = RandomKey(seed: 5, stream: .neighborSampling, step: step)
      let edges = try sampler.sample(seeds: [NodeID(0)], key: key).blocks[0].edges
      counts[edges.map(\.rawValue), default: 0] += 1
    }
    return counts
  }

  /// The probability of every set that successive sampling can keep, over all orders.
  static func successive(_ weights: [Double], _ fanout: Int) -> [[UInt64]: Double] {
    var sets: [[UInt64]: Double] = [:]
    func extend(_ chosen: [Int], _ probability: Double) {
      if chosen.count == fanout {
        sets[chosen.sorted().map { UInt64($0) }, default: 0] += probability
        return
      }
      let rest = weights.indices.filter { !chosen.contains($0) && weights[$0] > 0 }
      let total = rest.reduce(0.0) { $0 + weights[$1] }
      for next in rest { extend(chosen + [next], probability * weights[next] / total) }
    }
    extend([], 1)
    return sets
  }

  // False alarms in the next two tests: about 1 of 10,000 keys each; the keys are fixed.

  @Test(
    "without replacement keeps sets as often as successive sampling does",
    arguments: [
      [1, 2, 3, 4, 5], [1, 1, 1, 1, 1, 1], [20, 1, 1, 0, 1], [0.5, 30, 2, 2, 25, 0.25],
    ])
  func withoutReplacement(weights: [Double]) throws {
    for fanout in 1...3 {
      let counts = try Self.samples(
        weights, fanout: fanout, runs: 8000, in: TemporaryFolder())
      #expect(
        GoodnessOfFit.accepts(counts, law: Self.successive(weights, fanout)))
    }
  }

  @Test("with replacement draws edges of a long list in proportion to their weights")
  func withReplacement() throws {
    let weights = (0..<200).map { Double($0 * $0 % 23) }
    let counts = try Self.samples(
      weights, fanout: 10, replaces: true, runs: 4000, in: TemporaryFolder())
    var single: [UInt64: Int] = [:]
    for (edges, count) in counts {
      for edge in edges { single[edge, default: 0] += count }
    }
    let total = weights.reduce(0, +)
    let expected = Dictionary(
      uniqueKeysWithValues: weights.enumerated().filter { $1 > 0 }.map {
        (UInt64($0), $1 / total)
      })
    #expect(GoodnessOfFit.accepts(single, law: expected))
  }

  /// ```
  /// 1 -> 0 (weight 2), 2 -> 0 (0), 3 -> 0 (5)      1 -> 1 (0)
  /// ```
  @Test("keeps all edges that weigh something where they are few, and none where none does")
  func shortLists() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[1, 2, 3], [1], [], []])
    graph.edgeColumns = [TestColumn(name: "weight", element: .i32, values: [2, 0, 5, 0])]
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      let weights = try Self.weights(topology)
      for fanout in [-1, 2, 3, 7] {
        var sampler = try NeighborSampler(
          topology: topology, fanouts: [fanout], scheme: .weighted(by: weights))
        let block = try sampler.sample(
          seeds: [NodeID(0), NodeID(1), NodeID(2)], key: NeighborSamplerTests.key
        ).blocks[0]
        #expect(block.edges == [0, 2].map { EdgeID($0) } && block.indptr == [0, 2, 2, 2])
      }
      var sampler = try NeighborSampler(
        topology: topology, fanouts: [4], scheme: .weightedWithReplacement(by: weights))
      let block = try sampler.sample(
        seeds: [NodeID(1), NodeID(0)], key: NeighborSamplerTests.key
      ).blocks[0]
      #expect(block.indptr == [0, 0, 4] && !block.edges.contains(EdgeID(1)))
    }
  }

  @Test(
    "keeps the heaviest and fills up with the rest where one weight outweighs all",
    arguments: [0, 1 << 20])
  func outweighed(memory: Int) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [(0..<300).map { $0 }] + Array(repeating: [], count: 299))
    var values = Array(repeating: 1e-9, count: 300)
    values[123] = 1e9
    graph.edgeColumns = [TestColumn(name: "weight", element: .f64, values: values)]
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      let weights = try Self.weights(topology, memory: memory)
      var sampler = try NeighborSampler(
        topology: topology, fanouts: [5], scheme: .weighted(by: weights))
      let edges = try sampler.sample(seeds: [NodeID(0)], key: NeighborSamplerTests.key)
        .blocks[0].edges
      // Those after the heavy one vanish beside it.
      #expect(edges.count == 5 && edges.contains(EdgeID(123)))
      #expect(Set(edges).count == 5 && edges.allSatisfy { $0.rawValue <= 123 })
    }
  }

  @Test(
    "draws from lists that weigh next to nothing or almost too much",
    arguments: [0x1p-1030, 4e305], [5, 40])
  func extremes(weight: Double, fanout: Int) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [(0..<200).map { $0 }] + Array(repeating: [], count: 199))
    graph.edgeColumns = [
      TestColumn(
        name: "weight", element: .f64, values: Array(repeating: weight, count: 200),
        storesSums: true)
    ]
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var found: [[EdgeID]] = []
      for memory in [0, 200 * 17, 1 << 20] {
        var sampler = try NeighborSampler(
          topology: topology, fanouts: [fanout],
          scheme: .weighted(by: try Self.weights(topology, memory: memory)))
        found.append(
          try sampler.sample(seeds: [NodeID(0)], key: NeighborSamplerTests.key).blocks[0].edges)
      }
      #expect(found[0].count == fanout && Set(found[0]).count == fanout)
      #expect(found.allSatisfy { $0 == found[0] })
    }
  }

  @Test("refuses negative, infinite and missing numbers, by the edge's raw ids")
  func badWeights() throws {
    for bad in [-1, -.infinity, .infinity, .nan] as [Double] {
      let folder = TemporaryFolder()
      var graph = TestGraph(lists: [[1, 2], [2, 3], [], []])
      graph.edgeColumns = [TestColumn(name: "weight", element: .f32, values: [1, 2, 3, bad])]
      let error = SamplingError.badWeight(
        column: "weight", value: WeightValue(bad), edge: EdgeID(3), source: .integer(3),
        destination: .integer(1))
      #expect(error.description.contains("3 -> 1 (id 3)"))
      for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
        #expect(throws: error) { try Self.weights(topology) }
        var sampler = try NeighborSampler(
          topology: topology, fanouts: [1],
          scheme: .weighted(by: try Self.weights(topology, memory: 0)))
        _ = try sampler.sample(seeds: [NodeID(0)], key: NeighborSamplerTests.key)
        #expect(throws: error) {
          try sampler.sample(seeds: [NodeID(0), NodeID(1)], key: NeighborSamplerTests.key)
        }
      }
    }
  }

  @Test("refuses weights whose sum is no number")
  func overflow() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[0, 1], []])
    graph.edgeColumns = [TestColumn(name: "weight", element: .f64, values: [1e308, 1e308])]
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    let error = SamplingError.weightSumOverflow(column: "weight", destination: .integer(0))
    #expect(throws: error) { try Self.weights(topology) }
    var sampler = try NeighborSampler(
      topology: topology, fanouts: [1],
      scheme: .weighted(by: try Self.weights(topology, memory: 0)))
    #expect(throws: error) {
      try sampler.sample(seeds: [NodeID(0)], key: NeighborSamplerTests.key)
    }
  }

  @Test("names the nearest column where there is none of that name, and refuses words")
  func badColumns() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[1], []])
    graph.edgeColumns = [TestColumn(name: "weight", element: .f32, values: [1])]
    var words = TestColumn(name: "kind", element: .u8, values: [0])
    words.entry.categories = ["likes"]
    graph.edgeColumns.append(words)
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    #expect(
      throws: SamplingError.edgeColumnMissing(
        name: "wieght", relation: "edge", nearest: "weight", all: ["weight", "kind"])
    ) { try Self.weights(topology, column: "wieght") }
    #expect(
      throws: SamplingError.edgeColumnMissing(
        name: "x", relation: "edge", nearest: nil, all: ["weight", "kind"])
    ) { try Self.weights(topology, column: "x") }
    #expect(throws: SamplingError.edgeColumnNotNumeric(name: "kind", relation: "edge")) {
      try Self.weights(topology, column: "kind")
    }
  }
}
