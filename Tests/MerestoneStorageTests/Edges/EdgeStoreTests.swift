import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("An edge file")
struct EdgeStoreTests {
  let folder = TemporaryFolder()

  @Test("of a drawn graph gives each destination its sources")
  func drawn() throws {
    // 1 -> 0, 2 -> 0, 0 -> 2, 3 -> 2, 3 -> 2; nothing points at 1 and 3.
    let lists = EdgeLists([[1, 2], [], [0, 3, 3], []], maximumSource: 3)
    let path = folder.file("r0000.csc")
    let entry = try lists.write(to: path)
    let store = try EdgeStore(path: path, expectedBytes: entry.bytes)
    #expect(store.destinationCount == 4)
    #expect(store.edgeCount == 5)
    #expect(store.idBytes == 1)
    #expect(store.maximumInDegree == 3)
    #expect(try store.edgeRange(of: LocalNodeID(0)) == 0..<2)
    #expect(try store.edgeRange(of: LocalNodeID(1)) == 2..<2)
    #expect(try store.edgeRange(of: LocalNodeID(2)) == 2..<5)
    #expect(try store.edgeRange(of: LocalNodeID(3)) == 5..<5)
    var sources: [NodeID] = []
    var scratch = PageScratch()
    try store.copySources(of: 1..<4, into: &sources, scratch: &scratch)
    #expect(sources == [NodeID(2), NodeID(0), NodeID(3)])
    // 128 + 24 + 16, a page of 5 plain bytes, a block of 8 + 8 bytes.
    #expect(TestFile.read(path).count == 128 + 24 + 16 + 5 + 16)
    #expect(entry.bytes == 189)
  }

  @Test(
    "gives back random lists in every way of reading, for every width of id",
    arguments: [
      0, 0xFF, 0x100, 0xFFFF, 0xFF_FFFF, 0x100_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0xFF_FFFF_FFFF,
      0xFFFF_FFFF_FFFF, 0xFF_FFFF_FFFF_FFFF, .max,
    ] as [UInt64])
  func roundTrip(maximumSource: UInt64) throws {
    let lists = EdgeLists(
      destinations: 1500, meanInDegree: 5, maximumSource: maximumSource, seed: maximumSource,
      hub: 9000)
    let path = folder.file("r.csc")
    let entry = try lists.write(to: path, pool: ThreadPool(threads: 2))
    let store = try EdgeStore(path: path)
    #expect(store.fileBytes == entry.bytes)
    #expect(store.header.checksum == entry.checksum)
    #expect(try EdgeLists.problems(of: store, against: lists) == [])
  }

  @Test(
    "of no edges, no destinations, or exactly full pages and blocks is whole",
    arguments: [(0, 0), (3, 0), (512, 8), (1024, 4), (513, 8)])
  func edges(destinations: Int, inDegree: Int) throws {
    let lists = EdgeLists(
      (0..<destinations).map { destination in
        (0..<inDegree).map { UInt64(destination * inDegree + $0) }
      }, maximumSource: 100_000)
    let path = folder.file("r.csc")
    try lists.write(to: path)
    #expect(try EdgeLists.problems(of: EdgeStore(path: path), against: lists) == [])
  }

  @Test("has the same bytes however it is cut into calls, at any number of threads")
  func sameBytes() throws {
    let lists = EdgeLists(
      destinations: 3000, meanInDegree: 200, maximumSource: 1 << 20, seed: 1)
    let path = folder.file("r.csc")
    try lists.write(to: path)
    let expected = TestFile.read(path)
    #expect(expected.count > 128 * 1024)
    for (chunk, threads) in [(1, 1), (7, 2), (1000, 4), (.max, 3)] {
      try lists.write(to: path, chunk: chunk, pool: ThreadPool(threads: threads))
      #expect(TestFile.read(path) == expected)
    }
  }

  @Test("copies any range of positions, remembering the last page")
  func copies() throws {
    let lists = EdgeLists(destinations: 40, meanInDegree: 300, maximumSource: 70_000, seed: 3)
    let path = folder.file("r.csc")
    try lists.write(to: path)
    let store = try EdgeStore(path: path)
    let other = folder.file("other.csc")
    let otherLists = EdgeLists(
      destinations: 40, meanInDegree: 300, maximumSource: 70_000, seed: 4)
    try otherLists.write(to: other)
    let otherStore = try EdgeStore(path: other)
    var scratch = PageScratch()
    var generator = SplitMix64(seed: 5)
    for step in 0..<200 {
      let (store, expected) =
        step % 3 == 0 ? (otherStore, otherLists.sources) : (store, lists.sources)
      let lower = Int.random(in: 0...expected.count, using: &generator)
      let upper = min(expected.count, lower + Int.random(in: 0...6000, using: &generator))
      var sources: [NodeID] = []
      try store.copySources(of: lower..<upper, into: &sources, scratch: &scratch)
      #expect(sources == expected[lower..<upper].map { NodeID($0) })
    }
  }

  @Test("decodes any piece of the offsets")
  func offsets() throws {
    let lists = EdgeLists(destinations: 1300, meanInDegree: 3, maximumSource: 1000, seed: 6)
    let path = folder.file("r.csc")
    try lists.write(to: path)
    let store = try EdgeStore(path: path)
    let starts = lists.starts
    for piece in [0..<0, 0..<1, 511..<513, 100..<1301, 1300..<1301, 1023..<1025] {
      var offsets = [UInt64](repeating: 0, count: piece.count)
      var span = offsets.mutableSpan
      try store.decodeOffsets(piece, into: &span, adding: 1 << 40)
      #expect(offsets == starts[piece].map { $0 + 1 << 40 })
    }
  }

  @Test("is refused where counts or ids contradict what was announced, and leaves no file")
  func contradictions() throws {
    let path = folder.file("r.csc")
    let sources: [UInt64] = [1, 2]
    let degrees: [UInt64] = [1, 1]
    let short: [UInt64] = [1]
    for (destinations, edges, maximum) in [(1, 2, 9), (2, 1, 9), (2, 2, 1), (3, 2, 9), (2, 3, 9)] {
      #expect(throws: StorageError.self) {
        var writer = try EdgeStoreWriter(
          path: path, destinationCount: destinations, edgeCount: edges,
          maximumSource: UInt64(maximum))
        try writer.append(inDegrees: degrees.span, sources: sources.span)
        _ = try writer.finish()
      }
    }
    #expect(throws: StorageError.self) {
      var writer = try EdgeStoreWriter(
        path: path, destinationCount: 2, edgeCount: 2, maximumSource: 9)
      try writer.append(inDegrees: degrees.span, sources: short.span)
    }
    #expect(folder.names == [])
  }
}
