import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("A graph's folder")
struct GraphStoreTests {
  let folder = TemporaryFolder()
  var path: String { folder.file("graph") }

  @Test("gives back edges, columns and ids of every shard")
  func roundTrip() throws {
    let graph = TestGraph(seed: 1)
    let manifest = try graph.write(to: path)
    let store = try GraphStore.open(path + "/")
    #expect(store.manifest == manifest)
    #expect(folder.names == ["graph"])
    var papers: [NodeID] = []
    for shard in (0..<3).map({ ShardID($0) }) {
      let owned = store.book.nodes(of: NodeTypeID(0), in: shard)
      papers += owned.map { NodeID($0) }
      for (number, lists) in [graph.cites, graph.writes].enumerated() {
        let edges = try store.edges(RelationID(number), shard: shard)
        #expect((edges == nil) == owned.isEmpty)
        guard let edges else { continue }
        #expect(try store.edges(RelationID(number), shard: shard) === edges)
        let expected = EdgeLists(
          Array(lists.lists[Int(owned.lowerBound)..<Int(owned.upperBound)]),
          maximumSource: lists.maximumSource)
        #expect(try EdgeLists.problems(of: edges, against: expected) == [])
      }
      #expect(try store.edges(RelationID(2), shard: shard) == nil)
      let split = try store.nodeColumn("split", type: NodeTypeID(0), shard: shard)
      for row in 0..<owned.count {
        #expect(
          try split?.integer(at: row) == Int64(graph.split(Int(owned.lowerBound) + row)))
      }
      let edges = store.book.edges(of: RelationID(0), in: shard)
      let edgeSplit = try store.edgeColumn("split", relation: RelationID(0), shard: shard)
      #expect(edgeSplit?.rows ?? 0 == edges.count)
    }
    #expect(try store.ids(NodeTypeID(0)).raw(of: NodeID(3)) == .string(graph.paper(3)))
    #expect(try store.ids(NodeTypeID(0)).global(of: .string("")) == NodeID(7))
    #expect(try store.ids(NodeTypeID(1)).global(of: .integer(graph.author(9))) == NodeID(9))
    #expect(try store.ids(NodeTypeID(2)).raw(of: NodeID(2)) == .integer(7))
  }

  @Test("gathers rows of nodes of any shards, in order", arguments: 0..<5 as Range<UInt64>)
  func gathers(seed: UInt64) throws {
    let graph = TestGraph(seed: 1)
    try graph.write(to: path)
    let store = try GraphStore.open(path)
    var generator = SplitMix64(seed: seed)
    let nodes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
      Int.random(in: 0..<1000, using: &generator)
    }
    var rows = [Float](repeating: -1, count: nodes.count * TestGraph.width)
    var span = rows.mutableSpan
    let ids = nodes.map { NodeID(UInt64($0)) }
    let features = try NodeRows("features", of: NodeTypeID(0), in: store)
    try features.copyRows(of: ids.span, into: &span)
    #expect(rows == nodes.flatMap { node in (0..<3).map { graph.feature(node, $0) } })
    let beyond = [NodeID(1000)]
    var row = [Float](repeating: 0, count: 3)
    var rowSpan = row.mutableSpan
    #expect(throws: StorageError.self) {
      try features.copyRows(of: beyond.span, into: &rowSpan)
    }
    #expect(throws: StorageError.self) {
      try store.nodeColumn("colour", type: NodeTypeID(0), shard: ShardID(0))
    }
  }

  @Test("has the same bytes each time, and another fingerprint for other edges")
  func fingerprint() throws {
    try TestGraph(seed: 1).write(to: folder.file("a"))
    try TestGraph(seed: 1).write(to: folder.file("b"))
    try TestGraph(seed: 2).write(to: folder.file("c"))
    let prints = try ["a", "b", "c"].map { try GraphStore.open(folder.file($0)).fingerprint }
    #expect(prints[0] == prints[1])
    #expect(prints[0] != prints[2])
    for file in try FolderTree.items(below: folder.file("a")) where file.kind == .file {
      #expect(
        TestFile.read(folder.file("a/" + file.path)) == TestFile.read(folder.file("b/" + file.path))
      )
    }
  }

  @Test("that exists is not written over")
  func exists() throws {
    try TestGraph(seed: 1).write(to: path)
    #expect(throws: StorageError.alreadyExists(path: path)) {
      try GraphWriter(output: path, shards: 1)
    }
  }

  @Test("is not there, nor its staging folder, when the writer is dropped")
  func dropped() throws {
    do {
      let writer = try GraphWriter(output: path, shards: 2)
      TestFile.write([1, 2, 3], to: writer.path("ids/x"))
      #expect(folder.names == ["graph.partial", "graph.partial.lock"])
    }
    #expect(folder.names == [])
  }

  @Test("is written by one writer at a time, and what a killed one left is removed")
  func locked() throws {
    do {
      let writer = try GraphWriter(output: path, shards: 1)
      #expect(throws: StorageError.locked(path: path)) {
        try GraphWriter(output: path, shards: 1)
      }
      withExtendedLifetime(writer) {}
    }
    // A killed run leaves its folder and an unlocked lock file.
    let stale = try GraphWriter(output: folder.file("other"), shards: 1)
    TestFile.write([1], to: folder.file("graph.partial.lock"))
    try FolderTree.create(folder.file("graph.partial"))
    TestFile.write([1], to: folder.file("graph.partial/stray"))
    withExtendedLifetime(stale) {}
    try TestGraph(seed: 3).write(to: path)
    #expect(try FolderTree.items(below: path).contains { $0.path == "stray" } == false)
  }

  @Test("is not committed with a file too many, too few, or of another size")
  func unannounced() throws {
    let empty = GraphManifest(
      nodeTypes: [
        NodeTypeEntry(name: "node", count: 0, idKind: .integer, rawIDStorage: .identity)
      ], relations: [],
      book: try PartitionBook(nodeBounds: [[0, 0]], edgeBounds: []))
    for (written, announced) in [([1], nil), ([], 1), ([1], 2)] as [([UInt8], Int?)] {
      let writer = try GraphWriter(output: path, shards: 1)
      if !written.isEmpty { TestFile.write(written, to: writer.path("ids/x")) }
      if let announced {
        writer.add(FileEntry(path: writer.path("ids/x"), bytes: announced, checksum: 0))
      }
      #expect(throws: StorageError.self) { try writer.commit(empty) }
    }
    #expect(folder.names == [])
    try GraphWriter(output: path, shards: 1).commit(empty)
    #expect(try GraphStore.open(path).manifest.files == [])
  }

  @Test(
    "is committed over the manifest of a writer that was killed before the folder got its name",
    arguments: ["manifest.json", "manifest.json.partial"])
  func killedBeforeItsName(left: String) throws {
    let empty = GraphManifest(
      nodeTypes: [
        NodeTypeEntry(name: "node", count: 0, idKind: .integer, rawIDStorage: .identity)
      ], relations: [],
      book: try PartitionBook(nodeBounds: [[0, 0]], edgeBounds: []))
    do {
      let killed = try GraphWriter(output: path, shards: 1)
      killed.keep()
      // Empty folders go first, the last ones before the others.
      try FolderTree.remove(killed.path("shard-00000/nodes"))
      TestFile.write([1, 2, 3], to: killed.path(left))
    }
    try GraphWriter(output: path, shards: 1, resuming: true).commit(empty)
    #expect(try FolderTree.items(below: path).map(\.path) == ["manifest.json"])
    #expect(try GraphStore.open(path).manifest.files == [])
  }

  @Test("that lacks its manifest, a file or some bytes is not opened")
  func damaged() throws {
    let manifest = try TestGraph(seed: 1).write(to: path)
    for file in manifest.files {
      let whole = path + "/" + file.path
      let bytes = TestFile.read(whole)
      TestFile.write(Array(bytes.dropLast()), to: whole)
      #expect(
        throws: StorageError.wrongSize(path: whole, expected: file.bytes, found: file.bytes - 1)
      ) { try GraphStore.open(path) }
      try FolderTree.remove(whole)
      #expect(throws: StorageError.missing(path: whole)) { try GraphStore.open(path) }
      TestFile.write(bytes, to: whole)
    }
    _ = try GraphStore.open(path)
    try FolderTree.remove(path + "/manifest.json")
    #expect(throws: StorageError.missing(path: path + "/manifest.json")) {
      try GraphStore.open(path)
    }
  }

  @Test("is not opened where a header contradicts the manifest or itself")
  func headers() throws {
    try TestGraph(seed: 1).write(to: path)
    let edges = path + "/" + GraphLayout.edges(RelationID(0), shard: ShardID(0))
    for byte in 0..<EdgeFileHeader.byteCount {
      TestFile.flip(edges, byte: byte)
      #expect(throws: StorageError.self) { try GraphStore.open(path) }
      TestFile.flip(edges, byte: byte)
    }
    let column = path + "/" + GraphLayout.nodeColumn(0, of: NodeTypeID(0), shard: ShardID(0))
    for byte in stride(from: 0, to: 64, by: 5) {
      TestFile.flip(column, byte: byte)
      #expect(throws: StorageError.self) { try GraphStore.open(path) }
      TestFile.flip(column, byte: byte)
    }
    _ = try GraphStore.open(path)
  }
}
