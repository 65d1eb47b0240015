import FoundationEssentials
import Testing

@testable import MerestoneStorage

@Suite("The manifest")
struct GraphManifestTests {
  static func example() throws -> GraphManifest {
    GraphManifest(
      nodeTypes: [
        NodeTypeEntry(
          name: "paper", count: 5, idKind: .string, rawIDStorage: .dictionary,
          columns: [ColumnEntry(name: "topic", element: .u8, categories: ["a", "b\u{e9}/\n\""])])
      ],
      relations: [RelationEntry(name: "cites", edgeCount: 7, idBytes: 1, maxInDegree: 3)],
      book: try PartitionBook(nodeBounds: [[0, 2, 5]], edgeBounds: [[0, 4, 7]]),
      partition: PartitionSummary(cutEdges: 3, cutRatio: 3.0 / 7, nodeImbalance: 0.2),
      flags: ["shards": "2", "order": "degree"],
      inputs: [InputFingerprint(path: "a/b.tsv", bytes: 1 << 40, checksum: .max)],
      files: [FileEntry(path: "shard-00000/edges/r0000.csc", bytes: 200, checksum: 12)])
  }

  @Test("comes back as it was written, and is JSON as a whole")
  func roundTrip() throws {
    let manifest = try Self.example()
    let bytes = try manifest.encoded()
    #expect(bytes == (try manifest.encoded()))
    #expect(try GraphManifest(decoding: bytes, path: "m") == manifest)
    struct Whole: Decodable {
      var checksum: String
      var manifest: GraphManifest
    }
    let whole = try JSONDecoder().decode(Whole.self, from: Data(bytes))
    #expect(whole.manifest == manifest)
    let line = String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
    #expect(line == "{\"checksum\":\"\(whole.checksum)\",\"manifest\":")
    #expect(whole.checksum.hasPrefix("crc32c:") && whole.checksum.count == 15)
  }

  @Test("with any byte flipped or cut off is refused")
  func damage() throws {
    let bytes = try Self.example().encoded()
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] ^= UInt8(1 << (position % 8))
      #expect(throws: StorageError.self) { try GraphManifest(decoding: damaged, path: "m") }
    }
    for count in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: StorageError.self) {
        try GraphManifest(decoding: Array(bytes.prefix(count)), path: "m")
      }
    }
  }

  @Test("of another version is refused with both versions and the mend")
  func version() throws {
    var manifest = try Self.example()
    manifest.formatVersion = GraphManifest.currentVersion + 1
    let bytes = try manifest.encoded()
    let error = #expect(throws: StorageError.self) {
      try GraphManifest(decoding: bytes, path: "g/manifest.json")
    }
    let message = error?.description ?? ""
    #expect(message.contains("g/manifest.json"))
    #expect(message.contains("version 3") && message.contains("version 2"))
    #expect(message.contains("make the graph again"))
  }

  @Test("that contradicts its book is refused")
  func contradictions() throws {
    var counts = try Self.example()
    counts.nodeTypes[0].count = 6
    var edges = try Self.example()
    edges.relations[0].edgeCount = 6
    var type = try Self.example()
    type.relations[0].sourceType = 1
    var names = try Self.example()
    names.nodeTypes[0].columns += names.nodeTypes[0].columns
    var escape = try Self.example()
    escape.files[0].path = "../x"
    for manifest in [counts, edges, type, names, escape] {
      #expect(throws: StorageError.self) {
        try GraphManifest(decoding: manifest.encoded(), path: "m")
      }
    }
  }

  @Test("with an order of times where there can be none is refused, and says why")
  func orders() throws {
    let time = ColumnEntry(name: "time", element: .i64, order: TimeOrder())
    var whole = try Self.example()
    whole.relations[0].columns = [time]
    #expect(try GraphManifest(decoding: whole.encoded(), path: "m") == whole)
    var nodes = whole
    nodes.nodeTypes[0].columns = [time]
    var fractions = whole
    fractions.relations[0].columns[0].element = .f32
    var rows = whole
    rows.relations[0].columns[0].width = 2
    var spacing = whole
    spacing.relations[0].columns[0].order?.spacing = 3
    var longest = whole
    longest.relations[0].maxInDegree = 1 << 32
    let refused = [
      (nodes, "none, nodes have no lists"), (fractions, "one integer per edge"),
      (rows, "one integer per edge"), (spacing, "a power of two up to 4,096"),
      (longest, "at most 4294967295 edges"),
    ]
    for (manifest, reason) in refused {
      let error = #expect(throws: StorageError.self) {
        try GraphManifest(decoding: manifest.encoded(), path: "m")
      }
      #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
  }
}
