import Foundation
import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Memory of mapped files")
struct MappedMemoryTests {
  /// What this process has resident of a mapped file, in KiB.
  private static func residentKilobytes(of path: String) throws -> Int {
    // Its size is said to be 0.
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
    let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    var isInside = false
    var sum = 0
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      if fields[0].contains("-") {
        isInside = line.hasSuffix(path)
      } else if isInside, fields[0] == "Rss:" {
        sum += try #require(Int(fields[1]))
      }
    }
    return sum
  }

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
    let before = try Self.residentKilobytes(of: file)
    #expect(before > 100)
    if isBounded {
      // Whatever is resident is too much, and the first touch looks.
      store.boundMappedFiles(to: -1 << 40)
    }
    store.touchMappedFiles()
    let after = try Self.residentKilobytes(of: file)
    #expect(after == (isBounded ? 0 : before))
    var again: [NodeID] = []
    try reader.readSources(of: edges, into: &again)
    #expect(sources == again)
    // Reading page by page touches, and so do raw ids.
    let reread = try Self.residentKilobytes(of: file)
    #expect(isBounded ? reread < before / 2 : reread == before)
    #expect(try store.rawIDs(of: nodes, type: NodeTypeID(0)) == raws)
    let looked = try Self.residentKilobytes(of: file)
    #expect(looked == (isBounded ? 0 : before))
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
