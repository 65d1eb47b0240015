import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Choosing how to read a relation")
struct ReadingPlanTests {
  @Test("decodes a relation that takes at most three quarters of the cap, and says what it takes")
  func choice() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 1000, meanInDegree: 8, shards: 3, seed: 2)
    let manifest = try graph.store(at: folder.file("graph")).manifest
    let flat = 8 * 1001 + 56 + 4 * graph.edgeCount
    func plan(_ memory: Int) -> ReadingPlan {
      ReadingPlan(manifest, relation: RelationID(0), memory: ByteCount(memory))
    }
    #expect(plan(1 << 30).flatBytes.bytes - flat < 64)
    #expect(plan(flat * 2).way == .flat)
    #expect(plan(flat).way == .grouped)
    #expect(plan(0).way == .grouped)
    #expect(
      ReadingPlan(manifest, relation: RelationID(0), memory: ByteCount(0), way: .flat).way == .flat)
    let files = try (0..<3).map {
      try EdgeStore(
        path: folder.file("graph/" + GraphLayout.edges(RelationID(0), shard: ShardID($0)))
      )
      .fileBytes
    }
    let total = files.reduce(0, +)
    #expect(plan(0).fileBytes.bytes == total)
    #expect(plan(total).dropsBehind)
    #expect(!plan(5 * total).dropsBehind)
    // Grouped: an eighth. Flat: all but the edges, 4,000 bytes a thread and an eighth.
    #expect(plan(4000).batchMemory(threads: 2).bytes == 500)
    let ample = plan(1 << 20)
    #expect(ample.way == .flat)
    #expect(
      ample.batchMemory(threads: 2).bytes == (7 << 17) - ample.flatBytes.bytes - 8000)
    #expect(
      ample.batchMemory(threads: 2, columnBytes: 1000).bytes
        == ample.batchMemory(threads: 2).bytes - 1000)
    // Edge columns: what the edges leave of three quarters, never nothing; grouped a quarter.
    #expect(ample.columnMemory.bytes == 3 << 18 - ample.flatBytes.bytes)
    let tight = plan(ample.flatBytes.bytes * 4 / 3 + 8)
    #expect(tight.way == .flat)
    #expect(tight.columnMemory.bytes == tight.memory.bytes / 32)
    #expect(plan(4000).columnMemory.bytes == 1000)
  }

  @Test("gives groups what program, threads, files, columns and tables over nodes leave of the cap")
  func groups() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(nodes: 1000, meanInDegree: 20, shards: 3, seed: 1)
    graph.edgeColumns = [
      TestColumn(name: "weight", element: .f32, values: (0..<graph.edgeCount).map { Double($0) })
    ]
    let store = try graph.store(at: folder.file("graph"))
    let pool = ThreadPool(threads: 1)
    func memory(
      _ cap: Int, scheme: TestScheme? = nil, relations: Int = 1, types: Int = 1, columns: Int = 0,
      program: Int = 0, thread: Int = 0
    ) throws -> Int {
      let topology = try Topology(store: store, memory: ByteCount(cap))
      let followed = FollowedRelation(
        topology: topology, fanouts: [3],
        scheme: try scheme?.open(topology, memory: ByteCount(0), pool) ?? .uniform)
      return [FollowedRelation](repeating: followed, count: relations).groupMemory(
        of: ByteCount(cap), types: Array(repeating: NodeTypeID(0), count: types), threads: 2,
        columnBytes: columns, programBytes: program, threadBytes: thread
      ).bytes
    }
    let files = try Topology(store: store).plan.fileBytes.bytes
    // Files that stay mapped; 4 bytes per node, thread and type where an eighth of the cap allows it.
    #expect(try memory(8 * files) == 5 * files - 8000)
    #expect(try memory(8 * files, relations: 2, types: 2, columns: 70) == 4 * files - 16_070)
    #expect(try memory(4000) == 3000)
    #expect(try memory(4000, columns: 100) == 2900)
    #expect(try memory(4000, scheme: .weighted, columns: 100) == 2400)
    #expect(try memory(4000, columns: 5000) == 0)
    #expect(try memory(4000, program: 500, thread: 250) == 3000)
    #expect(try memory(4000, program: 600, thread: 300) == 2800)
    #expect(try memory(4000, columns: 100, program: 3000, thread: 300) == 400)
    #expect(try memory(4000, program: 5000) == 500)
    #expect(try memory(64_000) == 48_000 - 8000)
    #expect(try memory(63_992) == 47_994)
    #expect(try memory(64_000, types: 2) == 48_000)
  }
}
