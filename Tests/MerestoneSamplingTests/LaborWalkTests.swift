import CMerestoneKernels
import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Walking to long lists for LABOR")
struct LaborWalkTests {
  @Test(
    "finds the nodes of a row with small numbers",
    arguments: [0, 64, 8192, 1 << 32 - 1024], [0, 1, 63, 64, 65, 1000])
  func candidates(first: Int, count: Int) {
    let draws = RandomKey(seed: 7, stream: .neighborSampling, step: count).draws
    // No offset is read.
    let offsets = [0 as UInt64]
    // Among them a limit that is a node's number, and the next.
    let one = LaborNumber.of(NodeID(UInt64(first + count / 2)), draws)
    for limit in [1, 1 << 20, 1 << 26, 1 << 31, one, one &+ 1] as [UInt32] {
      let expected = (first..<first + count).filter {
        LaborNumber.of(NodeID(UInt64($0)), draws) < limit
      }
      // A guard word behind the last.
      var nodes = [UInt32](repeating: 0xDEAD_BEEF, count: count + 1)
      var numbers = nodes
      let found = mrs_labor_candidates(
        UInt64(first), count, limit, draws.key.x, draws.key.y, offsets, &nodes, &numbers)
      #expect(nodes[..<found].map { Int($0) } == expected)
      #expect(
        Array(numbers[..<found]) == expected.map { LaborNumber.of(NodeID(UInt64($0)), draws) })
      #expect(nodes.last == 0xDEAD_BEEF && numbers.last == 0xDEAD_BEEF)
    }
  }

  @Test(
    "copies what lists that are looked at keep, with room for little at a time",
    arguments: 0..<8 as Range<UInt64>)
  func kernels(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    // Limits never grow.
    let limits = (0..<40).map { _ in UInt32(generator.next() % 64) }.sorted(by: >)
    let isAbsent = limits.map { _ in generator.next() % 3 == 0 }
    var offsets = [0 as UInt64]
    var entries: [UInt64] = []
    for node in 0..<60 {
      let degree = [0, 1, 7, 8, 9, 30, 70][node % 7]
      let lists = (0..<degree).map { _ in generator.next() % 40 }.sorted()
      for list in lists { entries.append(list | (generator.next() >> 40) << 32) }
      offsets.append(UInt64(entries.count))
    }
    let nodes = (0..<60).filter { _ in generator.next() % 4 > 0 }.map { UInt32($0) }
    let numbers = nodes.map { _ in UInt32(generator.next() % 64) }
    var expected: [UInt64] = []
    for (node, number) in zip(nodes, numbers) {
      for entry in entries[Int(offsets[Int(node)])..<Int(offsets[Int(node) + 1])] {
        let list = Int(entry & 0xFFFF_FFFF)
        if number < limits[list], !isAbsent[list] { expected.append(entry) }
      }
    }
    let marked = zip(limits, isAbsent).map { $1 ? $0 | MRS_LIST_IS_ABSENT : $0 }
    offsets.withUnsafeBufferPointer { offsets in
      entries.withUnsafeBufferPointer { entries in
        marked.withUnsafeBufferPointer { limits in
          var edges = mrs_out_edges(
            offsets: offsets.baseAddress, entries: entries.baseAddress, limits: limits.baseAddress)
          for kernel in [mrs_labor_walk, mrs_labor_walk_baseline] {
            for room in [8, 9, 50, 10_000] {
              var found: [UInt64] = []
              var place = mrs_walk_place()
              var part = [UInt64](repeating: 0, count: room + 1)
              while place.candidate < nodes.count {
                part[room] = 0xDEAD_BEEF
                let count = kernel(&edges, nodes, numbers, nodes.count, &place, &part, room)
                #expect(part[room] == 0xDEAD_BEEF)
                found += part[..<count]
              }
              #expect(found == expected)
            }
          }
        }
      }
    }
  }

  /// Lists of 0 to 5,000 edges of 3,000 nodes, repetitions among them.
  static func graph() -> TestGraph {
    var generator = SplitMix64(seed: 11)
    var graph = TestGraph(
      lists: (0..<3000).map { node in
        let count = node % 50 == 0 ? 300 + node % 401 * 12 : node % 4
        return (0..<count).map { _ in
          let source = generator.next() % 3000
          return source % 3 == 0 ? source / 30 : source
        }.sorted()
      })
    graph.cut(into: 3)
    return graph
  }

  /// Compares with lists that are turned round naively.
  private func expectContents(of made: LongLists, equal lists: [[UInt64]], sources: Int) {
    let starts = lists.reduce(into: [0]) { $0.append($0.last! + $1.count) }
    let long = lists.indices.filter { lists[$0].count >= made.shortest }
    #expect(made.lists.map { Int($0.start) } == long.map { starts[$0] })
    #expect(made.lists.map { Int($0.count) } == long.map { lists[$0].count })
    for (index, node) in long.enumerated() {
      #expect(made.index(of: NodeID(UInt64(node))) == index)
    }
    var expected = [[UInt64]](repeating: [], count: sources)
    for index in long.indices.sorted(by: {
      (made.lists[$0].count, $0) < (made.lists[$1].count, $1)
    }) {
      for (position, source) in lists[long[index]].enumerated() {
        expected[Int(source)].append(UInt64(index) | UInt64(position) << 32)
      }
    }
    let offsets = made.offsets.withPart(0..<sources + 1) { part in part.indices.map { part[$0] } }
    let entries = made.entries.withPart(0..<made.entries.count) { part in
      part.indices.map { part[$0] }
    }
    #expect(made.sourceCount == sources && offsets.last == UInt64(entries.count))
    for node in 0..<sources {
      #expect(Array(entries[Int(offsets[node])..<Int(offsets[node + 1])]) == expected[node])
    }
  }

  @Test("long lists of a relation between two types have the sources of the one")
  func betweenTypes() throws {
    let folder = TemporaryFolder()
    var shop = Shop(seed: 4)
    shop.lists[1][7] = (0..<900).map { UInt64($0 / 8) }
    shop.lists[2][100] = (0..<600).map { UInt64($0 / 10) }
    let store = try shop.store(at: folder.file("shop"))
    let pool = ThreadPool(threads: 2)
    for (relation, sources) in [(1, 120), (2, 60)] {
      let topology = try Topology.open(
        store, relation: RelationID(relation), memory: ByteCount(1 << 30), pool: pool,
        joinsTypes: true)
      let made = try #require(
        try LongLists.make(of: topology, memory: ByteCount(1 << 20), pool: pool))
      #expect(made.lists.count == 1)
      expectContents(of: made, equal: shop.lists[relation], sources: sources)
    }
  }

  @Test("long lists by source are those of the graph, from the length that memory allows")
  func contents() throws {
    let folder = TemporaryFolder()
    let graph = Self.graph()
    let topologies = try NeighborSamplerTests.topologies(graph, in: folder)
    let flat = try #require(topologies.first { $0.flat != nil })
    var lengths: Set<UInt64> = []
    for threads in [1, 3] {
      let pool = ThreadPool(threads: threads)
      for memory in [1 << 22, 1_200_000, 800_000, 60_000] {
        let made = try LongLists.make(of: flat, memory: ByteCount(memory), pool: pool)
        guard let made else {
          #expect(memory == 60_000)
          continue
        }
        #expect(made.byteCount <= memory)
        lengths.insert(made.shortest)
        expectContents(of: made, equal: graph.lists, sources: 3000)
      }
    }
    #expect(lengths.count > 1 && lengths.contains(512))
    // Not of what is not decoded, and not where no list is long.
    for topology in topologies where topology.flat == nil {
      let made = try LongLists.make(
        of: topology, memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
      #expect(made == nil)
    }
    #expect(topologies[1].flat != nil)
    let short = try NeighborSamplerTests.topologies(
      TestGraph(lists: [[1], []]), in: TemporaryFolder())
    #expect(
      try LongLists.make(of: short[1], memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
        == nil)
  }

  @Test("walks over many rows and portions of lists keep what a scan keeps")
  func scan() throws {
    let folder = TemporaryFolder()
    var generator = SplitMix64(seed: 12)
    let nodeCount = 20_000
    let graph = TestGraph(
      lists: (0..<nodeCount).map { node in
        let count = node % 400 == 7 ? 512 + node % 3001 : node % 9
        return (0..<count).map { _ in generator.next() % UInt64(nodeCount) }.sorted()
      })
    let topology = try NeighborSamplerTests.topologies(graph, in: folder)[1]
    let longLists = try LongLists.make(
      of: topology, memory: ByteCount(1 << 24), pool: ThreadPool(threads: 2))
    let nodes = (0..<nodeCount).filter { $0 % 3 > 0 }.shuffled().map { NodeID(UInt64($0)) }
    var reader = InEdgeReader(topology)
    var lists: [EdgeList] = []
    try reader.readLists(of: nodes, into: &lists)
    var found: [HopEdges] = []
    for longLists in [nil, longLists] {
      var scan = LaborScan(longLists: longLists, stampBudget: ByteCount(1 << 20))
      for step in 0..<2 {
        let draws = RandomKey(seed: 9, stream: .neighborSampling, step: step).draws
        let walks = scan.prepare(lists[...], 4, draws, sources: nodeCount, SourceRuns(topology))
        #expect(walks == (longLists != nil))
        var picked = HopEdges()
        try scan.pick(
          nodes, lists[...], fanout: 4, draws: draws, reader: &reader, into: &picked)
        found.append(picked)
      }
    }
    for step in 0..<2 {
      #expect(found[step].indptr == found[2 + step].indptr)
      #expect(found[step].edges == found[2 + step].edges)
      #expect(found[step].weights == found[2 + step].weights)
    }
    #expect(found[0].edges != found[1].edges && found[0].edges.count > 10_000)
  }

  @Test("finds what a scan keeps, of any of the long lists, one hop after the other")
  func find() throws {
    let folder = TemporaryFolder()
    let graph = Self.graph()
    let topology = try #require(
      NeighborSamplerTests.topologies(graph, in: folder).first { $0.flat != nil })
    let longLists = try #require(
      try LongLists.make(of: topology, memory: ByteCount(1 << 22), pool: ThreadPool(threads: 2)))
    var walk = LaborWalk(longLists)
    #expect(walk.cost(fanout: 256) == .infinity && walk.cost(fanout: 255) < .infinity)
    let indptr = graph.indptr
    var generator = SplitMix64(seed: 3)
    for fanout in [1, 5, 40, 255] {
      let draws = RandomKey(seed: 8, stream: .neighborSampling, step: fanout).draws
      let nodes =
        (0..<3000 as Range<UInt64>).filter { _ in generator.next() % 3 > 0 }
        .map { NodeID($0) }.reversed() as [NodeID]
      let lists = nodes.map {
        EdgeList(
          start: UInt64(indptr[Int($0.rawValue)]),
          count: UInt64(graph.lists[Int($0.rawValue)].count))
      }
      walk.find(nodes, lists[...], fanout: fanout, draws: draws)
      var expected: [EdgeID] = []
      var starts = [0]
      for node in nodes where graph.lists[Int(node.rawValue)].count >= 512 {
        let list = graph.lists[Int(node.rawValue)]
        let p = Double(fanout) / Double(list.count)
        for (position, source) in list.enumerated()
        where ReferenceSchemes.laborKeeps(source, p, draws) {
          expected.append(EdgeID(UInt64(indptr[Int(node.rawValue)] + position)))
        }
        starts.append(expected.count)
      }
      #expect(starts.count > 1 && walk.edges == expected && walk.starts == starts)
    }
  }
}
