import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Negative edges")
struct NegativeSamplerTests {
  static let key = RandomKey(seed: 21, stream: .negative, epoch: 1, step: 7)

  /// Negatives one by one, from the definition.
  struct Reference {
    let lists: [[UInt64]]
    let sourceCount: Int
    let law: NegativeLaw
    let end: EdgeEnd
    let rejects: Bool

    func negatives(of edges: [(UInt64, UInt64)], count: Int) -> NegativeEdges {
      var result = NegativeEdges(count: count)
      let draws = NegativeSamplerTests.key.draws
      let ends = lists.enumerated().flatMap { node, list in list.map { _ in node } }
      let nodeCount = end == .source ? sourceCount : lists.count
      for (position, edge) in edges.enumerated() {
        for number in 0..<count {
          var pair = edge
          var refusals = 0
          for attempt in 0... {
            let words = draws.wideWords(
              entity: UInt64(position), number: UInt32(attempt * 65536 + number))
            func pick(_ count: Int) -> Int {
              Int(words.x.multipliedFullWidth(by: UInt64(count)).high)
            }
            var node: UInt64
            switch law {
            case .byDegree:
              let found = ends[pick(ends.count)]
              let unit = Double(words.y >> 11) / Double(1 << 53)
              let degree = Double(lists[found].count)
              if unit * degree.squareRoot().squareRoot() >= 1 { continue }
              node = UInt64(found)
            case .inBatch where edges.count > 1:
              let others = edges.indices.filter { $0 != position }
              let other = edges[others[pick(others.count)]]
              node = end == .source ? other.0 : other.1
            default: node = UInt64(pick(nodeCount))
            }
            pair = end == .source ? (node, edge.1) : (edge.0, node)
            guard rejects, lists[Int(pair.1)].contains(pair.0) else { break }
            refusals += 1
            if refusals == 16 {
              result.trueEdges.append(result.sources.count)
              break
            }
          }
          result.sources.append(NodeID(pair.0))
          result.destinations.append(NodeID(pair.1))
        }
      }
      return result
    }
  }

  static func negatives(
    _ topology: Topology, of edges: [(UInt64, UInt64)], count: Int, law: NegativeLaw = .uniform,
    replacing end: EdgeEnd = .destination, rejecting: Bool = false
  ) throws -> NegativeEdges {
    var sampler = try NegativeSampler(
      topology, law: law, replacing: end, rejectsTrueEdges: rejecting)
    return try sampler.negatives(
      sources: edges.map { NodeID($0.0) }, destinations: edges.map { NodeID($0.1) }, count: count,
      key: key)
  }

  @Test(
    "are the naive ones, decoded or page by page", arguments: 0..<3 as Range<UInt64>,
    [.uniform, .byDegree, .inBatch] as [NegativeLaw])
  func equalsReference(seed: UInt64, law: NegativeLaw) throws {
    let folder = TemporaryFolder()
    var generator = SplitMix64(seed: seed)
    // Dense, so that many draws hit true edges.
    var graph = TestGraph(nodes: 25, meanInDegree: 12, shards: 1 + Int(seed), seed: seed)
    graph.lists[3] = []
    graph.lists[7] = (0..<25).map { $0 }
    let edges = (0..<30).map { _ in
      (UInt64.random(in: 0..<25, using: &generator), UInt64.random(in: 0..<25, using: &generator))
    }
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      for end in [.source, .destination] as [EdgeEnd] {
        for rejects in [false, true] {
          for edges in [edges, Array(edges[..<1])] {
            let reference = Reference(
              lists: graph.lists, sourceCount: 25, law: law, end: end, rejects: rejects)
            let found = try Self.negatives(
              topology, of: edges, count: 5, law: law, replacing: end, rejecting: rejects)
            #expect(found == reference.negatives(of: edges, count: 5))
          }
        }
      }
    }
  }

  /// ```
  /// in-edges:  0: 1 to 8     1: 0 four times     2: 1, 2     3: 0     4 to 8: none
  /// ```
  @Test("follow their law", arguments: [.uniform, .byDegree, .inBatch] as [NegativeLaw])
  func laws(law: NegativeLaw) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(
      lists: [(1...8).map { $0 }, [0, 0, 0, 0], [1, 2], [0], [], [], [], [], []])
    let edges = (0..<400).map { (UInt64($0 % 3), UInt64([0, 2, 3, 3, 5][$0 % 5])) }
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      for rejects in [false, true] {
        let found = try Self.negatives(
          topology, of: edges, count: 50, law: law, rejecting: rejects)
        // Each pair stays a true edge with the chance (share of the mass on true edges)^16.
        #expect(found.trueEdges.count < (rejects && law == .byDegree ? 40 : 1))
        let kept = Set(found.sources.indices).subtracting(found.trueEdges)
        for source in 0..<3 as Range<UInt64> {
          var counts = [Int](repeating: 0, count: 9)
          for place in kept where found.sources[place] == NodeID(source) {
            counts[Int(found.destinations[place].rawValue)] += 1
          }
          let masses: [Double] = (0..<9).map { node in
            if rejects, graph.lists[node].contains(source) { return 0 }
            switch law {
            case .uniform: return 1
            case .byDegree:
              let degree = Double(graph.lists[node].count)
              return degree.squareRoot() * degree.squareRoot().squareRoot()
            // Up to the edge itself, which is one of 400.
            case .inBatch: return [1, 0, 1, 2, 0, 1, 0, 0, 0][node]
            }
          }
          #expect(GoodnessOfFit.accepts(counts, law: masses), "\(rejects) \(source) \(counts)")
        }
      }
    }
  }

  @Test("stay within the types of a relation between two types")
  func typed() throws {
    let folder = TemporaryFolder()
    let graph = BipartiteGraph(lists: [[0, 3], [1], []], sourceCount: 40)
    let edges: [(UInt64, UInt64)] = [(0, 0), (39, 2)]
    for topology in try graph.topologies(in: folder) {
      for (law, end) in [
        (.uniform, .source), (.uniform, .destination), (.byDegree, .destination),
        (.inBatch, .source),
      ] as [(NegativeLaw, EdgeEnd)] {
        let reference = Reference(
          lists: graph.lists, sourceCount: 40, law: law, end: end, rejects: true)
        let found = try Self.negatives(
          topology, of: edges, count: 40, law: law, replacing: end, rejecting: true)
        #expect(found == reference.negatives(of: edges, count: 40))
        #expect(found.sources.allSatisfy { $0.rawValue < 40 })
        #expect(found.destinations.allSatisfy { $0.rawValue < 3 })
      }
      #expect(throws: SamplingError.differentNodeTypes(relation: "writes")) {
        try NegativeSampler(topology, law: .byDegree, replacing: .source)
      }
      #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(3), nodeCount: 3)) {
        try Self.negatives(topology, of: [(39, 3)], count: 1)
      }
    }
  }

  /// ```
  /// 0 -> 0, 0 -> 1: source 0 has an edge to every node
  /// ```
  @Test("name the pairs that no attempt could replace, and refuse what cannot be drawn")
  func corners() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(lists: [[0], [0]])
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      let found = try Self.negatives(
        topology, of: [(0, 0), (1, 1)], count: 2, rejecting: true)
      #expect(found.trueEdges == [0, 1])
      #expect(found.sources == [0, 0, 1, 1].map { NodeID($0) })
      var sampler = try NegativeSampler(topology, rejectsTrueEdges: true)
      let byEdge = try sampler.negatives(
        for: [EdgeID(1), EdgeID(0)], count: 1, key: Self.key)
      #expect(byEdge.sources == [NodeID(0), NodeID(0)] && byEdge.trueEdges == [0, 1])
      #expect(throws: SamplingError.edgeOutOfRange(edge: EdgeID(2), edgeCount: 2)) {
        try sampler.negatives(for: [EdgeID(2)], count: 1, key: Self.key)
      }
      #expect(try Self.negatives(topology, of: [], count: 3) == NegativeEdges(count: 3))
      #expect(try Self.negatives(topology, of: [(0, 0)], count: 0) == NegativeEdges(count: 0))
      #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(2), nodeCount: 2)) {
        try Self.negatives(topology, of: [(0, 0), (2, 0)], count: 1)
      }
      #expect(throws: SamplingError.self) {
        try Self.negatives(topology, of: [(0, 0)], count: -1)
      }
    }
    let empty = TemporaryFolder()
    for topology in try NeighborSamplerTests.topologies(TestGraph(lists: [[], []]), in: empty) {
      #expect(throws: SamplingError.nothingToDraw(relation: "edge")) {
        try Self.negatives(topology, of: [(0, 0)], count: 1, law: .byDegree)
      }
      #expect(
        try Self.negatives(topology, of: [(0, 0)], count: 3, rejecting: true).trueEdges.isEmpty)
    }
  }
}
