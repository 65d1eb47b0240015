import Foundation
import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Temporal sampling")
struct TemporalPickTests {
  static func order(
    _ topology: Topology, memory: Int = 1 << 20
  ) throws(SamplingError) -> EdgeOrder {
    try EdgeOrder(
      "time", .times, of: topology, memory: ByteCount(memory), pool: WeightedPickTests.pool)
  }

  @Test(
    "gives the naive sampler's mini-batches, decoded or page by page, with the order kept, stored or neither",
    arguments: 0..<8 as Range<UInt64>, [false, true])
  func equalsReference(seed: UInt64, isRecent: Bool) throws {
    for storesOrder in [false, true] {
      try equalsReference(seed, isRecent: isRecent, storesOrder: storesOrder)
    }
  }

  private func equalsReference(_ seed: UInt64, isRecent: Bool, storesOrder: Bool) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 60 + Int(seed) * 30, meanInDegree: 12, shards: 1 + Int(seed) % 3, seed: seed)
    if seed % 2 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    // Also times that are wider than a key, equal in what a key holds of them.
    let isWide = seed >= 6
    let edgeTimes = (0..<Int64(graph.edgeCount)).map { edge -> Int64 in
      guard isWide else { return edge * edge % 53 }
      return (edge * edge % 7) << 48 + edge % 5
    }
    graph.edgeColumns = [
      TestColumn(
        name: "time", element: isWide ? .i64 : [.i64, .i32, .u8][Int(seed) % 3],
        values: edgeTimes.map { Double($0) })
    ]
    graph.edgeColumns[0].storesOrder = storesOrder
    let reference = ReferenceSchemes(graph: graph, edgeSet: edgeSet)
    let key = NeighborSamplerTests.key
    let seeds = [seed, 40, seed, 17, 55, seed]
    let times: [Int64] =
      isWide
      ? [3 << 48 + 2, 1 << 48, 5 << 48 + 3, 6 << 48 + 1, -1, .max] : [30, 10, 20, 53, -1, 30]
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: edgeSet, in: folder) {
      for memory in [0, 1 << 20] {
        let order = try Self.order(topology, memory: memory)
        #expect(order.isKept == (memory > 0))
        // What is stored has the edges that a set leaves out, too.
        #expect(order.isStored == (storesOrder && edgeSet == .all))
        #expect(order.byteCount == (memory > 0 ? 8 * graph.edgeCount : 0))
        for fanouts in [[3, 3], [-1, 4, 0], [15, 5]] {
          let expected = reference.sampleTemporal(
            seeds, times, fanouts: fanouts, key: key, edgeTimes: edgeTimes, isRecent: isRecent)
          var sampler = try NeighborSampler(
            topology: topology, fanouts: fanouts,
            scheme: isRecent ? .recent(by: order) : .temporal(by: order))
          let batch = try sampler.sample(seeds: seeds.map { NodeID($0) }, times: times, key: key)
          #expect(batch == expected)
        }
      }
    }
  }

  /// ```
  /// 1 -> 0 (time 1), 2 -> 0 (time 5)      0 -> 1 (time 3), 2 -> 1 (time 0)      1 -> 2 (time 2)
  /// ```
  @Test("sees a node as of the time of the seed that it was reached from, in all hops")
  func drawnGraph() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[1, 2], [0, 2], [1]], bounds: [0, 1, 3])
    graph.edgeColumns = [TestColumn(name: "time", element: .i64, values: [1, 5, 3, 0, 2])]
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var sampler = try NeighborSampler(
        topology: topology, fanouts: [-1, -1], scheme: .temporal(by: Self.order(topology)))
      let batch = try sampler.sample(
        seeds: [NodeID(0), NodeID(0), NodeID(0)], times: [2, 5, 2], key: NeighborSamplerTests.key)
      #expect(batch.seedIndices == [0, 1, 0].map { BlockIndex($0) })
      #expect(
        batch.blocks[0]
          == Block(
            sources: [0, 0, 1, 1, 2].map { NodeID($0) }, destinationCount: 2, indptr: [0, 1, 3],
            indices: [2, 3, 4].map { BlockIndex($0) }, edges: [0, 0, 1].map { EdgeID($0) },
            sourceTimes: [2, 5, 2, 5, 5]))
      // As of 2, node 1 has only the edge from 2; node 2 as of 2 is new.
      #expect(
        batch.blocks[1]
          == Block(
            sources: [0, 0, 1, 1, 2, 2].map { NodeID($0) }, destinationCount: 5,
            indptr: [0, 1, 3, 4, 6, 7], indices: [2, 3, 4, 5, 1, 4, 3].map { BlockIndex($0) },
            edges: [0, 0, 1, 3, 2, 3, 4].map { EdgeID($0) }, sourceTimes: [2, 5, 2, 5, 5, 2]))
    }
  }

  @Test(
    "finds times in long lists, between stored ones and beyond, shards by shards", arguments: 0..<4)
  func longLists(seed: Int) throws {
    let folder = TemporaryFolder()
    var generator = SplitMix64(seed: UInt64(seed))
    let sizes = [0, 1, 15, 16, 17, 500, 31, 32, 33, 2000, 0, 160]
    var graph = TestGraph(lists: sizes.map { (0..<$0).map { UInt64($0 % sizes.count) }.sorted() })
    graph.cut(into: 1 + seed)
    let range: ClosedRange<Int64> = [0...3, 0...1_000_000, -40...40, 5...5][seed]
    let times = (0..<graph.edgeCount).map { _ in Int64.random(in: range, using: &generator) }
    var column = TestColumn(name: "time", element: .i64, values: times.map { Double($0) })
    column.storesOrder = true
    graph.edgeColumns = [column]
    let topology = try NeighborSamplerTests.topologies(graph, in: folder)[0]
    let order = try Self.order(topology, memory: 0)
    #expect(order.isStored && !order.isKept)
    var search = TimeSearch()
    var reader = InEdgeReader(topology)
    var lists: [EdgeList] = []
    try reader.readLists(of: sizes.indices.map { NodeID(UInt64($0)) }, into: &lists)
    for _ in 0..<300 {
      let asked = sizes.map { _ in
        Int64.random(in: range.lowerBound - 1...range.upperBound + 1, using: &generator)
      }
      try search.run(order, lists, asked, 2..<sizes.count)
      for node in 2..<sizes.count {
        let all = times[graph.indptr[node]..<graph.indptr[node + 1]]
        let found = search.found[node - 2]
        #expect(found.first == all.count { $0 > asked[node] })
        #expect(found.end == sizes[node])
      }
    }
    for time in [Int64.min, .max] {
      try search.run(order, lists, sizes.map { _ in time }, 0..<sizes.count)
      #expect(search.found.map(\.first) == (time == .max ? sizes.map { _ in 0 } : sizes))
    }
  }

  @Test(
    "refuses positions of no edge in a stored order, wherever they are met", arguments: [0, 40, 99])
  func badPosition(place: Int) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [(0..<100).map { $0 }] + Array(repeating: [], count: 99))
    var column = TestColumn(name: "time", element: .i64, values: (0..<100).map { Double($0) })
    column.storesOrder = true
    graph.edgeColumns = [column]
    graph.damage = { positions, _ in positions[place] = 100 }
    let topology = try NeighborSamplerTests.topologies(graph, in: folder)[0]
    #expect(throws: SamplingError.self) { try Self.order(topology) }
    let order = try Self.order(topology, memory: 0)
    for scheme in [NeighborScheme.temporal(by: order), .recent(by: order)] {
      var sampler = try NeighborSampler(topology: topology, fanouts: [-1], scheme: scheme)
      let error = #expect(throws: SamplingError.self) {
        try sampler.sample(
          seeds: [NodeID(0)], times: [.max], key: NeighborSamplerTests.key)
      }
      let text = "\(error!)"
      #expect(text.contains(".order.npy") && text.contains("below 100"), "\(text)")
      #expect(text.contains("row \(place)"), "\(text)")
    }
  }

  /// A list of 5,000 edges and short ones, with their order stored.
  private func largeGraph() -> TestGraph {
    var graph = TestGraph(nodes: 400, meanInDegree: 20, shards: 3, seed: 3)
    graph.lists[7] = (0..<5000).map { $0 * 400 / 5000 }
    var column = TestColumn(
      name: "time", element: .i32, values: (0..<graph.edgeCount).map { Double($0 * 7919 % 1009) })
    column.storesOrder = true
    graph.edgeColumns = [column]
    return graph
  }

  @Test(
    "reads the order of a column that is large for the cap part by part", arguments: [false, true])
  func parts(isRecent: Bool) throws {
    let folder = TemporaryFolder()
    let store = try largeGraph().store(at: folder.file("graph"))
    let seeds = (0..<60).map { NodeID($0 * 5 + 2) }
    let times = seeds.indices.map { Int64($0 * 17) }
    func sample(_ memory: Int, keeping kept: Int) throws -> MiniBatch {
      let topology = try Topology(store: store, memory: ByteCount(memory))
      let order = try Self.order(topology, memory: kept)
      #expect(order.isKept == (kept > 0) && order.isStored)
      #expect((order.edges.partBytes == .max) == (memory > 1 << 20))
      var sampler = try NeighborSampler(
        topology: topology, fanouts: [4, 3],
        scheme: isRecent ? .recent(by: order) : .temporal(by: order))
      return try sampler.sample(seeds: seeds, times: times, key: NeighborSamplerTests.key)
    }
    let expected = try sample(1 << 30, keeping: 1 << 20)
    #expect(expected.blocks[1].edges.count > 100)
    #expect(try sample(1 << 30, keeping: 0) == expected)
    // Parts of a hundred edges and less.
    #expect(try sample(1 << 16, keeping: 0) == expected)
    #expect(try sample(1 << 16, keeping: 1 << 20) == expected)
  }

  @Test("keeps no order whose longest list is too large to be copied within the memory")
  func longestList() throws {
    let folder = TemporaryFolder()
    let topology = try Topology(
      store: largeGraph().store(at: folder.file("graph")), memory: ByteCount(1 << 16))
    let bytes = topology.store.manifest.relations[0].edgeCount * 8
    // Its times and positions may take an eighth.
    #expect(bytes < 5000 * 9 * 8)
    #expect(try !Self.order(topology, memory: bytes).isKept)
    #expect(try !Self.order(topology, memory: 5000 * 9 * 8 - 1).isKept)
    #expect(try Self.order(topology, memory: 5000 * 9 * 8).isKept)
  }

  @Test(
    "notices damaged and shrunken files of a stored order", arguments: ["order", "times"],
    [false, true])
  func damagedFiles(kind: String, isShrunken: Bool) throws {
    for keeps in [false, true] where !(keeps && kind == "times") {
      let folder = TemporaryFolder()
      _ = try largeGraph().store(at: folder.file("graph"))
      let path = folder.file("graph/shard-00000/edges/r0000.c00.\(kind).npy")
      let handle = try #require(FileHandle(forUpdatingAtPath: path))
      if !isShrunken {
        // In the order of list 7.
        try handle.seek(toOffset: 1000)
        try handle.write(contentsOf: [0x55])
      }
      let topology = try Topology(store: GraphStore.open(folder.file("graph")))
      let error = #expect(throws: SamplingError.self) {
        let edges = try EdgeColumn("time", of: topology, usesOrder: true)
        #expect(edges.order != nil)
        let order = try Self.order(topology, memory: 0)
        let kept = keeps && !isShrunken ? try Self.order(topology) : order
        if isShrunken { try handle.truncate(atOffset: 128) }
        let last = keeps && isShrunken ? try Self.order(topology) : kept
        var sampler = try NeighborSampler(
          topology: topology, fanouts: [3], scheme: .temporal(by: last))
        _ = try sampler.sample(
          seeds: [NodeID(7)], times: [500], key: NeighborSamplerTests.key)
      }
      #expect("\(error!)".contains(".\(kind).npy"), "\(error!)")
    }
  }

  @Test("keeps every set of edges that are not later equally often")
  func distribution() throws {
    // A false alarm: about 1 of 10,000 keys; the keys are fixed.
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [(0..<9).map { $0 }] + Array(repeating: [], count: 8))
    graph.edgeColumns = [
      TestColumn(name: "time", element: .i32, values: [1, 9, 2, 3, 9, 9, 3, 0, 9])
    ]
    let topology = try NeighborSamplerTests.topologies(graph, in: folder)[0]
    var sampler = try NeighborSampler(
      topology: topology, fanouts: [2], scheme: .temporal(by: Self.order(topology)))
    var counts: [[UInt64]: Int] = [:]
    for step in 0..<8000 {
      let edges = try sampler.sample(
        seeds: [NodeID(0)], times: [3],
        key: RandomKey(seed: 5, stream: .neighborSampling, step: step)
      ).blocks[0].edges
      counts[edges.map(\.rawValue), default: 0] += 1
    }
    var law: [[UInt64]: Double] = [:]
    let possible = [0, 2, 3, 6, 7] as [UInt64]
    for first in possible {
      for second in possible where first < second { law[[first, second]] = 0.1 }
    }
    #expect(GoodnessOfFit.accepts(counts, law: law))
  }

  @Test("draws for the same node as of two times independently")
  func independence() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[0, 1, 2], [], []])
    graph.edgeColumns = [TestColumn(name: "time", element: .i32, values: [0, 0, 0])]
    let topology = try NeighborSamplerTests.topologies(graph, in: folder)[0]
    var sampler = try NeighborSampler(
      topology: topology, fanouts: [1], scheme: .temporal(by: Self.order(topology)))
    var counts: [[UInt64]: Int] = [:]
    for step in 0..<8000 {
      let edges = try sampler.sample(
        seeds: [NodeID(0), NodeID(0)], times: [3, 4],
        key: RandomKey(seed: 5, stream: .neighborSampling, step: step)
      ).blocks[0].edges
      counts[edges.map(\.rawValue), default: 0] += 1
    }
    var law: [[UInt64]: Double] = [:]
    for first in 0..<3 as Range<UInt64> {
      for second in 0..<3 as Range<UInt64> { law[[first, second]] = 1 / 9 }
    }
    #expect(GoodnessOfFit.accepts(counts, law: law))
  }

  @Test("refuses times that do not fit, by name")
  func badInput() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[1], []])
    graph.edgeColumns = [
      TestColumn(name: "time", element: .i64, values: [1]),
      TestColumn(name: "hour", element: .f32, values: [1]),
    ]
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    #expect(throws: SamplingError.timesNotIntegers(column: "hour")) {
      try EdgeOrder(
        "hour", .times, of: topology, memory: ByteCount(0), pool: WeightedPickTests.pool)
    }
    var sampler = try NeighborSampler(
      topology: topology, fanouts: [1], scheme: .recent(by: Self.order(topology)))
    let seeds = [NodeID(0), NodeID(1)]
    let key = NeighborSamplerTests.key
    #expect(throws: SamplingError.timesMissing(column: "time")) {
      try sampler.sample(seeds: seeds, key: key)
    }
    #expect(throws: SamplingError.wrongTimeCount(seeds: 2, times: 1)) {
      try sampler.sample(seeds: seeds, times: [4], key: key)
    }
    #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(2), nodeCount: 2)) {
      try sampler.sample(seeds: [NodeID(2)], times: [4], key: key)
    }
    #expect(try sampler.sample(seeds: [], key: key).blocks[0].sourceTimes == [])
    var uniform = try NeighborSampler(topology: topology, fanouts: [1])
    #expect(throws: SamplingError.timesWithoutUse(count: 2)) {
      try uniform.sample(seeds: seeds, times: [4, 4], key: key)
    }
  }
}
