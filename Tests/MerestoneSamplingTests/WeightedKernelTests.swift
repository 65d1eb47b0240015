import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Weighted picks of many lists at once")
struct WeightedKernelTests {
  /// Lists on both sides of every limit, in one shard or three.
  static func topology(
    _ element: ElementType, seed: UInt64, hasZeros: Bool, storesSums: Bool,
    in folder: TemporaryFolder
  ) throws -> Topology {
    var generator = SplitMix64(seed: seed)
    let nodes = 120
    var graph = TestGraph(
      lists: (0..<nodes).map { node in
        let count =
          switch node % 8 {
          case 0: Int.random(in: 0..<4, using: &generator)
          case 1, 2: Int.random(in: 4..<20, using: &generator)
          case 3, 4: Int.random(in: 20..<70, using: &generator)
          case 5, 6: Int.random(in: 60..<600, using: &generator)
          // From more than 65,536 edges, draws are wider.
          case _ where node == 7: 65_537
          default: Int.random(in: 600..<9000, using: &generator)
          }
        return (0..<count).map { _ in UInt64.random(in: 0..<UInt64(nodes), using: &generator) }
      })
    // Some stretches weigh far more than others, so that guesses miss, and a few edges more than
    // all others together, so that what is left lies in few cells of a guide.
    graph.edgeColumns = [
      TestColumn(
        name: "weight", element: element,
        values: (0..<graph.edgeCount).map { edge in
          if hasZeros, generator.next() % 4 == 0 { return 0 }
          if edge % 4000 == 3999 { return 1e7 }
          let weight = 0.25 + Double.random(in: 0..<1, using: &generator)
          return edge / 500 % 3 == 0 ? 100 * weight : weight
        }, storesSums: storesSums)
    ]
    if storesSums { graph.cut(into: 3) }
    return try Topology.open(
      graph.store(at: folder.file("graph")), memory: ByteCount(1 << 30),
      pool: WeightedPickTests.pool)
  }

  @Test(
    "picks what the picker of one list picks, whatever is kept of the sums",
    arguments: [(ElementType.f32, false), (.f32, true), (.f64, false), (.f64, true)],
    [false, true])
  func equalsReference(weights: (ElementType, hasZeros: Bool), storesSums: Bool) throws {
    let (element, hasZeros) = weights
    let folder = TemporaryFolder()
    let topology = try Self.topology(
      element, seed: 7, hasZeros: hasZeros, storesSums: storesSums,
      in: folder)
    let nodes = (0..<topology.nodeCount).map { NodeID(UInt64($0)) }
    var reader = InEdgeReader(topology)
    var lists: [EdgeList] = []
    try reader.readLists(of: nodes, into: &lists)
    var sources: [NodeID] = []
    let edgeCount = lists.reduce(0) { $0 + Int($1.count) }
    // All sums with lines, without, some; stored ones need no memory.
    let all = 1 << 30
    let withoutLines = edgeCount * 17
    let memories =
      [all, withoutLines] + (storesSums ? [0] : [edgeCount, edgeCount / 20, edgeCount / 400])
    for memory in memories {
      let weights = try WeightedPickTests.weights(topology, memory: memory)
      #expect((weights.guided.count > 0) == (memory >= withoutLines))
      #expect((weights.lines != nil) == (memory == all))
      #expect(weights.byteCount <= memory)
      for replaces in [false, true] {
        for fanout in [1, 2, 5, 10, 15, 32] {
          let draws = RandomKey(seed: 3, stream: .neighborSampling, step: fanout).draws
          let (found, wanted) = try picks(
            weights, replaces, nodes, lists, fanout, draws, &reader)
          #expect(found.indptr == wanted.indptr)
          #expect(found.edges == wanted.edges)
          guard memory >= withoutLines else {
            #expect(found.indices.isEmpty)
            continue
          }
          try reader.readSources(of: wanted.edges, into: &sources)
          #expect(
            found.indices.map { UInt64($0.rawValue) }
              == sources[..<wanted.edges.count].map(\.rawValue))
        }
      }
    }
  }

  @Test(
    "finds the edge also where a line has the same 65,536th for it and a draw",
    arguments: [false, true])
  func ties(replaces: Bool) throws {
    let folder = TemporaryFolder()
    var generator = SplitMix64(seed: 11)
    var graph = TestGraph(
      lists: (0..<60).map { node in (0..<70 + node).map { _ in UInt64(node) } })
    graph.edgeColumns = [
      TestColumn(
        name: "weight", element: .f32,
        values: (0..<graph.edgeCount).map { _ in Double.random(in: 0..<1, using: &generator) })
    ]
    let topology = try Topology.open(
      graph.store(at: folder.file("graph")), memory: ByteCount(1 << 30),
      pool: WeightedPickTests.pool)
    let nodes = (0..<topology.nodeCount).map { NodeID(UInt64($0)) }
    var reader = InEdgeReader(topology)
    var lists: [EdgeList] = []
    try reader.readLists(of: nodes, into: &lists)
    let weights = try WeightedPickTests.weights(topology, memory: 1 << 30)
    #expect(weights.lines != nil)
    // A draw in 10,000 ties, so 40 of these do.
    for step in 0..<200 {
      let draws = RandomKey(seed: 4, stream: .neighborSampling, step: step).draws
      let (found, wanted) = try picks(weights, replaces, nodes, lists, 32, draws, &reader)
      #expect(found.edges == wanted.edges)
    }
  }

  private func picks(
    _ weights: EdgeWeights, _ replaces: Bool, _ nodes: [NodeID], _ lists: [EdgeList],
    _ fanout: Int, _ draws: RandomDraws, _ reader: inout InEdgeReader
  ) throws -> (HopEdges, HopEdges) {
    var results: [HopEdges] = []
    for usesKernel in [true, false] {
      var pick = WeightedPick(weights: weights, replaces: replaces, usesKernel: usesKernel)
      var picked = HopEdges()
      try pick.pick(
        nodes, times: [], lists, fanout: fanout, draws: draws, reader: &reader, into: &picked)
      results.append(picked)
    }
    return (results[0], results[1])
  }
}
