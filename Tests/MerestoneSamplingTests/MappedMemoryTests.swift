import Foundation
import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Memory of mapped files")
struct MappedMemoryTests {
  @Test("is given back when it has grown past its bound, and read again", arguments: [false, true])
  func givesBack(isBounded: Bool) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 3000, meanInDegree: 100, seed: 1)
    let store = try graph.store(at: folder.file("graph"))
    var reader = InEdgeReader(try Topology(store: store))
    let edges = (0..<graph.edgeCount).map { EdgeID(UInt64($0)) }
    var sources: [NodeID] = []
    try reader.readSources(of: edges, into: &sources)
    let nodes = (0..<graph.nodeCount).map { NodeID(UInt64($0)) }
    let raws = try store.rawIDs(of: nodes, type: NodeTypeID(0))
    let file = try #require(try store.edges(RelationID(0), shard: ShardID(0))?.path)
    #expect(try ResidentMemory.kilobytes(of: file) > 0)
    if isBounded {
      // Whatever is resident is too much, and the first touch looks.
      store.boundMappedFiles(to: -1 << 40)
    }
    store.touchMappedFiles()
    #expect(try (ResidentMemory.kilobytes(of: file) == 0) == isBounded)
    // Reading page by page touches, and so do raw ids. What is resident after the last touch is the
    // kernel's choice: it maps the pages around it, too.
    let touches = store.mappedMemory.touchCount
    var again: [NodeID] = []
    try reader.readSources(of: edges, into: &again)
    #expect(sources == again)
    let pageTouches = store.mappedMemory.touchCount
    #expect(isBounded ? pageTouches > touches : pageTouches == touches)
    #expect(try store.rawIDs(of: nodes, type: NodeTypeID(0)) == raws)
    #expect(store.mappedMemory.touchCount - pageTouches == (isBounded ? nodes.count : 0))
    #expect(try (ResidentMemory.kilobytes(of: file) == 0) == isBounded)
  }

  @Test("is given back once edges are decoded")
  func decoded() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 3000, meanInDegree: 100, shards: 2, seed: 1)
    let store = try graph.store(at: folder.file("graph"))
    let topology = try Topology.open(
      store, memory: ByteCount(1 << 30), pool: ThreadPool(threads: 2))
    #expect(topology.flat != nil)
    for shard in 0..<2 {
      let file = try #require(try store.edges(RelationID(0), shard: ShardID(shard))?.path)
      #expect(try ResidentMemory.kilobytes(of: file) == 0)
    }
  }

  @Test("is bounded for graphs that are large for the cap and read page by page")
  func bound() throws {
    let folder = TemporaryFolder()
    let store = try TestGraph(nodes: 100, meanInDegree: 5, seed: 1).store(at: folder.file("graph"))
    func bound(_ memory: Int, _ way: Reading = .grouped) -> Int? {
      ReadingPlan(
        store.manifest, relation: RelationID(0), memory: ByteCount(memory), way: way
      ).mappedBound?.bytes
    }
    let bytes = store.manifest.files.reduce(0) { $0 + $1.bytes }
    #expect(bound(1000) == 16 << 20)
    #expect(bound(8 * bytes) == nil)
    #expect(bound(1000, .flat) == nil)
  }

  @Test("what is resident of files grows with a mapping that is touched")
  func counts() throws {
    let folder = TemporaryFolder()
    let path = folder.file("bytes")
    try Data(count: 256 << 20).write(to: URL(fileURLWithPath: path))
    let before = try #require(MachineMemory.residentFileBytes)
    let file = try MappedFile(path: path)
    try file.withBytes { bytes in
      var sum = 0
      for place in stride(from: 0, to: bytes.byteCount, by: 4096) {
        sum += Int(bytes.littleEndian(at: place, as: UInt8.self))
      }
      #expect(sum == 0)
    }
    // Tests beside this one may have given some of theirs back.
    #expect(try #require(MachineMemory.residentFileBytes) > before + 128 << 20)
  }
}
