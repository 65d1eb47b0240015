import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("GraphSAINT subgraphs")
struct SaintSamplerTests {
  static let laws: [SaintLaw] = [
    .nodes(count: 6), .edges(count: 4), .walks(roots: 3, length: 2),
  ]

  static func key(_ step: Int) -> RandomKey {
    RandomKey(seed: 41, stream: .subgraph, epoch: 1, step: step)
  }

  /// The nodes of one subgraph, from the definition.
  static func nodes(
    _ graph: TestGraph, _ law: SaintLaw, _ key: RandomKey, first: UInt64 = 0
  ) -> [UInt64] {
    func words(_ number: Int) -> SIMD2<UInt64> {
      key.draws.wideWords(entity: first + UInt64(number), number: 0)
    }
    func pick(_ word: UInt64, _ count: Int) -> Int {
      Int(word.multipliedFullWidth(by: UInt64(count)).high)
    }
    var drawn: [UInt64] = []
    switch law {
    case .nodes(let count):
      let ends = graph.lists.enumerated().flatMap { node, list in list.map { _ in UInt64(node) } }
      drawn = (0..<count).map { ends[pick(words($0).x, ends.count)] }
    case .edges(let count):
      for number in 0..<count {
        let node = pick(words(number).x, graph.nodeCount)
        let list = graph.lists[node]
        if !list.isEmpty { drawn += [UInt64(node), list[pick(words(number).y, list.count)]] }
      }
    case .walks(let roots, let length):
      for number in 0..<roots {
        var node = UInt64(pick(words(number).x, graph.nodeCount))
        drawn.append(node)
        var key = key
        key.stream = .walk
        for step in 0..<length where !graph.lists[Int(node)].isEmpty {
          let word = key.draws.wideWords(
            entity: first + UInt64(number), number: UInt32(step)
          ).x
          let list = graph.lists[Int(node)]
          node = list[pick(word, list.count)]
          drawn.append(node)
        }
      }
    }
    return drawn.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  @Test("are the naive ones, decoded or page by page", arguments: laws)
  func equalsReference(law: SaintLaw) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 40, meanInDegree: 3, shards: 3, seed: 6)
    let reference = ReferenceSubgraphs(graph: graph)
    let trials = (0..<70).map {
      Set(Self.nodes(graph, law, Self.key(0), first: UInt64($0 + 1) << 40))
    }
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var sampler = try SaintSampler(topology, law: law, trials: 70, key: Self.key(0))
      for step in 0..<20 {
        let found = try sampler.sample(key: Self.key(step))
        let nodes = Self.nodes(graph, law, Self.key(step))
        #expect(found.graph == reference.induced(on: nodes))
        if case .nodes = law { continue }
        let sets = trials + [Set(nodes)]
        let held = nodes.map { node in Double(sets.count { $0.contains(node) }) }
        #expect(found.nodeNormalization == held.map { $0 / 71 })
        for (place, node) in nodes.enumerated() {
          for edge in found.graph.indptr[place]..<found.graph.indptr[place + 1] {
            let source = nodes[Int(found.graph.indices[edge].rawValue)]
            let both = Double(sets.count { $0.contains(node) && $0.contains(source) })
            #expect(found.edgeNormalization[edge] == both / held[place])
          }
        }
      }
    }
  }

  /// Every node and every edge of 4,000 subgraphs is counted. Four deviations of a binomial are
  /// exceeded by about one count in 16,000; there are 2 laws of 6 nodes and 12 edges.
  @Test("hold nodes and edges as often as their coefficients say", arguments: [0, 2])
  func coefficients(place: Int) throws {
    let folder = TemporaryFolder()
    let law = [.nodes(count: 3), .edges(count: 2), .walks(roots: 1, length: 2)][place] as SaintLaw
    // 5 has no edges, 3 a loop, and 1 -> 0 is there twice.
    let graph = TestGraph(lists: [[1, 1, 2], [0, 4], [0, 1, 3], [2, 3], [1, 3], []])
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var sampler = try SaintSampler(topology, law: law, trials: 20_000, key: Self.key(0))
      let runs = 4000
      var nodes: [NodeID: (count: Int, law: Double)] = [:]
      var edges: [EdgeID: (count: Int, law: Double)] = [:]
      for step in 0..<runs {
        let found = try sampler.sample(key: Self.key(step))
        for (number, node) in found.graph.nodes.enumerated() {
          nodes[node, default: (0, 0)].count += 1
          nodes[node]!.law = found.nodeNormalization[number]
          for edge in found.graph.indptr[number]..<found.graph.indptr[number + 1] {
            edges[found.graph.edges[edge], default: (0, 0)].count += 1
            edges[found.graph.edges[edge]]!.law =
              found.edgeNormalization[edge] * found.nodeNormalization[number]
          }
        }
      }
      #expect(nodes.count == (place == 0 ? 5 : 6) && edges.count == 12)
      for found in Array(nodes.values) + Array(edges.values) {
        let expected = Double(runs) * found.law
        // Estimated coefficients vary, too: by a fifth of the variance of the counts.
        let deviation = (expected * (1 - found.law) * (place == 0 ? 1 : 1.2)).squareRoot()
        #expect(abs(Double(found.count) - expected) < 4 * deviation + 1)
      }
    }
  }

  @Test("refuse senseless parameters and what cannot be drawn")
  func badInput() throws {
    let folder = TemporaryFolder()
    for topology in try NeighborSamplerTests.topologies(TestGraph(lists: [[], []]), in: folder) {
      #expect(throws: SamplingError.nothingToDraw(relation: "edge")) {
        try SaintSampler(topology, law: .nodes(count: 1), key: Self.key(0))
      }
      for law in [.nodes(count: -1), .edges(count: -1), .walks(roots: 1, length: -1)] as [SaintLaw]
      {
        #expect(throws: SamplingError.self) {
          try SaintSampler(topology, law: law, key: Self.key(0))
        }
      }
      #expect(throws: SamplingError.self) {
        try SaintSampler(topology, law: .edges(count: 1), trials: -1, key: Self.key(0))
      }
      // No node has in-edges: draws of edges give nothing, walks end where they begin.
      var sampler = try SaintSampler(topology, law: .edges(count: 5), key: Self.key(0))
      #expect(try sampler.sample(key: Self.key(1)).graph == LocalSubgraph())
      sampler = try SaintSampler(topology, law: .walks(roots: 9, length: 3), key: Self.key(0))
      let found = try sampler.sample(key: Self.key(1))
      #expect(found.graph.nodeCount == 2 && found.graph.edgeCount == 0)
      sampler = try SaintSampler(topology, law: .nodes(count: 0), key: Self.key(0))
      #expect(try sampler.sample(key: Self.key(1)).nodeNormalization.isEmpty)
    }
  }
}
