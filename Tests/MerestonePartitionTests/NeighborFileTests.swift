import MerestoneCore
import MerestonePartition
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Files of neighbourhoods")
struct NeighborFileTests {
  /// All lists of a source.
  func lists(_ source: some NeighborSource) throws -> [[UInt32]] {
    var scratch = NeighborScratch()
    var lists: [[UInt32]] = []
    for block in 0..<source.blockCount {
      try source.read(block, into: &scratch)
      #expect(lists.count == source.nodes(ofBlock: block).lowerBound)
      #expect(scratch.nodeCount == source.nodes(ofBlock: block).count)
      for node in 0..<scratch.nodeCount {
        let list = Int(scratch.offsets[node])..<Int(scratch.offsets[node + 1])
        lists.append(Array(scratch.neighbors[list]))
      }
    }
    return lists
  }

  func write(
    _ lists: [[UInt32]], step: Int, to path: String
  ) throws -> NeighborFile {
    var writer = try NeighborFileWriter(path: path, nodeCount: lists.count)
    for lower in stride(from: 0, to: lists.count, by: step) {
      let part = lists[lower..<min(lower + step, lists.count)]
      let lengths = part.map { UInt32($0.count) }
      let entries = part.flatMap { $0 }
      try writer.append(lengths: lengths.span, neighbors: entries.span)
    }
    return try writer.finish()
  }

  @Test("neighbourhoods in memory hold both ends of every edge but loops")
  func inMemory() throws {
    // 0 -> 1 twice, 1 -> 0, 2 -> 2, 3 -> 1
    let source = InMemoryNeighbors(
      nodeCount: 4, sources: [0, 0, 1, 2, 3], destinations: [1, 1, 0, 2, 1], blockNodes: 3)
    #expect(try lists(source) == [[1, 1, 1], [0, 0, 0, 3], [], [1]])
    #expect(source.blockCount == 2 && source.entryCount == 8)
  }

  @Test("what was written is read, however it was handed over", arguments: 0..<6)
  func roundTrip(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let folder = TemporaryFolder()
    // Beyond one block of nodes, and a list beyond one block of entries.
    let count = [0, 1, 7, 70_000, 140_000, 66_000][seed]
    var all = (0..<count).map { _ in
      (0..<Int.random(in: 0...3, using: &generator)).map { _ in
        UInt32.random(in: 0..<UInt32(count), using: &generator)
      }
    }
    if seed == 5 { all[40_000] = Array(repeating: 3, count: NeighborBlocks.entryLimit + 5) }
    let file = try write(all, step: max(1, count / 3), to: folder.file("a"))
    #expect(try lists(file) == all)
    #expect(file.entryCount == all.reduce(0) { $0 + $1.count } && file.nodeCount == count)
    #expect(try lists(NeighborFile(path: folder.file("a"))) == all)
    _ = try write(all, step: max(1, count / 2 + 1), to: folder.file("b"))
    #expect(TestFile.read(folder.file("a")) == TestFile.read(folder.file("b")))
    #expect(folder.names == ["a", "b"])
  }

  @Test("a writer that does not finish leaves nothing")
  func unfinished() throws {
    let folder = TemporaryFolder()
    do {
      var writer = try NeighborFileWriter(path: folder.file("a"), nodeCount: 3)
      try writer.append(lengths: [UInt32(1)].span, neighbors: [UInt32(2)].span)
    }
    #expect(folder.names.isEmpty)
  }

  @Test("every flipped bit and every cut is found, and nothing traps")
  func damage() throws {
    let folder = TemporaryFolder()
    let path = folder.file("a")
    let all: [[UInt32]] = [[1, 2], [0], [0, 3], [2]]
    _ = try write(all, step: 4, to: path)
    let whole = TestFile.read(path)
    for byte in whole.indices {
      TestFile.flip(path, byte: byte, bit: byte % 8)
      #expect(throws: StorageError.self, "byte \(byte)") { try lists(NeighborFile(path: path)) }
      TestFile.write(whole, to: path)
    }
    for length in 0..<whole.count {
      TestFile.write(Array(whole[..<length]), to: path)
      #expect(throws: StorageError.self, "\(length) bytes") { try lists(NeighborFile(path: path)) }
    }
    #expect(throws: StorageError.missing(path: folder.file("b"))) {
      try NeighborFile(path: folder.file("b"))
    }
  }
}
