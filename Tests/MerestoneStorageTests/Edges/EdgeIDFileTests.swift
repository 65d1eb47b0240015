import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("A file of edge ids")
struct EdgeIDFileTests {
  let folder = TemporaryFolder()
  var path: String { folder.file("r.rev.ids") }

  static func ids(_ count: Int, below limit: UInt64, seed: UInt64) -> [UInt64] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in .random(in: 0..<limit, using: &generator) }
  }

  @discardableResult
  func write(_ ids: [UInt64], below limit: UInt64, portion: Int = .max) throws -> FileEntry {
    var writer = try EdgeIDWriter(path: path, count: ids.count, edgeCount: Int(limit))
    var start = 0
    while start < ids.count {
      let end = portion < ids.count - start ? start + portion : ids.count
      try writer.append(ids.span.extracting(start..<end))
      start = end
    }
    return try writer.finish(.deferred)
  }

  static func read(_ path: String) throws -> [UInt64] {
    let file = try EdgeIDFile(path: path)
    var ids = [UInt64](repeating: 0, count: file.count)
    var span = ids.mutableSpan
    try file.decode(0..<file.count, into: &span)
    for place in stride(from: 0, to: file.count, by: 97) {
      #expect(try file.id(at: place) == ids[place])
    }
    return ids
  }

  @Test(
    "gives back the ids, at any width and length, however they came",
    arguments: [
      (0, 1), (1, 1), (7, 300), (4095, 1 << 20), (4096, 5000), (4097, 1 << 33),
      (9001, (1 << 33) + 1), (8192, 1 << 56),
    ])
  func roundTrip(count: Int, limit: Int) throws {
    // Few ids of a relation of many edges: only `count <= limit` is asked.
    let ids = Self.ids(count, below: UInt64(limit), seed: UInt64(count))
    let whole = try write(ids, below: UInt64(limit))
    let bytes = TestFile.read(path)
    #expect(whole.bytes == bytes.count)
    #expect(try Self.read(path) == ids)
    #expect(try write(ids, below: UInt64(limit), portion: 1000) == whole)
    #expect(TestFile.read(path) == bytes)
  }

  @Test("goes on from a checkpoint to the same bytes")
  func resumes() throws {
    let ids = Self.ids(10_000, below: 1 << 21, seed: 3)
    try write(ids, below: 1 << 21)
    let bytes = TestFile.read(path)
    let state: EdgeIDWriter.State
    do {
      var writer = try EdgeIDWriter(path: path, count: ids.count, edgeCount: 1 << 21)
      try writer.append(ids.span.extracting(0..<5000))
      state = try writer.checkpoint()
      try writer.append(ids.span.extracting(5000..<10_000))
    }
    var writer = try EdgeIDWriter(
      path: path, count: ids.count, edgeCount: 1 << 21, resuming: state)
    try writer.append(ids.span.extracting(5000..<10_000))
    _ = try writer.finish(.deferred)
    #expect(TestFile.read(path) == bytes)
  }

  @Test("notices a flipped bit wherever it is")
  func flips() throws {
    try write(Self.ids(4100, below: 4100, seed: 1), below: 4100)
    let bytes = TestFile.read(path)
    for byte in Set(0..<80).union(stride(from: 80, to: bytes.count, by: 29)).union(
      bytes.count - 12..<bytes.count)
    {
      TestFile.patch(path, [bytes[byte] ^ UInt8(1 << (byte % 8))], at: byte)
      let error = #expect(throws: StorageError.self, "byte \(byte)") { try Self.read(path) }
      #expect(error?.location.path == path)
      TestFile.patch(path, [bytes[byte]], at: byte)
    }
    TestFile.resize(path, to: bytes.count - 1)
    #expect(throws: StorageError.self) { try Self.read(path) }
    TestFile.resize(path, to: 30)
    #expect(throws: StorageError.self) { try Self.read(path) }
  }

  @Test("refuses ids that do not exist and another number of ids than announced")
  func refusals() throws {
    #expect(throws: StorageError.self) { try write([5], below: 5) }
    for (announced, appended) in [(3, 2), (1, 2)] {
      #expect(throws: StorageError.self) {
        var writer = try EdgeIDWriter(path: path, count: announced, edgeCount: 10)
        let ids = [UInt64](repeating: 1, count: appended)
        try writer.append(ids.span)
        _ = try writer.finish(.deferred)
      }
    }
  }
}
