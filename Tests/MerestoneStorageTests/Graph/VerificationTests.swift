import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("Verification")
struct VerificationTests {
  let folder = TemporaryFolder()
  var path: String { folder.file("graph") }
  let pool = ThreadPool(threads: 2)

  func problems() throws -> [Verification.Problem] { try Verification.run(path, pool: pool) }

  @Test("finds nothing in a whole graph")
  func whole() throws {
    try TestGraph(seed: 1).write(to: path)
    #expect(try problems() == [])
  }

  @Test("finds a flipped bit in any file, and names the file")
  func flippedBytes() throws {
    var generator = SplitMix64(seed: 1)
    let manifest = try TestGraph(seed: 1).write(to: path)
    for file in manifest.files.map(\.path) + [GraphManifest.fileName] {
      let whole = path + "/" + file
      let bytes = TestFile.read(whole)
      // First and last bytes, and some between them, others in each file. Other tests flip every
      // byte of headers and directories.
      var positions: Set = [0, bytes.count - 1]
      for _ in 0..<8 { positions.insert(Int.random(in: 0..<bytes.count, using: &generator)) }
      for byte in positions.sorted() {
        TestFile.patch(whole, [bytes[byte] ^ UInt8(1 << (byte % 8))], at: byte)
        let found = try problems()
        let stem = file.hasSuffix(".crc") ? String(file.dropLast(4)) : file
        #expect(
          found.contains { $0.error.location.path.hasPrefix(path + "/" + stem) },
          "byte \(byte) of \(file): \(found)")
        TestFile.patch(whole, [bytes[byte]], at: byte)
      }
    }
    #expect(try problems() == [])
  }

  @Test("finds files that are missing, shorter, longer or unknown")
  func files() throws {
    let manifest = try TestGraph(seed: 1).write(to: path)
    for file in manifest.files {
      let whole = path + "/" + file.path
      let bytes = TestFile.read(whole)
      TestFile.resize(whole, to: bytes.count - 1)
      #expect(
        try problems().map(\.error).contains(
          .wrongSize(path: whole, expected: bytes.count, found: bytes.count - 1)))
      TestFile.resize(whole, to: bytes.count + 1)
      #expect(
        try problems().map(\.error).contains(
          .wrongSize(path: whole, expected: bytes.count, found: bytes.count + 1)))
      try FolderTree.remove(whole)
      #expect(try problems().map(\.error).contains(.missing(path: whole)))
      TestFile.write(bytes, to: whole)
    }
    #expect(try problems() == [])
    TestFile.write([1], to: path + "/shard-00000/notes")
    #expect(try problems().map(\.error.location.path) == [path + "/shard-00000/notes"])
    try FolderTree.remove(path + "/shard-00000/notes")
    try FolderTree.remove(path + "/shard-00000")
    #expect(try problems().count >= 4)
    try FolderTree.remove(path + "/manifest.json")
    #expect(try problems().map(\.error) == [.missing(path: path + "/manifest.json")])
  }

  @Test("finds splits, labels and categories that do not exist")
  func values() throws {
    let graph = TestGraph(seed: 1)
    try graph.write(to: path, values: ({ $0 == 5 ? 4 : 0 }, { $0 == 700 ? 4 : 1 }))
    let found = try problems().map(\.description)
    #expect(found.count == 2)
    #expect(found.contains { $0.contains("t0000.c02.npy") && $0.contains("split of row 5") })
    #expect(found.contains { $0.contains("t0000.c01.npy") && $0.contains("label of row 100") })
  }

  @Test("finds lists out of order and counts that were recorded wrongly")
  func invariants() throws {
    var graph = TestGraph(seed: 1)
    let position = graph.cites.lists.lastIndex { Set($0).count > 1 }!
    graph.cites.lists[position].reverse()
    try graph.write(to: path)
    let found = try problems().map(\.description)
    #expect(found.count == 1)
    #expect(found.first?.contains("sources of node \(position)") ?? false)
    try FolderTree.remove(path)
    try TestGraph(seed: 1).write(to: path) { $0.partition.cutEdges += 1 }
    #expect(try problems().map(\.description).contains { $0.contains("edges between shards") })
    try FolderTree.remove(path)
    try TestGraph(seed: 1).write(to: path) { $0.relations[0].maxInDegree += 1 }
    #expect(try problems().map(\.description).contains { $0.contains("largest in-degree") })
  }

  @Test("finds the same things at any number of threads, each once")
  func threads() throws {
    try TestGraph(seed: 1).write(to: path)
    for shard in [0, 2] {
      let edges = path + "/" + GraphLayout.edges(RelationID(0), shard: ShardID(shard))
      let count = TestFile.read(edges).count
      for byte in stride(from: 400, to: count, by: 500) { TestFile.flip(edges, byte: byte) }
    }
    let found = try problems()
    #expect(found.count >= 3)
    #expect(Set(found.map(\.description)).count == found.count)
    for threads in [1, 4] {
      #expect(try Verification.run(path, pool: ThreadPool(threads: threads)) == found)
    }
  }

  @Test("stops when asked to")
  func cancels() throws {
    try TestGraph(seed: 1).write(to: path)
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: StorageError.interrupted(path: path)) {
      try Verification.run(path, pool: pool, cancellation: cancellation)
    }
  }
}
