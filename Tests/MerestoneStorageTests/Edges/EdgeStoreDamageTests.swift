import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("A damaged edge file")
struct EdgeStoreDamageTests {
  let folder = TemporaryFolder()

  /// Touches everything.
  static func read(_ path: String) throws {
    let store = try EdgeStore(path: path)
    for local in 0..<store.destinationCount {
      _ = try store.edgeRange(of: LocalNodeID(UInt64(local)))
    }
    var offsets = [UInt64](repeating: 0, count: store.destinationCount + 1)
    var offsetSpan = offsets.mutableSpan
    try store.decodeOffsets(0..<store.destinationCount + 1, into: &offsetSpan, adding: 0)
    var scratch = PageScratch()
    for page in 0..<store.pageCount {
      var ids = [UInt32](repeating: 0, count: store.pageEdges)
      var span = ids.mutableSpan
      try store.decodePage(page, into: &span, scratch: &scratch)
    }
  }

  @Test("is noticed when its bytes are first touched, wherever one bit flipped")
  func flips() throws {
    let path = folder.file("r.csc")
    try EdgeLists(destinations: 700, meanInDegree: 9, maximumSource: 300, seed: 1).write(to: path)
    try Self.read(path)
    let bytes = TestFile.read(path)
    for byte in Set(0..<400).union(stride(from: 400, to: bytes.count, by: 23)).sorted() {
      TestFile.patch(path, [bytes[byte] ^ UInt8(1 << (byte % 8))], at: byte)
      let error = #expect(throws: StorageError.self, "byte \(byte)") { try Self.read(path) }
      #expect(error?.location.path == path)
      TestFile.patch(path, [bytes[byte]], at: byte)
    }
    try Self.read(path)
  }

  @Test("names the directory entry, not the page, where that is what changed")
  func directoryEntry() throws {
    let path = folder.file("r.csc")
    try EdgeLists(destinations: 1200, meanInDegree: 9, maximumSource: 300, seed: 2).write(to: path)
    let bytes = TestFile.read(path)
    let header = try EdgeFileHeader(bytes.span.bytes, fileBytes: bytes.count, path: path)
    #expect(header.pageCount > 1)
    for page in 0..<header.pageCount {
      let entry = header.pageDirectoryOffset + page * EdgeFileHeader.pageEntryBytes
      for byte in [entry, entry + 8] {
        TestFile.patch(path, [bytes[byte] ^ 1], at: byte)
        let error = #expect(throws: StorageError.self) { try Self.read(path) }
        #expect(error?.location.byteOffset == entry)
        TestFile.patch(path, [bytes[byte]], at: byte)
      }
    }
  }

  @Test("never traps, whatever its bytes are", arguments: 0..<150 as Range<UInt64>)
  func anyBytes(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let path = folder.file("r.csc")
    try EdgeLists(destinations: 700, meanInDegree: 9, maximumSource: 300, seed: seed).write(
      to: path)
    var bytes = TestFile.read(path)
    let header = try EdgeFileHeader(bytes.span.bytes, fileBytes: bytes.count, path: path)
    for _ in 0..<10 {
      let byte = Int.random(in: 128..<bytes.count, using: &generator)
      bytes[byte] = .random(in: 0...255, using: &generator)
    }
    // Odd entries that carry the right checksum reach the checks behind it.
    for page in 0..<header.pageCount where seed % 2 == 0 {
      let entry = header.pageDirectoryOffset + page * EdgeFileHeader.pageEntryBytes
      let offset = bytes.span.bytes.littleEndian(at: entry, as: UInt64.self)
      let size = bytes.span.bytes.littleEndian(at: entry + 8, as: UInt32.self) & 0x7FFF_FFFF
      guard offset <= UInt64(bytes.count), Int(size) <= bytes.count - Int(offset) else { continue }
      var checksum = Checksum(
        Checksum.of(bytes.span.bytes.extracting(Int(offset)..<Int(offset) + Int(size))))
      checksum.update(bytes.span.bytes.extracting(entry..<entry + 12))
      for index in 0..<4 {
        bytes[entry + 12 + index] = UInt8(truncatingIfNeeded: checksum.value >> UInt32(8 * index))
      }
    }
    if seed % 5 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
    TestFile.write(bytes, to: path)
    try? Self.read(path)
  }

  @Test("that shrinks while it is mapped is named, and the process lives")
  func shrinks() throws {
    let path = folder.file("r.csc")
    try EdgeLists(destinations: 4000, meanInDegree: 20, maximumSource: 1 << 30, seed: 1).write(
      to: path)
    let store = try EdgeStore(path: path)
    TestFile.resize(path, to: 4096)
    #expect(throws: StorageError.truncatedWhileMapped(path: path)) {
      var scratch = PageScratch()
      var ids = [UInt64](repeating: 0, count: store.pageEdges)
      var span = ids.mutableSpan
      try store.decodePage(store.pageCount - 1, into: &span, scratch: &scratch)
    }
    #expect(throws: StorageError.truncatedWhileMapped(path: path)) {
      try store.edgeRange(of: LocalNodeID(3999))
    }
  }
}

@Suite("An edge file of more than 2^32 edges and destinations")
struct LargeEdgeStoreTests {
  let folder = TemporaryFolder()

  /// A sparse file whose last page and last index block are written, 2^33 bytes and more away.
  @Test("is read at the right places")
  func sparse() throws {
    let path = folder.file("r.csc")
    let destinations = (1 << 32) + 700
    let edges = (1 << 33) + 5000
    var header = EdgeFileHeader(
      destinationCount: destinations, edgeCount: edges, maximumSource: 1 << 40)
    #expect(header.idBytes == 6)
    #expect(header.pageCount == (1 << 21) + 2)
    #expect(header.blockCount == (1 << 23) + 2)
    let page = header.pageCount - 1
    let pageCount = edges - page * 4096
    let block = header.blockCount - 1
    let blockCount = destinations - block * 512
    // All edges but 10 belong to destinations before the last block.
    let firstEdge = edges - 10
    var degrees = [UInt64](repeating: 0, count: blockCount)
    degrees[3] = 4
    degrees[blockCount - 1] = 6
    var payload: [UInt8] = []
    NodeIndexBlock.encode(degrees.span, into: &payload)
    let ids = (0..<pageCount).map { UInt64(1 << 39 + $0 * 77_777) }
    var planes = [UInt8](repeating: 0, count: pageCount * 6)
    var planeSpan = planes.mutableSpan
    ByteShuffle.shuffle(ids.span, width: 6, into: &planeSpan)

    let pageOffset = header.pagesOffset + 9 << 32
    header.nodeBlocksOffset = pageOffset + planes.count
    header.fileBytes = header.nodeBlocksOffset + payload.count
    var pageEntry: [UInt8] = []
    pageEntry.appendLittleEndian(UInt64(pageOffset))
    pageEntry.appendLittleEndian(UInt32(planes.count) | 1 << 31)
    pageEntry.appendLittleEndian(
      pageEntry.checksumOfLast(12, continuing: Checksum.of(planes.span.bytes)))
    var blockEntry: [UInt8] = []
    blockEntry.appendLittleEndian(UInt64(firstEdge))
    blockEntry.appendLittleEndian(UInt64(header.nodeBlocksOffset))
    blockEntry.appendLittleEndian(UInt32(payload.count))
    blockEntry.appendLittleEndian(
      blockEntry.checksumOfLast(20, continuing: Checksum.of(payload.span.bytes)))

    TestFile.write(header.encoded(), to: path)
    TestFile.resize(path, to: header.fileBytes)
    TestFile.patch(path, pageEntry, at: header.pageDirectoryOffset + page * 16)
    TestFile.patch(path, blockEntry, at: header.nodeDirectoryOffset + block * 24)
    TestFile.patch(path, planes, at: pageOffset)
    TestFile.patch(path, payload, at: header.nodeBlocksOffset)

    let store = try EdgeStore(path: path, expectedBytes: header.fileBytes)
    #expect(store.edges(ofPage: page) == edges - pageCount..<edges)
    var scratch = PageScratch()
    var decoded = [UInt64](repeating: 0, count: store.pageEdges)
    do {
      var span = decoded.mutableSpan
      #expect(try store.decodePage(page, into: &span, scratch: &scratch) == pageCount)
    }
    #expect(Array(decoded[..<pageCount]) == ids)
    let last = LocalNodeID(UInt64(destinations - 1))
    #expect(try store.edgeRange(of: last) == edges - 6..<edges)
    #expect(
      try store.edgeRange(of: LocalNodeID(UInt64(block * 512 + 3))) == firstEdge..<firstEdge + 4)
    var sources: [NodeID] = []
    try store.copySources(of: edges - 3..<edges, into: &sources, scratch: &scratch)
    #expect(sources == ids.suffix(3).map { NodeID($0) })
    var offsets = [UInt64](repeating: 0, count: 2)
    do {
      var span = offsets.mutableSpan
      try store.decodeOffsets(destinations - 1..<destinations + 1, into: &span, adding: 1 << 50)
    }
    #expect(offsets == [1 << 50 + UInt64(edges - 6), 1 << 50 + UInt64(edges)])
    // A page of the hole is damaged, not trapped on.
    #expect(throws: StorageError.self) {
      var span = decoded.mutableSpan
      try store.decodePage(1 << 20, into: &span, scratch: &scratch)
    }
    #expect(throws: StorageError.self) { try store.edgeRange(of: LocalNodeID(1 << 32)) }
  }

  @Test("list lengths that changed before a writer went on are found")
  func damagedIndex() throws {
    let path = folder.file("r.csc")
    let degrees = [UInt64](repeating: 1, count: 1500)
    let sources = (0..<1500 as Range<UInt64>).map { $0 }
    var writer = try EdgeStoreWriter(
      path: path, destinationCount: 1500, edgeCount: 1500, maximumSource: 1500)
    try writer.append(inDegrees: degrees.span, sources: sources.span)
    let state = try writer.checkpoint()
    func finish() throws -> FileEntry {
      try EdgeStoreWriter(
        path: path, destinationCount: 1500, edgeCount: 1500, maximumSource: 1500, resuming: state
      ).finish()
    }
    let files = [".partial", ".index.partial"].map { path + $0 }
    let kept = files.map { TestFile.read($0) }
    TestFile.flip(files[1], byte: 3, bit: 1)
    #expect(throws: StorageError.self) { try finish() }
    for (file, bytes) in zip(files, kept) { TestFile.write(bytes, to: file) }
    let store = try EdgeStore(path: path, expectedBytes: finish().bytes)
    #expect(try store.edgeRange(of: LocalNodeID(1499)) == 1499..<1500)
  }
}
