import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Random walks")
struct WalkTests {
  static let key = RandomKey(seed: 5, stream: .walk, epoch: 1, step: 2)
  static let laws: [WalkLaw] = [
    .uniform, .restart(probability: 0.3), .node2vec(p: 0.25, q: 4), .node2vec(p: 4, q: 0.5),
    .node2vec(p: 0.002, q: 1), .node2vec(p: 1, q: 300),
  ]

  /// ```
  /// 1 -> 0      2 -> 1      3 -> 2, 3 -> 3      4 is alone
  /// ```
  @Test("go against the edges and end at nodes without in-edges")
  func drawnGraph() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(lists: [[1], [2], [3], [3], []], bounds: [0, 2, 2, 5])
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var sampler = WalkSampler(topology)
      for law in [.uniform, .node2vec(p: 2, q: 3)] as [WalkLaw] {
        let walks = try sampler.walk(
          from: [0, 4, 3, 1].map { NodeID($0) }, law: law, length: 3, key: Self.key)
        #expect(walks.count == 4)
        #expect(walks.nodes == [0, 1, 2, 3, 4, 3, 3, 3, 3, 1, 2, 3, 3].map { NodeID($0) })
        #expect(walks.indptr == [0, 4, 5, 9, 13])
        #expect(walks.edges == [0, 1, 2, 3, 3, 3, 1, 2, 3].map { EdgeID($0) })
        #expect(walks[0] == [0, 1, 2, 3].map { NodeID($0) }[...])
        #expect(walks[1] == [NodeID(4)][...] && walks.edges(of: 1).isEmpty)
        #expect(Array(walks.edges(of: 3)) == [1, 2, 3].map { EdgeID($0) })
      }
      #expect(
        try sampler.walk(from: [], length: 3, key: Self.key)
          == Walks(nodes: [], indptr: [0], edges: []))
      #expect(
        try sampler.walk(from: [NodeID(0)], length: 0, key: Self.key)
          == Walks(nodes: [NodeID(0)], indptr: [0, 1], edges: []))
    }
  }

  @Test(
    "are the naive walks, decoded or page by page, in one call or in parts",
    arguments: 0..<6 as Range<UInt64>)
  func equalsReference(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 20 + Int(seed) * 60, meanInDegree: 5, shards: 1 + Int(seed) % 3, seed: seed)
    if seed % 3 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    let reference = ReferenceWalks(graph: graph, edgeSet: edgeSet)
    let starts = (0..<70).map { UInt64($0 * 13 % graph.nodeCount) }
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: edgeSet, in: folder) {
      var sampler = WalkSampler(topology)
      for law in Self.laws {
        let walks = try sampler.walk(
          from: starts.map { NodeID($0) }, law: law, length: 8, key: Self.key)
        #expect(walks == reference.walk(from: starts, law: law, length: 8, key: Self.key), "\(law)")
        let part = try sampler.walk(
          from: starts[30...].map { NodeID($0) }, law: law, length: 8, key: Self.key,
          firstWalk: 30)
        #expect(part.count == 40)
        for walk in 0..<40 { #expect(part[walk] == walks[walk + 30]) }
      }
    }
  }

  /// ```
  /// in-edges:  0: 1, 2, 2, 3, 4     1: 0, 0, 3     2: 1, 4     3: 0, 1, 2, 3     4: 0, 2
  /// ```
  @Test("follow the law of their step", arguments: laws)
  func law(_ law: WalkLaw) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(lists: [[1, 2, 2, 3, 4], [0, 0, 3], [1, 4], [0, 1, 2, 3], [0, 2]])
    let reference = ReferenceWalks(graph: graph)
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var sampler = WalkSampler(topology)
      let walks = try sampler.walk(
        from: (0..<20_000).map { NodeID(UInt64($0 % 5)) }, law: law, length: 4, key: Self.key)
      var counts: [[UInt64]: [UInt64: Int]] = [:]
      for walk in 0..<walks.count {
        let nodes = walks[walk].map(\.rawValue)
        for step in 1..<5 {
          // What a step depends on: the start, the node before (node2vec) and the node.
          let state = [nodes[0], step > 1 ? nodes[step - 2] : 9, nodes[step - 1]]
          let end = walks.edges(of: walk).dropFirst(step - 1).first!
          counts[state, default: [:]][end.rawValue, default: 0] += 1
        }
      }
      for (state, found) in counts {
        let (start, before, node) = (state[0], state[1], state[2])
        let list = reference.inEdges(of: node)
        var cells = list.map { found[$0.edge] ?? 0 } + [found[Walks.returned.rawValue] ?? 0]
        let law: [Double] =
          switch law {
          case .uniform: list.map { _ in 1 } + [0]
          case .restart(let probability):
            list.map { _ in (1 - probability) / Double(list.count) } + [probability]
          case .node2vec(let p, let q):
            (before == 9
              ? list.map { _ in 1 } : reference.weights(of: node, after: before, p: p, q: q)) + [0]
          }
        if cells.reduce(0, +) < 200 { cells = cells.map { _ in 0 } }
        #expect(GoodnessOfFit.accepts(cells, law: law), "\(start) \(before) \(node) \(cells)")
      }
    }
  }

  @Test("refuse unknown nodes and senseless parameters, by name")
  func badInput() throws {
    let folder = TemporaryFolder()
    for topology in try NeighborSamplerTests.topologies(TestGraph(lists: [[], [0]]), in: folder) {
      var sampler = WalkSampler(topology)
      #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(2), nodeCount: 2)) {
        try sampler.walk(from: [NodeID(0), NodeID(2)], length: 3, key: Self.key)
      }
      let bad: [(WalkLaw, Int, String)] = [
        (.uniform, -1, "length is -1; use a number of steps from 0 to 2^32 - 1"),
        (.node2vec(p: 0, q: 1), 1, "p is 0; use a number above 0"),
        (.node2vec(p: 1, q: .infinity), 1, "q is inf; use a number above 0"),
        (.node2vec(p: 1, q: .nan), 1, "q is nan; use a number above 0"),
        (.restart(probability: 1), 1, "restart probability is 1; use 0 or more and below 1"),
        (.restart(probability: -0.5), 1, "restart probability is -0.5; use 0 or more and below 1"),
      ]
      for (law, length, message) in bad {
        let error = #expect(throws: SamplingError.self) {
          try sampler.walk(from: [NodeID(0)], law: law, length: length, key: Self.key)
        }
        #expect(error?.description == message)
      }
    }
  }
}
