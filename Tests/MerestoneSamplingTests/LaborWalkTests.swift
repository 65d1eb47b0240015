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
    for limit in [1, 1 << 20, 1 << 26, 1 << 31] as [UInt32] {
      let expected = (first..<first + count).filter {
        LaborNumber.of(NodeID(UInt64($0)), draws) < limit
      }
      // A guard word behind the last row.
      var nodes = [UInt32](repeating: 0xDEAD_BEEF, count: (count + 63) / 64 * 64 + 1)
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
    let limits = (0..<40).map { _ in UInt32(generator.next() >> 33) }.sorted(by: >)
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
    let numbers = nodes.map { _ in UInt32(generator.next() >> 34) }
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

  @Test("long lists by source are those of the graph, from the length that memory allows")
  func contents() throws {
    let folder = TemporaryFolder()
    let graph = Self.graph()
    let topologies = try NeighborSamplerTests.topologies(graph, in: folder)
    let flat = try #require(topologies.first { $0.flat != nil })
    let indptr = graph.indptr
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
        let long = graph.lists.indices.filter { graph.lists[$0].count >= made.shortest }
        #expect(made.lists.map { Int($0.start) } == long.map { indptr[$0] })
        #expect(made.lists.map { Int($0.count) } == long.map { graph.lists[$0].count })
        for (index, node) in long.enumerated() {
          #expect(made.index(of: NodeID(UInt64(node))) == index)
        }
        var expected = [[UInt64]](repeating: [], count: 3000)
        let order = long.indices.sorted {
          (made.lists[$0].count, $0) < (made.lists[$1].count, $1)
        }
        for index in order {
          for (position, source) in graph.lists[long[index]].enumerated() {
            expected[Int(source)].append(UInt64(index) | UInt64(position) << 32)
          }
        }
        let offsets = made.offsets.withPart(0..<3001) { part in part.indices.map { part[$0] } }
        let entries = made.entries.withPart(0..<made.entries.count) { part in
          part.indices.map { part[$0] }
        }
        #expect(offsets.last == UInt64(entries.count))
        for node in 0..<3000 {
          #expect(Array(entries[Int(offsets[node])..<Int(offsets[node + 1])]) == expected[node])
        }
      }
    }
    #expect(lengths.count > 1 && lengths.contains(512))
    // Not of what is not decoded, and not where no list is long.
    for topology in topologies where topology.flat == nil {
      let made = try LongLists.make(
        of: topology, memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
      #expect(made == nil)
    }
    let short = try NeighborSamplerTests.topologies(
      TestGraph(lists: [[1], []]), in: TemporaryFolder())
    #expect(
      try LongLists.make(of: short[0], memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
        == nil)
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
      var ends: [Int] = []
      for node in nodes where graph.lists[Int(node.rawValue)].count >= 512 {
        let list = graph.lists[Int(node.rawValue)]
        let p = Double(fanout) / Double(list.count)
        for (position, source) in list.enumerated()
        where ReferenceSchemes.laborKeeps(source, p, draws) {
          expected.append(EdgeID(UInt64(indptr[Int(node.rawValue)] + position)))
        }
        ends.append(expected.count)
      }
      #expect(!ends.isEmpty && walk.edges == expected && walk.ends == ends)
    }
  }
}
