import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("A second stream of packed pages")
struct PackedStreamTests {
  let folder = TemporaryFolder()
  let pool = ThreadPool(threads: 2)

  /// Three shards of about 4,000 edges, so that each has a page or two.
  private func graph() -> TestGraph {
    var graph = TestGraph(nodes: 1200, meanInDegree: 10, shards: 3, seed: 4)
    graph.packedLists = graph.lists
    return graph
  }

  private func path(_ shard: Int) -> String {
    folder.file("graph/" + GraphLayout.packedEdges(RelationID(0), shard: ShardID(shard)))
  }

  /// But for the number of cut edges, which the test's graphs do not record.
  private func problems() throws -> [StorageError] {
    try Verification.run(folder.file("graph"), pool: pool).map(\.error)
      .filter { !$0.location.path.hasSuffix("manifest.json") }
  }

  @Test("gives the mini-batches that the pages give, by every way of reading")
  func sameness() throws {
    let graph = graph()
    let store = try graph.store(at: folder.file("graph"))
    #expect(try problems() == [])
    var packedOnly = graph
    packedOnly.packedLists = nil
    packedOnly.pageFormat = .packed
    let other = try packedOnly.store(at: folder.file("packed"))
    var expected: MiniBatch?
    for (store, way) in [
      (other, Reading.packed), (store, .packed), (store, .flat), (store, .grouped),
    ] {
      let topology = try Topology.open(store, memory: ByteCount(1 << 30), way: way, pool: pool)
      #expect((topology.packed != nil) == (way == .packed))
      var sampler = try NeighborSampler(topology: topology, fanouts: [5, -1, 2])
      let batch = try sampler.sample(
        seeds: (0..<40).map { NodeID(UInt64($0 * 29)) }, key: RandomKey(seed: 3, stream: .query))
      if let expected { #expect(batch == expected, "\(way)") }
      expected = batch
    }
  }

  @Test("is what memory for it chooses between the decoded edges and the compressed pages")
  func choice() throws {
    let graph = graph()
    let manifest = try graph.store(at: folder.file("graph")).manifest
    func plan(_ memory: Int) -> ReadingPlan {
      ReadingPlan(manifest, relation: RelationID(0), memory: ByteCount(memory))
    }
    let plan = plan(1 << 30)
    let files = try (0..<3).map { try EdgeStore(path: path($0)).fileBytes }.reduce(0, +)
    let packed = try #require(plan.packedBytes)
    #expect(plan.packedFileBytes == ByteCount(files))
    #expect(plan.fileBytes != ByteCount(files))
    let need = packed.bytes + files
    #expect(need < plan.flatBytes.bytes)
    #expect(plan.way == .flat)
    #expect(self.plan(manifest, (need + 3) / 3 * 4) == .packed)
    #expect(self.plan(manifest, need) == .grouped)
  }

  private func plan(_ manifest: GraphManifest, _ memory: Int) -> Reading {
    ReadingPlan(manifest, relation: RelationID(0), memory: ByteCount(memory)).way
  }

  @Test("has no byte that could change unseen, neither by verify nor by its readers")
  func flippedBytes() throws {
    _ = try graph().store(at: folder.file("graph"))
    let file = path(1)
    let bytes = TestFile.read(file)
    let header = EdgeFileHeader.byteCount + 2 * EdgeFileHeader.pageEntryBytes
    let positions =
      Array(0..<header) + Array(stride(from: header, to: bytes.count, by: 101)) + [bytes.count - 1]
    for byte in positions {
      TestFile.flip(file, byte: byte, bit: byte % 8)
      #expect(try problems().contains { $0.location.path == file }, "byte \(byte)")
      #expect(throws: (any Error).self, "byte \(byte)") {
        let store = try GraphStore.open(folder.file("graph"))
        let topology = try Topology.open(
          store, memory: ByteCount(1 << 30), way: .packed, pool: pool)
        var reader = InEdgeReader(topology)
        var sources: [NodeID] = []
        let edges = store.book.edges(of: RelationID(0), in: ShardID(1))
        try reader.readSources(of: edges.map { EdgeID($0) }, into: &sources)
      }
      TestFile.flip(file, byte: byte, bit: byte % 8)
    }
    #expect(try problems() == [])
    for size in [0, 100, bytes.count - 1] {
      TestFile.resize(file, to: size)
      #expect(try problems().contains { $0.location.path == file }, "\(size) bytes")
      TestFile.write(bytes, to: file)
    }
    try FolderTree.remove(file)
    #expect(try problems() == [.missing(path: file)])
  }

  @Test("that holds other edges than the pages is found, with the edge")
  func otherEdges() throws {
    var graph = graph()
    let node = graph.lists.lastIndex { !$0.isEmpty }!
    let last = graph.lists[node].count - 1
    graph.packedLists![node][last] = graph.lists[node][last] == 7 ? 8 : 7
    _ = try graph.store(at: folder.file("graph"))
    let found = try problems().map(\.description)
    #expect(found.count == 1)
    let edges = graph.indptr[graph.nodeCount] - graph.indptr[Int(graph.bounds[2])]
    #expect(found[0].contains("r0000.packed") && found[0].contains("edge \(edges - 1)"))
  }
}
