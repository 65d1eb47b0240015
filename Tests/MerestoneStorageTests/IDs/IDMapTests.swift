import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Maps between raw and global ids")
struct IDMapTests {
  let folder = TemporaryFolder()

  private var prefix: String { folder.file("t0000") }

  private func map(_ raw: [UInt64]) throws(StorageError) -> IDMap {
    let written = try IDMapWriter.write(integers: raw.span, to: prefix)
    return try open(written, count: raw.count)
  }

  private func map(_ raw: [String]) throws(StorageError) -> IDMap {
    let written = try IDMapWriter.write(strings: raw.count, to: prefix) {
      (node, body) throws(StorageError) in
      let utf8 = Array(raw[node].utf8)
      try body(utf8.span.bytes)
    }
    return try open(written, count: raw.count)
  }

  private func open(_ written: IDMapWriter.Written, count: Int) throws(StorageError) -> IDMap {
    let checksums = Dictionary(uniqueKeysWithValues: written.files.map { ($0.path, $0.checksum) })
    let map = try IDMap.open(
      prefix: prefix, kind: written.kind, storage: written.storage, count: count,
      checksum: { checksums[$0] })
    #expect(map.bytesOnDisk == written.files.reduce(0) { $0 + $1.bytes })
    return map
  }

  /// Every id leads there and back, and ids that are not there lead nowhere.
  private func check(_ map: IDMap, _ raw: [RawID], absent: [RawID]) throws(StorageError) {
    for (node, id) in raw.enumerated() {
      let found = try map.global(of: id)
      #expect(found == NodeID(UInt64(node)), "\(id)")
      let back = try map.raw(of: NodeID(UInt64(node)))
      #expect(back == id)
    }
    let held = Set(raw)
    for id in absent where !held.contains(id) {
      let found = try map.global(of: id)
      #expect(found == nil, "\(id)")
    }
    #expect(throws: StorageError.self) { try map.raw(of: NodeID(UInt64(raw.count))) }
    try map.verify()
  }

  @Test("have no files where raw ids are the global ids", arguments: [0, 1, 5])
  func identity(count: Int) throws {
    let map = try map((0..<UInt64(count)).map { $0 })
    #expect(map.storage == .identity)
    #expect(folder.names == [])
    try check(
      map, (0..<UInt64(count)).map { .integer($0) },
      absent: [.integer(UInt64(count)), .integer(.max), .string("0")])
  }

  @Test("are an array where integers are dense")
  func dense() throws {
    let raw: [UInt64] = [4, 0, 9, 2, 1]
    let map = try map(raw)
    #expect(map.storage == .dense)
    #expect(
      folder.names == [
        "t0000.dense.npy", "t0000.dense.npy.crc", "t0000.raw.npy", "t0000.raw.npy.crc",
      ])
    try check(
      map, raw.map { .integer($0) },
      absent: (0...11).map { .integer($0) } + [.integer(.max), .string("4")])
  }

  @Test("are a dictionary where integers are sparse, up to 2^64 - 1")
  func sparse() throws {
    let raw: [UInt64] = [.max, 0, 1 << 32, .max - 1, 1, 1 << 63]
    let map = try map(raw)
    #expect(map.storage == .dictionary)
    try check(
      map, raw.map { .integer($0) },
      absent: [.integer(2), .integer(.max - 2), .integer(1 << 62), .string("1")])
  }

  @Test("hold strings: empty, long, with blanks, and that differ in their bytes only")
  func strings() throws {
    let raw = [
      "/m/027rn", "", " ", "a", "a\0", "\0", "é", "12345678", "123456781", "Zürich HB",
      String(repeating: "x", count: 5000), String(repeating: "x", count: 4999), "1",
    ]
    let map = try map(raw)
    try check(
      map, raw.map { .string($0) }, absent: [.string("b"), .string("aa"), .integer(1)])
    // The same letter in two code points has other bytes.
    #expect(try map.global(of: .string("e\u{301}")) == nil)
  }

  @Test("of one string without bytes have a place for it")
  func emptyString() throws {
    try check(try map([""]), [.string("")], absent: [.string("a")])
    try check(try map([String]()), [], absent: [.string("")])
  }

  @Test("over random ids lead there and back", arguments: 0..<12 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let count = [1, 2, 3, 10, 500, 3000][Int(seed) % 6]
    let limit: UInt64 = seed < 6 ? UInt64(count) * 2 : .max
    var ids = Set<UInt64>()
    while ids.count < count { ids.insert(.random(in: 0...limit, using: &generator)) }
    let raw = ids.sorted().shuffled(using: &generator)
    let absent = (0..<500).map { _ in RawID.integer(.random(in: 0...limit, using: &generator)) }
    try check(try map(raw), raw.map { .integer($0) }, absent: absent)
    let words = raw.map { "node \($0)" }
    try check(try map(words), words.map { .string($0) }, absent: [.string("node")])
  }

  @Test("whose keys lie as badly as they can are still searched in few steps")
  func adversarial() throws {
    // Raw ids whose hashes are powers of two, doubled in number near the ends: interpolation alone
    // would walk through them one by one.
    var hashes = (0..<64).map { UInt64(1) << UInt64($0) }
    hashes += (0..<64).map { .max - UInt64(1) << UInt64($0) }
    hashes += (0..<3000).map { UInt64($0) }
    hashes += (0..<3000).map { .max - UInt64($0) }
    let raw = Set(hashes).sorted().map(Self.unmix)
    #expect(RawIDHash.mix(raw[5]) == 5)
    try check(
      try map(raw), raw.map { .integer($0) },
      absent: (0..<3000).map { .integer(Self.unmix(UInt64($0) << 40 + 3)) })
  }

  /// The inverse of the mixing function.
  static func unmix(_ value: UInt64) -> UInt64 {
    func undoShift(_ value: UInt64, _ shift: UInt64) -> UInt64 {
      var result = value
      for _ in 0..<64 / shift + 1 { result = value ^ (result >> shift) }
      return result
    }
    func inverse(_ odd: UInt64) -> UInt64 {
      var result = odd
      for _ in 0..<6 { result = result &* (2 &- odd &* result) }
      return result
    }
    var z = undoShift(value, 31) &* inverse(0x94D0_49BB_1331_11EB)
    z = undoShift(z, 27) &* inverse(0xBF58_476D_1CE4_E5B9)
    return undoShift(z, 30) &- 0x9E37_79B9_7F4A_7C15
  }

  @Test("refuse an id that two nodes have, and name both")
  func duplicates() {
    for raw in [[3, 1, 2, 1], [.max, 1 << 40, 7, 1 << 40]] as [[UInt64]] {
      #expect(
        throws: StorageError.duplicateRawID(
          path: prefix, raw: .integer(raw[1]), first: NodeID(1), second: NodeID(3))
      ) { try map(raw) }
    }
    #expect(
      throws: StorageError.duplicateRawID(
        path: prefix, raw: .string("b"), first: NodeID(1), second: NodeID(2))
    ) { try map(["a", "b", "b", "c"]) }
    #expect(folder.names == [])
  }

  @Test("refuse strings that are not UTF-8")
  func invalidText() {
    #expect(throws: StorageError.self) {
      try IDMapWriter.write(strings: 1, to: prefix) { (_, body) throws(StorageError) in
        let bytes: [UInt8] = [0xC3]
        try body(bytes.span.bytes)
      }
    }
  }

  @Test(
    "notice every flipped byte, at the latest when everything is verified", arguments: [0, 1, 2])
  func flips(form: Int) throws {
    let written: IDMapWriter.Written =
      switch form {
      case 0: try IDMapWriter.write(integers: ([4, 0, 9, 2, 1] as [UInt64]).span, to: prefix)
      case 1: try IDMapWriter.write(integers: ([1 << 50, 3] as [UInt64]).span, to: prefix)
      default:
        try IDMapWriter.write(strings: 2, to: prefix) { (node, body) throws(StorageError) in
          let utf8 = Array("node \(node)".utf8)
          try body(utf8.span.bytes)
        }
      }
    let count = form == 0 ? 5 : 2
    for entry in written.files {
      let original = TestFile.read(entry.path)
      #expect(original.count == entry.bytes)
      for byte in original.indices {
        var damaged = original
        damaged[byte] ^= 1 << UInt8(byte % 8)
        TestFile.write(damaged, to: entry.path)
        #expect(throws: StorageError.self, "byte \(byte) of \(entry.path)") {
          try open(written, count: count).verify()
        }
      }
      TestFile.write(original, to: entry.path)
    }
    try open(written, count: count).verify()
  }

  @Test("with values that lead astray are refused, though their checksums are right")
  func astray() throws {
    func write(_ name: String, _ values: [UInt32]) throws(StorageError) {
      var writer = try ColumnWriter(
        path: folder.file(name), element: .u32, rows: values.count, width: 1)
      try writer.append(values.span)
      _ = try writer.finish()
    }
    func open() throws(StorageError) -> IDMap {
      try IDMap.open(prefix: prefix, kind: .integer, storage: .dense, count: 2)
    }
    try write("t0000.raw.npy", [2, 0])
    try write("t0000.dense.npy", [1, .max, 0])
    try open().verify()
    try write("t0000.dense.npy", [1, .max, 7])
    #expect(throws: StorageError.self) { try open().global(ofInteger: 2) }
    try write("t0000.dense.npy", [1, 0, 0])
    #expect(throws: StorageError.self) { try open().verify() }
    try write("t0000.dense.npy", [0, .max, 0])
    #expect(throws: StorageError.self) { try open().verify() }
    #expect(throws: StorageError.self) {
      try IDMap.open(prefix: prefix, kind: .string, storage: .dense, count: 2)
    }
  }

  /// Replaces a column of the map.
  private func column<T: BitwiseCopyable>(
    _ suffix: String, _ element: ElementType, _ values: [T]
  ) throws(StorageError) {
    var writer = try ColumnWriter(
      path: prefix + suffix, element: element, rows: values.count, width: 1)
    try writer.append(values.span)
    _ = try writer.finish()
  }

  @Test(
    "of strings whose hashes are equal are told apart by their bytes", arguments: [2, 9, 40])
  func collisions(count: Int) throws {
    // A dictionary as the writer makes it, but for one place given to all nodes: that of "0".
    let words = (0..<count).map { "\($0)" }
    _ = try map(words)
    let zero = Array("0".utf8)
    let groups = HashDictionary.groupCount(count)
    let place = HashDictionary.place(RawIDHash.hash(zero.span.bytes), groupCount: groups)
    try column(".keys.npy", .u16, [UInt16](repeating: place.key, count: count))
    try column(
      ".index.npy", .u32, (0...groups).map { $0 <= place.group ? UInt32(0) : UInt32(count) })
    let hashes = words.map { word in
      let utf8 = Array(word.utf8)
      return RawIDHash.hash(utf8.span.bytes)
    }
    let byHash = words.indices.sorted { hashes[$0] < hashes[$1] }.map { UInt32($0) }
    try column(".values.npy", .u32, byHash)
    let map = try IDMap.open(prefix: prefix, kind: .string, storage: .dictionary, count: count)
    #expect(try map.global(of: .string("0")) == NodeID(0))
    let absent = (0..<20_000).map { "x\($0)" }.filter { word in
      let utf8 = Array(word.utf8)
      let hash = RawIDHash.hash(utf8.span.bytes)
      return HashDictionary.place(hash, groupCount: groups).group == place.group
    }
    for word in absent.prefix(50) { #expect(try map.global(of: .string(word)) == nil) }
  }

  @Test(
    "are the same bytes for any memory, threads and order of the stream", arguments: [false, true])
  func external(isString: Bool) throws {
    var generator = SplitMix64(seed: 7)
    let count = 20_011
    let raw = (0..<count).map { _ in generator.next() }
    let globals = (0..<UInt32(count)).shuffled(using: &generator)
    var byGlobal = [UInt64](repeating: 0, count: count)
    for (number, global) in globals.enumerated() { byGlobal[Int(global)] = raw[number] }
    func word(_ value: UInt64) -> String { "node/\(value % 4 == 0 ? value : value >> 20)" }
    let plain = TemporaryFolder()
    _ =
      isString
      ? try IDMapWriter.write(strings: count, to: plain.file("t")) {
        (node, body) throws(StorageError) in
        let utf8 = Array(word(byGlobal[node]).utf8)
        try body(utf8.span.bytes)
      } : try IDMapWriter.write(integers: byGlobal.span, to: plain.file("t"))
    let workspace = IDMapWorkspace(
      folder: folder.path, memory: 0, pool: ThreadPool(threads: 3))
    let written =
      isString
      ? try IDMapWriter.write(
        strings: { (body) throws(StorageError) in
          for start in stride(from: 0, to: count, by: 7000) {
            var (bytes, offsets): ([UInt8], [Int]) = ([], [0])
            for number in start..<min(start + 7000, count) {
              bytes += Array(word(raw[number]).utf8)
              offsets.append(bytes.count)
            }
            try body(bytes.span.bytes, offsets.span)
          }
        }, globals: globals, byteCount: 1 << 20, to: prefix, workspace: workspace)
      : try IDMapWriter.write(
        integers: { (body) throws(StorageError) in
          for start in stride(from: 0, to: count, by: 7000) {
            try body(Array(raw[start..<min(start + 7000, count)]).span)
          }
        }, globals: globals, to: prefix, workspace: workspace)
    #expect(plain.names.count == (isString ? 10 : 8))
    for name in plain.names {
      #expect(
        TestFile.read(plain.file(name))
          == TestFile.read(prefix + name.dropFirst(1)), "\(name)")
    }
    #expect(folder.names.count == plain.names.count)
    let map = try open(written, count: count)
    for node in stride(from: 0, to: count, by: 13) {
      let id: RawID = isString ? .string(word(byGlobal[node])) : .integer(byGlobal[node])
      #expect(try map.global(of: id) == NodeID(UInt64(node)))
      #expect(try map.raw(of: NodeID(UInt64(node))) == id)
    }
  }

  @Test("take few bytes per id")
  func size() throws {
    let raw = (0..<100_000).map { RawIDHash.mix(UInt64($0)) }
    #expect(Double(try map(raw).bytesOnDisk) / 100_000 < 14.3)
    let words = raw.map { String($0, radix: 16) }
    let own = words.reduce(0) { $0 + $1.utf8.count }
    #expect(Double(try map(words).bytesOnDisk - own) / 100_000 < 7.9)
    #expect(Double(try map((0..<100_000).reversed()).bytesOnDisk) / 100_000 < 8.1)
  }

  @Test("of damaged string lengths say so, though their checksums are right")
  func wrongLengths() throws {
    _ = try map(["one", "two", "three"])
    for bytes in [[3, 1, 2, 3, 200, 1], [255, 255, 255, 255, 255, 255, 255, 255, 255, 1], [200]] {
      try column(".raw.bytes.npy", .u8, bytes.map { UInt8($0) })
      try column(".raw.offsets.npy", .u64, [0, UInt64(bytes.count)])
      let map = try IDMap.open(prefix: prefix, kind: .string, storage: .dictionary, count: 3)
      #expect(throws: StorageError.self) { try map.raw(of: NodeID(1)) }
      #expect(throws: StorageError.self) { try map.verify() }
    }
  }
}

@Suite("Hashes of raw ids")
struct RawIDHashTests {
  @Test("are part of the format and never change")
  func golden() {
    #expect(RawIDHash.mix(0) == 0xE220_A839_7B1D_CDAF)
    let words = ["", "a", "12345678", "123456789"].map { word in
      let utf8 = Array(word.utf8)
      return RawIDHash.hash(utf8.span.bytes)
    }
    // Computed from the documentation by another program.
    #expect(
      words == [
        0xE220_A839_7B1D_CDAF,
        0x89BB_F6D8_780A_7FD4,
        0xF452_247C_72F0_6CF2,
        0xFFEC_BED2_4747_03A7,
      ])
  }

  @Test("of integers can be undone, so they never collide", arguments: 0..<20 as Range<UInt64>)
  func bijective(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    for _ in 0..<200 {
      let value = generator.next()
      #expect(IDMapTests.unmix(RawIDHash.mix(value)) == value)
    }
  }

  @Test("of 200,000 similar strings are all different")
  func spread() {
    var seen = Set<UInt64>()
    for number in 0..<100_000 {
      for prefix in ["/m/0", "http://example.org/resource/item-"] {
        let utf8 = Array("\(prefix)\(number)".utf8)
        seen.insert(RawIDHash.hash(utf8.span.bytes))
      }
    }
    #expect(seen.count == 200_000)
  }
}
