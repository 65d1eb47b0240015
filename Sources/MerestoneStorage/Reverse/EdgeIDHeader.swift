/// The first 64 bytes of a file of edge ids, `shard-*/edges/r*.rev.ids`, which lies beside the lists
/// of out-edges and names, place by place, the edge that each entry is.
///
/// All integers are little-endian, and no byte of the file is outside a checksum.
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 8 | `MRSTEID` and a zero byte |
/// | 8 | 4 | format version, 1 |
/// | 12 | 4 | bits of an id, 1...56: those of the largest possible id |
/// | 16 | 8 | ids `n` |
/// | 24 | 8 | edges of the relation: every id is below |
/// | 32 | 4 | ids of a block, 4096 |
/// | 36 | 24 | zeros |
/// | 60 | 4 | CRC-32C of the 60 bytes before |
///
/// Then, without gaps, `ceil(n / 4096)` blocks. A block is its ids, the lowest bits first and
/// without gaps between them, filled up to a whole byte by zeros, and a u32: the CRC-32C of those
/// bytes, then of the block's number as u64. All blocks but the last are of one size, so that the
/// i-th id is found by arithmetic.
package struct EdgeIDHeader: Sendable, Equatable {
  package static let byteCount = 64
  package static let version = 1
  static let magic: [UInt8] = [0x4D, 0x52, 0x53, 0x54, 0x45, 0x49, 0x44, 0]
  /// Ids of a block.
  static let blockIDs = 4096
  static let checksumBytes = 4
  private static let countLimit = UInt64(1) << 50
  private static let edgeLimit = UInt64(1) << 56

  package let count: Int
  /// Edges of the relation.
  package let edgeCount: UInt64
  /// Bits of an id.
  package let width: Int

  /// - Precondition: `edgeCount` is at most 2^56.
  package init(count: Int, edgeCount: UInt64) {
    precondition(edgeCount <= Self.edgeLimit, "\(edgeCount) edges")
    self.count = count
    self.edgeCount = edgeCount
    width = max(1, 64 - (max(edgeCount, 1) - 1).leadingZeroBitCount)
  }

  var blockCount: Int { (count + Self.blockIDs - 1) / Self.blockIDs }

  /// Bytes of a whole block, its checksum included.
  var blockStride: Int { Self.blockIDs / 8 * width + Self.checksumBytes }

  /// The places that a block holds.
  func places(of block: Int) -> Range<Int> {
    block * Self.blockIDs..<min((block + 1) * Self.blockIDs, count)
  }

  /// Where a block's ids lie, without the checksum behind them.
  func payload(of block: Int) -> Range<Int> {
    let start = Self.byteCount + block * blockStride
    return start..<start + (places(of: block).count * width + 7) / 8
  }

  package var fileBytes: Int {
    blockCount == 0
      ? Self.byteCount : payload(of: blockCount - 1).upperBound + Self.checksumBytes
  }

  /// The checksum of a block whose ids are `payload`.
  static func checksum(of payload: RawSpan, block: Int) -> UInt32 {
    var number: [UInt8] = []
    number.appendLittleEndian(UInt64(block))
    return number.checksumOfLast(number.count, continuing: Checksum.of(payload))
  }

  /// The 64 bytes.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.appendLittleEndian(UInt32(Self.version))
    bytes.appendLittleEndian(UInt32(width))
    bytes.appendLittleEndian(UInt64(count))
    bytes.appendLittleEndian(edgeCount)
    bytes.appendLittleEndian(UInt32(Self.blockIDs))
    bytes.append(contentsOf: repeatElement(0, count: Self.byteCount - 4 - bytes.count))
    bytes.appendLittleEndian(bytes.checksumOfLast(bytes.count))
    return bytes
  }

  /// The checksum at the header's end, which the manifest repeats.
  package var checksum: UInt32 {
    [UInt8](encoded().prefix(Self.byteCount - 4)).checksumOfLast(Self.byteCount - 4)
  }

  /// Reads and checks a header.
  ///
  /// - Parameters:
  ///   - bytes: The file, or at least its first 64 bytes.
  ///   - fileBytes: The size that the file has.
  ///   - path: Named in errors.
  package init(_ bytes: RawSpan, fileBytes: Int, path: String) throws(StorageError) {
    guard bytes.byteCount >= Self.byteCount else {
      throw .wrongSize(path: path, expected: Self.byteCount, found: bytes.byteCount)
    }
    for (offset, byte) in Self.magic.enumerated()
    where bytes.littleEndian(at: offset, as: UInt8.self) != byte {
      throw .corrupt(
        path: path, byteOffset: offset, field: "magic number",
        expected: "a file of edge ids (MRSTEID)",
        found: "byte \(bytes.littleEndian(at: offset, as: UInt8.self))")
    }
    let stored = bytes.littleEndian(at: 60, as: UInt32.self)
    let computed = Checksum.of(bytes.extracting(0..<60))
    guard stored == computed else {
      throw .wrongChecksum(
        path: path, byteOffset: 0, byteCount: Self.byteCount, expected: stored, found: computed)
    }
    let version = Int(bytes.littleEndian(at: 8, as: UInt32.self))
    guard version == Self.version else {
      throw .wrongVersion(path: path, byteOffset: 8, expected: Self.version, found: version)
    }
    let count = bytes.littleEndian(at: 16, as: UInt64.self)
    let edgeCount = bytes.littleEndian(at: 24, as: UInt64.self)
    // Below these limits no size or offset computed here overflows.
    guard count < Self.countLimit, count <= edgeCount, edgeCount <= Self.edgeLimit else {
      throw .corrupt(
        path: path, byteOffset: 16, field: "ids and edges",
        expected: "less than 2^50, of at most 2^56", found: "\(count) of \(edgeCount)")
    }
    self.init(count: Int(count), edgeCount: edgeCount)
    let expected: [(offset: Int, field: String, value: Int)] = [
      (12, "bits of an id", width), (32, "ids of a block", Self.blockIDs),
      (36, "reserved bytes", 0), (40, "reserved bytes", 0), (44, "reserved bytes", 0),
      (48, "reserved bytes", 0), (52, "reserved bytes", 0), (56, "reserved bytes", 0),
    ]
    for item in expected {
      let found = Int(bytes.littleEndian(at: item.offset, as: UInt32.self))
      guard found == item.value else {
        throw .corrupt(
          path: path, byteOffset: item.offset, field: item.field, expected: "\(item.value)",
          found: "\(found)")
      }
    }
    guard self.fileBytes == fileBytes else {
      throw .wrongSize(path: path, expected: self.fileBytes, found: fileBytes)
    }
  }
}
