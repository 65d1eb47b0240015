import MerestoneCore
import MerestoneIngest
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("The external dictionary")
struct DictionaryTests {
  /// A plan so small that everything that can overflow does.
  static func tiny(_ kind: RawIDKind, hashMask: UInt64 = .max) -> DictionaryPlan {
    var plan = DictionaryPlan(memory: 0, kind: kind, threads: 2)
    plan.bucketBits = 5
    plan.bufferBytes = 32 * 4096
    plan.frontSlots = 24
    plan.frontArenaBytes = kind == .integer ? 0 : 200
    plan.sliceIDs = 64
    plan.sliceBytes = 500
    plan.rangeEntries = 100
    plan.rangeBytes = 1500
    plan.tableBytes = 60_000
    plan.passBufferBytes = 4096
    plan.hashMask = hashMask
    return plan
  }

  static func column(_ ids: some Collection<RawID>, _ kind: RawIDKind) -> RawIDColumn {
    if kind == .integer {
      return .integers(
        ids.map { id in
          guard case .integer(let value) = id else { preconditionFailure() }
          return value
        })
    }
    return .strings(ByteStrings(ids.map(\.description)))
  }

  /// The dictionary of these ids, given in blocks of different sizes.
  private func build(
    _ folder: TemporaryFolder, kind: RawIDKind, plan: DictionaryPlan, listed: [RawID],
    edges: [(RawID, RawID)], block: Int = 150, threads: Int = 2
  ) throws -> NodeDictionary {
    var builder = try DictionaryBuilder(
      folder: folder.path, plan: plan, kind: kind, pool: ThreadPool(threads: threads),
      cancellation: Cancellation())
    for start in stride(from: 0, to: listed.count, by: block) {
      try builder.appendListed(
        Self.column(listed[start..<min(start + block, listed.count)], kind))
    }
    for start in stride(from: 0, to: edges.count, by: block) {
      let part = edges[start..<min(start + block, edges.count)]
      try builder.append(
        sources: Self.column(part.map(\.0), kind), destinations: Self.column(part.map(\.1), kind))
    }
    return try builder.finish(progress: SilentProgress())
  }

  private func ids(of dictionary: NodeDictionary) throws -> [RawID] {
    var ids: [RawID] = []
    if dictionary.summary.kind == .integer {
      try dictionary.forEachIntegerBlock { block in
        for index in block.indices { ids.append(.integer(block[index])) }
      }
    } else {
      try dictionary.forEachStringBlock { (bytes, offsets) in
        for index in 0..<offsets.count - 1 {
          let text = bytes.extracting(offsets[index]..<offsets[index + 1]).withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
          }
          ids.append(.string(text))
        }
      }
    }
    return ids
  }

  /// Compares a dictionary with the naive one, and what is left in the folder.
  private func check(
    kind: RawIDKind, plan: DictionaryPlan, listed: [RawID] = [], edges: [(RawID, RawID)],
    threads: Int = 2
  ) throws {
    let folder = TemporaryFolder()
    let dictionary = try build(
      folder, kind: kind, plan: plan, listed: listed, edges: edges, threads: threads)
    let naive = NaiveDictionary(listed: listed, edges: edges)
    #expect(dictionary.count == naive.ids.count)
    #expect(dictionary.summary.listedCount == listed.count)
    #expect(dictionary.summary.repeatedRow == nil)
    #expect(try ids(of: dictionary) == naive.ids)
    var (sources, destinations): ([UInt32], [UInt32]) = ([], [])
    try dictionary.readEnds(
      firstEdge: 0, count: edges.count, sources: &sources, destinations: &destinations)
    #expect(sources == edges.map { naive.numbers[$0.0]! })
    #expect(destinations == edges.map { naive.numbers[$0.1]! })
    if edges.count > 7 {
      let whole = sources
      try dictionary.readEnds(
        firstEdge: 3, count: 4, sources: &sources, destinations: &destinations)
      #expect(sources == Array(whole[3..<7]))
    }
    #expect(
      folder.names
        == ["end-checksums", "ends", "id-checksums", "ids"].map { "dictionary-\($0).tmp" })
    let again = try NodeDictionary(folder: folder.path, summary: dictionary.summary, verifies: true)
    #expect(try ids(of: again) == naive.ids)
  }

  @Test("numbers strings by first appearance, source before destination")
  func strings() throws {
    let edges: [(RawID, RawID)] = [
      (.string("b"), .string("a")), (.string("a"), .string("c")), (.string("bb"), .string("b")),
    ]
    let folder = TemporaryFolder()
    let dictionary = try build(
      folder, kind: .string, plan: DictionaryPlan(memory: 0, kind: .string, threads: 2),
      listed: [], edges: edges)
    #expect(try ids(of: dictionary) == ["b", "a", "c", "bb"].map { .string($0) })
    var (sources, destinations): ([UInt32], [UInt32]) = ([], [])
    try dictionary.readEnds(
      firstEdge: 0, count: 3, sources: &sources, destinations: &destinations)
    #expect(sources == [0, 1, 3])
    #expect(destinations == [1, 2, 0])
  }

  @Test("numbers integers ascending, up to 2^64 - 1, behind those of the node table")
  func integers() throws {
    let edges: [(RawID, RawID)] = [
      (.integer(.max), .integer(5)), (.integer(7), .integer(.max - 1)), (.integer(0), .integer(7)),
    ]
    for listed in [[], [9, 7, 1 << 40]] as [[UInt64]] {
      let folder = TemporaryFolder()
      let dictionary = try build(
        folder, kind: .integer, plan: Self.tiny(.integer), listed: listed.map { .integer($0) },
        edges: edges)
      let rest: [UInt64] = listed.isEmpty ? [0, 5, 7, .max - 1, .max] : [0, 5, .max - 1, .max]
      #expect(try ids(of: dictionary) == (listed + rest).map { .integer($0) })
    }
  }

  /// A few ids very often, many once or twice.
  private func skewed(
    _ kind: RawIDKind, edges: Int, nodes: UInt64, seed: UInt64
  ) -> [(RawID, RawID)] {
    var generator = SplitMix64(seed: seed)
    func id() -> RawID {
      let width = UInt64.random(in: 1...nodes, using: &generator)
      let value = UInt64.random(in: 0..<width, using: &generator)
      if kind == .integer {
        return .integer(value % 3 == 0 ? .max - value : value &* 0x0123_4567_89AB_CDEF)
      }
      return .string(
        value % 50 == 1
          ? String(repeating: "long ", count: Int(value % 97)) + "\(value)"
          : "n\(value)")
    }
    return (0..<edges).map { _ in (id(), id()) }
  }

  @Test(
    "does what a hash table does, with any memory and threads",
    arguments: [RawIDKind.integer, .string], 0..<6 as Range<UInt64>)
  func matchesNaive(kind: RawIDKind, seed: UInt64) throws {
    let edges = skewed(kind, edges: 3000, nodes: [10, 900, 100_000][Int(seed % 3)], seed: seed)
    var listed: [RawID] = []
    if seed % 2 == 1 {
      var seen: Set<RawID> = []
      for (source, destination) in edges.reversed().prefix(700) {
        for end in [destination, source] where seen.insert(end).inserted { listed.append(end) }
      }
      let isolated: RawID = kind == .integer ? .integer(123) : .string("in no edge")
      if seen.insert(isolated).inserted { listed.append(isolated) }
    }
    try check(
      kind: kind, plan: Self.tiny(kind), listed: listed, edges: edges, threads: seed < 3 ? 1 : 3)
    try check(
      kind: kind, plan: DictionaryPlan(memory: 0, kind: kind, threads: 2), listed: listed,
      edges: edges)
  }

  @Test(
    "tells ids with equal hashes apart",
    arguments: [RawIDKind.integer, .string], [0, 1, 0xF, 0xFF00_0000_0000_0000])
  func collisions(kind: RawIDKind, mask: UInt64) throws {
    let edges = skewed(kind, edges: 400, nodes: 300, seed: mask)
    try check(kind: kind, plan: Self.tiny(kind, hashMask: mask), edges: edges)
  }

  @Test("splits a bucket whose distinct ids do not fit", arguments: [RawIDKind.integer, .string])
  func overflow(kind: RawIDKind) throws {
    var plan = Self.tiny(kind)
    plan.bucketBits = 4
    plan.tableBytes = 40_000
    let edges: [(RawID, RawID)] = (0..<12_000).map { number in
      let ends = [number, number * 7 % 12_000 + 12_000].map {
        kind == .integer ? RawID.integer(UInt64($0) << 33) : RawID.string("node number \($0)")
      }
      return (ends[0], ends[1])
    }
    try check(kind: kind, plan: plan, edges: edges)
  }

  @Test("takes ends that are all equal", arguments: [RawIDKind.integer, .string])
  func allEqual(kind: RawIDKind) throws {
    let id: RawID = kind == .integer ? .integer(.max) : .string("hub")
    try check(
      kind: kind, plan: Self.tiny(kind), edges: Array(repeating: (id, id), count: 1000))
    try check(kind: kind, plan: Self.tiny(kind), edges: [])
    try check(kind: kind, plan: Self.tiny(kind), listed: [id], edges: [])
  }

  @Test("takes ends that are all different", arguments: [RawIDKind.integer, .string])
  func allDifferent(kind: RawIDKind) throws {
    let edges: [(RawID, RawID)] = (0..<2000).map { number in
      kind == .integer
        ? (.integer(.max - UInt64(number)), .integer(UInt64(number)))
        : (.string("a\(number)"), .string("b\(number)"))
    }
    try check(kind: kind, plan: Self.tiny(kind), edges: edges)
  }

  @Test("names the first row of the node table that repeats another")
  func repeatedRows() throws {
    let folder = TemporaryFolder()
    let listed = (0..<600).map { RawID.string("n\($0 == 450 ? 17 : $0 == 599 ? 3 : $0)") }
    let dictionary = try build(
      folder, kind: .string, plan: Self.tiny(.string), listed: listed, edges: [])
    let row = try #require(dictionary.summary.repeatedRow)
    #expect(row.first == 17)
    #expect(row.second == 450)
    #expect(row.id == .string("n17"))
  }

  @Test("stops when it is told to")
  func cancellation() throws {
    let folder = TemporaryFolder()
    let cancellation = Cancellation()
    var builder = try DictionaryBuilder(
      folder: folder.path, plan: Self.tiny(.integer), kind: .integer,
      pool: ThreadPool(threads: 2), cancellation: cancellation)
    try builder.append(sources: .integers([1, 2]), destinations: .integers([3, 4]))
    cancellation.cancel()
    #expect(throws: StorageError.interrupted(path: folder.path)) {
      try builder.append(sources: .integers([1]), destinations: .integers([3]))
    }
    do {
      _ = try builder.finish(progress: SilentProgress())
      Issue.record("went on")
    } catch {
      #expect(error == .interrupted(path: folder.path))
    }
  }

  @Test("refuses files that are not those of its summary")
  func wrongSize() throws {
    let folder = TemporaryFolder()
    let dictionary = try build(
      folder, kind: .integer, plan: Self.tiny(.integer), listed: [],
      edges: [(.integer(1), .integer(1 << 60))])
    TestFile.resize(NodeDictionary.idsPath(folder.path), to: 15)
    #expect(
      throws: StorageError.wrongSize(
        path: NodeDictionary.idsPath(folder.path), expected: 16, found: 15)
    ) {
      _ = try NodeDictionary(folder: folder.path, summary: dictionary.summary, verifies: true)
    }
  }

  @Test(
    "finds every byte that changes while it is at rest", arguments: [RawIDKind.integer, .string])
  func damage(kind: RawIDKind) throws {
    let folder = TemporaryFolder()
    let edges = (0..<40 as Range<UInt64>).map {
      (Self.id($0 % 7 << 40, kind), Self.id($0 << 41, kind))
    }
    let dictionary = try build(
      folder, kind: kind, plan: Self.tiny(kind), listed: [], edges: edges)
    for name in folder.names {
      let path = folder.file(name)
      let whole = TestFile.read(path)
      for byte in whole.indices {
        TestFile.flip(path, byte: byte, bit: byte % 8)
        #expect(throws: StorageError.self, "byte \(byte) of \(name)") {
          try NodeDictionary(
            folder: folder.path, summary: dictionary.summary, verifies: true)
        }
        TestFile.write(whole, to: path)
      }
    }
    _ = try NodeDictionary(folder: folder.path, summary: dictionary.summary, verifies: true)
  }

  private static func id(_ number: UInt64, _ kind: RawIDKind) -> RawID {
    kind == .integer ? .integer(number) : .string("node \(number)")
  }

  @Test("predicts temporary space between what it keeps and a few times as much")
  func prediction() {
    let (peak, kept) = DictionaryPlan.temporaryBytes(
      edges: 1_000_000, listed: 0, distinct: 500_000, meanBytes: 20, kind: .string,
      memory: 64 << 20, threads: 2)
    #expect(kept == 8_000_000 + 500_000 * 21)
    #expect(peak > kept && peak < 3 * kept)
  }
}
