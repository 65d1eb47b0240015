import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Columns")
struct ColumnTests {
  let folder = TemporaryFolder()

  private func write(
    _ bytes: [UInt8], _ element: ElementType, rows: Int, width: Int, name: String = "c.npy",
    portion: Int = .max
  ) throws(StorageError) -> [FileEntry] {
    var writer = try ColumnWriter(
      path: folder.file(name), element: element, rows: rows, width: width)
    var start = 0
    while start < bytes.count {
      let end = start + min(portion, bytes.count - start)
      try writer.append(Array(bytes[start..<end]).span)
      start = end
    }
    return try writer.finish()
  }

  private func gather(_ column: Column, _ rows: [UInt64]) throws(StorageError) -> [Float] {
    var output = [Float](repeating: -1, count: rows.count * column.width)
    var span = output.mutableSpan
    try column.copyRows(rows.span, into: &span)
    return output
  }

  private func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SplitMix64(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes[..<count])
  }

  @Test("of scalars read the same where they do not stay mapped", arguments: ElementType.allCases)
  func scalars(element: ElementType) throws {
    // More than a MiB, so that going through them takes several steps.
    let rows = (3 << 19) / element.byteCount
    // Small integers that every type has: 0 to 100.
    let patterns = (0...100).map { Self.bytes(of: $0, as: element) }
    var bytes: [UInt8] = []
    for row in 0..<rows { bytes += patterns[row % 101] }
    _ = try write(bytes, element, rows: rows, width: 1)
    let path = folder.file("c.npy")
    let mapped = try Column.open(path: path)
    let copied = try Column.open(path: path, mappedShare: 0)
    let mixed = try Column.open(path: path, mappedShare: 0.25)
    #expect(mixed.mappedRows == rows / 4)
    for column in [mapped, copied, mixed] {
      for row in [0, 1, 100, 101, rows / 4 - 1, rows / 4, rows - 1] {
        #expect(try column.integer(at: row) == Int64(row % 101))
        #expect(try column.value(at: row) == Double(row % 101))
      }
      var next = 0
      var wrong = 0
      try column.forEachInteger { (row, value) in
        if row != next || value != Int64(row % 101) { wrong += 1 }
        next += 1
      }
      #expect(next == rows)
      #expect(wrong == 0)
      #expect(throws: StorageError.self) { try column.integer(at: rows) }
      #expect(throws: StorageError.self) { try column.integer(at: -1) }
    }
  }

  private static func bytes(of value: Int, as element: ElementType) -> [UInt8] {
    func bytes(_ word: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }
    return switch element {
    case .f16: bytes(Float16(value).bitPattern)
    case .f32: bytes(Float(value).bitPattern)
    case .f64: bytes(Double(value).bitPattern)
    default: Array(bytes(UInt64(value))[..<element.byteCount])
    }
  }

  @Test("have the bytes that numpy expects")
  func layout() throws {
    let entries = try write([1, 0, 0, 0, 2, 0, 0, 0], .u32, rows: 2, width: 1)
    let text = "{'descr': '<u4', 'fortran_order': False, 'shape': (2,), }"
    let expected =
      [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(text.utf8)
      + [UInt8](repeating: 0x20, count: 117 - text.utf8.count) + [0x0A, 1, 0, 0, 0, 2, 0, 0, 0]
    #expect(TestFile.read(folder.file("c.npy")) == expected)
    #expect(entries.map(\.bytes) == [136, 52])
    #expect(entries.map(\.path) == [folder.file("c.npy"), folder.file("c.npy.crc")])
  }

  @Test("do not depend on how they are written in portions", arguments: [1, 7, 1000, 1 << 20])
  func portions(portion: Int) throws {
    let bytes = randomBytes(portion < 1000 ? 30_000 : 3_000_000, seed: 1)
    let whole = try write(bytes, .f32, rows: bytes.count / 12, width: 3, name: "a.npy")
    let cut = try write(
      bytes, .f32, rows: bytes.count / 12, width: 3, name: "b.npy", portion: portion)
    #expect(whole.map(\.checksum) == cut.map(\.checksum))
    #expect(TestFile.read(folder.file("a.npy")) == TestFile.read(folder.file("b.npy")))
    #expect(TestFile.read(folder.file("a.npy.crc")) == TestFile.read(folder.file("b.npy.crc")))
  }

  @Test("of every type are gathered as floats", arguments: ElementType.allCases, [1, 3, 37, 300])
  func gathers(element: ElementType, width: Int) throws {
    let rows = 61
    let bytes = randomBytes(rows * width * element.byteCount, seed: UInt64(width))
    _ = try write(bytes, element, rows: rows, width: width)
    let column = try Column.open(
      path: folder.file("c.npy"), element: element, rows: rows, width: width)
    let wanted: [UInt64] = (0..<100).map { ($0 * 17) % 61 }
    let found = try gather(column, wanted)
    for (index, row) in wanted.enumerated() {
      for j in 0..<width {
        let start = (Int(row) * width + j) * element.byteCount
        let expected = Float(element.double(in: bytes.span.bytes, at: start))
        let value = found[index * width + j]
        // Converting u64 and i64 by way of Double rounds twice.
        if [.u64, .i64].contains(element) {
          #expect(abs(value - expected) <= expected.ulp)
        } else {
          #expect(value.isNaN ? expected.isNaN : value == expected)
        }
      }
    }
  }

  @Test("of half-precision numbers widen each of the 65,536 exactly")
  func halves() throws {
    let bytes = (0...UInt16.max).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    _ = try write(bytes, .f16, rows: 65_536, width: 1)
    let column = try Column.open(path: folder.file("c.npy"), width: 1)
    let output = try gather(column, Array(0..<65_536))
    for bits in 0...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      let found = output[Int(bits)]
      #expect(
        expected.isNaN ? found.isNaN : found.bitPattern == expected.bitPattern, "half \(bits)")
    }
  }

  @Test("give scalars and raw bytes")
  func scalars() throws {
    let values: [Int32] = [5, -1, 70_000]
    var writer = try ColumnWriter(path: folder.file("c.npy"), element: .i32, rows: 3, width: 1)
    try writer.append(values.span)
    _ = try writer.finish()
    let column = try Column.open(path: folder.file("c.npy"), element: .i32, rows: 3)
    #expect(
      try (0..<3).map { row throws(StorageError) in try column.integer(at: row) } == [
        5, -1, 70_000,
      ])
    #expect(try column.value(at: 1) == -1)
    let raw = try column.withRawRows(1..<2) { span in
      (0..<span.byteCount).map { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
    #expect(raw == [255, 255, 255, 255])
  }

  @Test("refuse rows that they do not have")
  func bounds() throws {
    _ = try write([1, 2, 3], .u8, rows: 3, width: 1)
    let column = try Column.open(path: folder.file("c.npy"))
    let path = folder.file("c.npy")
    #expect(throws: StorageError.outOfRange(path: path, what: "row", index: 3, count: 3)) {
      try gather(column, [0, 3])
    }
    #expect(throws: StorageError.self) { try column.value(at: 3) }
    #expect(throws: StorageError.self) { try column.value(at: -1) }
    #expect(throws: StorageError.self) { try column.withRawRows(2..<4) { _ in } }
    #expect(try gather(column, []) == [])
  }

  @Test("without rows have no files, and the number of rows is held to")
  func rowCounts() throws {
    #expect(try write([], .f32, rows: 0, width: 4) == [])
    #expect(throws: StorageError.self) { try write([1, 2, 3], .u8, rows: 2, width: 1) }
    #expect(throws: StorageError.self) { try write([1], .u8, rows: 2, width: 1) }
    #expect(folder.names == [])
  }

  @Test("of another type or shape than expected are refused")
  func shapes() throws {
    let entries = try write([UInt8](repeating: 0, count: 24), .f32, rows: 2, width: 3)
    let path = folder.file("c.npy")
    #expect(throws: StorageError.self) { try Column.open(path: path, element: .f16, width: 3) }
    #expect(throws: StorageError.self) { try Column.open(path: path, rows: 3, width: 3) }
    #expect(throws: StorageError.self) { try Column.open(path: path, width: 2) }
    #expect(throws: StorageError.self) {
      try Column.open(path: path, width: 3, checksum: entries[0].checksum ^ 1)
    }
    _ = try Column.open(path: path, width: 3, checksum: entries[0].checksum)
  }

  @Test("with any flipped bit are noticed: at opening, or when the block is touched")
  func flips() throws {
    let bytes = randomBytes(40, seed: 3)
    _ = try write(bytes, .u8, rows: 40, width: 1)
    for name in ["c.npy", "c.npy.crc"] {
      let path = folder.file(name)
      let original = TestFile.read(path)
      for byte in original.indices {
        var damaged = original
        damaged[byte] ^= 1 << UInt8(byte % 8)
        TestFile.write(damaged, to: path)
        #expect(throws: StorageError.self, "byte \(byte) of \(name)") {
          let column = try Column.open(path: folder.file("c.npy"), element: .u8, rows: 40)
          _ = try column.value(at: 0)
        }
      }
      TestFile.write(original, to: path)
    }
  }

  @Test("that are cut off are refused", arguments: ["c.npy", "c.npy.crc"])
  func cut(name: String) throws {
    _ = try write(randomBytes(40, seed: 3), .u8, rows: 40, width: 1)
    let original = TestFile.read(folder.file(name))
    for count in 0..<original.count {
      TestFile.write(Array(original[..<count]), to: folder.file(name))
      #expect(throws: StorageError.self) { try Column.open(path: folder.file("c.npy")) }
    }
  }

  @Test("with a damaged block serve the others and name the damaged bytes in every way of reading")
  func damagedBlock() throws {
    let block = 1 << 20
    _ = try write(randomBytes(3 * block, seed: 5), .u8, rows: 3 * block / 16, width: 16)
    let path = folder.file("c.npy")
    TestFile.flip(path, byte: 128 + block + 77)
    let column = try Column.open(path: path, width: 16)
    let lastOfFirst = UInt64(block / 16 - 1)
    #expect(try gather(column, [0, lastOfFirst, UInt64(2 * block / 16)]).count == 48)
    for attempt in 0..<2 {
      let error = #expect(throws: StorageError.self, "attempt \(attempt)") {
        try gather(column, [0, lastOfFirst + 1])
      }
      guard case .wrongChecksum(path, 128 + block, block, _, _)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    #expect(throws: StorageError.self) { try column.withRawRows(0..<column.rows) { _ in } }
    #expect(throws: StorageError.self) { try column.verifyBlock(1) }
    try column.verifyBlock(2)
  }

  @Test("that shrink while they are open give an error that names the file")
  func truncated() throws {
    let path = folder.file("c.npy")
    _ = try write(randomBytes(1 << 16, seed: 6), .u8, rows: 1 << 12, width: 16)
    let column = try Column.open(path: path, width: 16)
    let rows = (0..<UInt64(1 << 12)).map { $0 }
    let before = try gather(column, rows)
    TestFile.resize(path, to: 4096)
    #expect(throws: StorageError.truncatedWhileMapped(path: path)) { try gather(column, rows) }
    #expect(before.count == 1 << 16)
    // One that was never touched before notices it while its block is verified.
    _ = try write(randomBytes(1 << 16, seed: 6), .u8, rows: 1 << 12, width: 16)
    let untouched = try Column.open(path: path, width: 16)
    TestFile.resize(path, to: 4096)
    #expect(throws: StorageError.truncatedWhileMapped(path: path)) { try gather(untouched, [0]) }
  }

  @Test("longer than 2^32 bytes and rows are read at the right places")
  func beyond32Bits() throws {
    // 5 GiB of zeros in a sparse file, but for one value in the last MiB.
    let rows = 5 << 30
    let path = folder.file("c.npy")
    let header = NumpyHeader(element: .u8, shape: [rows]).encoded()
    TestFile.write(header, to: path)
    TestFile.resize(path, to: header.count + rows)
    var last = [UInt8](repeating: 0, count: 1 << 20)
    let zeros = Checksum.of(last.span.bytes)
    var checksums = [UInt32](repeating: zeros, count: rows >> 20)
    let place = (1 << 32) + 12_345
    last[place & (1 << 20 - 1)] = 77
    checksums[place >> 20] = Checksum.of(last.span.bytes)
    TestFile.patch(path, [77], at: header.count + place)
    let sides = ColumnChecksums(bodyByteCount: rows, numpyHeader: header, blocks: checksums)
    TestFile.write(sides.encoded(), to: ColumnChecksums.path(of: path))

    let column = try Column.open(path: path, element: .u8, rows: rows)
    #expect(try gather(column, [0, UInt64(place), 12_345, UInt64(rows - 1)]) == [0, 77, 0, 0])
    #expect(try column.integer(at: place) == 77)
    #expect(try column.integer(at: place + 1) == 0)
    // The same bytes as rows of 1024 values.
    let wide = NumpyHeader(element: .u8, shape: [rows >> 10, 1024]).encoded()
    #expect(wide.count == header.count)
    TestFile.patch(path, wide, at: 0)
    let wideSides = ColumnChecksums(bodyByteCount: rows, numpyHeader: wide, blocks: checksums)
    TestFile.write(wideSides.encoded(), to: ColumnChecksums.path(of: path))
    let matrix = try Column.open(path: path, rows: rows >> 10, width: 1024)
    let row = try gather(matrix, [UInt64(place >> 10)])
    #expect(row.firstIndex(of: 77) == place & 1023)
    #expect(row.reduce(0, +) == 77)
  }

  @Test("are verified once, whichever thread comes first", arguments: [2, 4])
  func threads(count: Int) throws {
    let rows = 1 << 18
    let bytes = randomBytes(rows * 16, seed: 9)
    _ = try write(bytes, .f32, rows: rows, width: 4)
    let column = try Column.open(path: folder.file("c.npy"), width: 4)
    let pool = ThreadPool(threads: count)
    try pool.forEach(
      16,
      throwing: { (tile) throws(StorageError) in
        let wanted = (0..<200).map { UInt64(($0 * 7919 + tile) % rows) }
        let found = try gather(column, wanted)
        let start = Int(wanted[7]) * 16
        let expected = Float(ElementType.f32.double(in: bytes.span.bytes, at: start))
        #expect(found[28].bitPattern == expected.bitPattern || expected.isNaN)
      })
  }
}
