import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("Packed pages")
struct PackedPageTests {
  static func round(_ ids: [UInt64]) -> (back: [UInt64], bytes: Int) {
    var payload = [UInt8](repeating: 0xAA, count: PackedPage.maximumBytes(count: ids.count))
    var span = payload.mutableSpan
    let size = PackedPage.encode(ids.span, payload: &span)
    let bytes = payload.span.bytes.extracting(0..<size)
    guard let prefix = PackedPage.Prefix(bytes, count: ids.count) else { return ([], size) }
    var back = [UInt64](repeating: 0, count: ids.count)
    let count = back.count
    var ids = back.mutableSpan
    PackedPage.decode(bytes, prefix, count: count, into: &ids)
    return (back, size)
  }

  @Test("hold ids of any width", arguments: 0...64)
  func widths(bits: Int) {
    var generator = SplitMix64(seed: UInt64(bits))
    for count in [1, 2, 7, 4095, 4096] {
      let ids = (0..<count).map { _ in bits == 0 ? 5 : generator.next() >> UInt64(64 - bits) }
      #expect(Self.round(ids).back == ids)
    }
  }

  @Test("take the bits of the differences, 16 bytes before and 8 behind")
  func size() {
    let ids = (0..<1000).map { UInt64(1 << 40) + UInt64($0 % 8) }
    #expect(Self.round(ids).bytes == 16 + 375 + 8)
    #expect(PackedPage.measure(ids.span) == 16 + 375 + 8)
  }

  @Test("are refused where a size or width is not possible")
  func refusal() {
    let page = [UInt8](repeating: 0, count: 24)
    let bytes = page.span.bytes
    #expect(PackedPage.Prefix(bytes, count: 3) != nil)
    #expect(PackedPage.Prefix(bytes.extracting(0..<23), count: 3) == nil)
    for width in [1, 58, 63, 65, 255] as [UInt8] {
      var wrong = page
      wrong[8] = width
      #expect(PackedPage.Prefix(wrong.span.bytes, count: 3) == nil)
    }
  }

  @Test("give every edge, page by page and one by one, and say where they are damaged")
  func damage() throws {
    let folder = TemporaryFolder()
    var graph = MerestoneTestSupport.TestGraph(nodes: 700, meanInDegree: 14, seed: 6)
    graph.pageFormat = .packed
    _ = try graph.store(at: folder.file("graph"))
    let path = folder.file("graph/" + GraphLayout.edges(RelationID(0), shard: ShardID(0)))
    let sources = graph.lists.flatMap { $0 }
    func read() throws -> [UInt64] {
      let store = try EdgeStore(path: path)
      #expect(store.pageFormat == .packed && store.pageCount > 1)
      var all: [UInt64] = []
      var scratch = PageScratch()
      for page in 0..<store.pageCount {
        var ids = [UInt64](repeating: 0, count: store.pageEdges)
        var span = ids.mutableSpan
        let count = try store.decodePage(page, into: &span, scratch: &scratch)
        all += ids[..<count]
        var narrow = [UInt32](repeating: 0, count: store.pageEdges)
        var narrowSpan = narrow.mutableSpan
        _ = try store.decodePage(page, into: &narrowSpan, scratch: &scratch)
        #expect(narrow[..<count].map(UInt64.init) == Array(ids[..<count]))
      }
      return all
    }
    #expect(try read() == sources)
    let header = try EdgeStore(path: path).header
    for byte in stride(from: header.pageDirectoryOffset, to: header.nodeBlocksOffset, by: 97) {
      TestFile.flip(path, byte: byte)
      #expect(throws: StorageError.self, "byte \(byte)") { try read() }
      TestFile.flip(path, byte: byte)
    }
    #expect(try read() == sources)
  }
}
