/// The side file of a column, `<name>.npy.crc`: a CRC-32C for every MiB of the body.
///
/// Little-endian; the tables' checksums cover every byte of both files.
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 8 | `MRSTCRC\0` |
/// | 8 | 4 | version, 1 |
/// | 12 | 4 | bytes per block, 1,048,576 |
/// | 16 | 8 | bytes in the column's body |
/// | 24 | 8 | blocks: the body's size over the block's, rounded up |
/// | 32 | 4 | bytes in the `.npy` header |
/// | 36 | 4 | CRC-32C of the `.npy` header |
/// | 40 | 4 | CRC-32C of the table |
/// | 44 | 4 | CRC-32C of bytes 0..<44 |
/// | 48 | 4 each | the table: CRC-32C of every block |
package struct ColumnChecksums: Equatable, Sendable {
  package static let blockBytes = 1 << 20

  static let magic = Array("MRSTCRC\0".utf8)
  static let version: UInt32 = 1
  static let headerByteCount = 48

  /// What comes before the table.
  struct Header: Equatable {
    var bodyByteCount: Int
    var blockCount: Int
    var numpyHeaderByteCount: Int
    var numpyHeaderChecksum: UInt32
    var tableChecksum: UInt32
  }

  package var bodyByteCount: Int
  package var numpyHeader: [UInt8]
  package var blocks: [UInt32]

  /// - Parameters:
  ///   - bodyByteCount: The size of the column's body.
  ///   - numpyHeader: The bytes before the body.
  ///   - blocks: The checksum of every block of the body.
  package init(bodyByteCount: Int, numpyHeader: [UInt8], blocks: [UInt32]) {
    precondition(blocks.count == Self.blockCount(bodyByteCount), "\(blocks.count) blocks")
    self.bodyByteCount = bodyByteCount
    self.numpyHeader = numpyHeader
    self.blocks = blocks
  }

  package static func path(of column: String) -> String { column + ".crc" }

  package static func blockCount(_ bodyByteCount: Int) -> Int {
    bodyByteCount / blockBytes + (bodyByteCount % blockBytes == 0 ? 0 : 1)
  }

  /// The side file's bytes.
  package func encoded() -> [UInt8] {
    var table: [UInt8] = []
    table.reserveCapacity(4 * blocks.count)
    for block in blocks { table.appendLittleEndian(block) }
    var bytes = Self.magic
    bytes.appendLittleEndian(Self.version)
    bytes.appendLittleEndian(UInt32(Self.blockBytes))
    bytes.appendLittleEndian(UInt64(bodyByteCount))
    bytes.appendLittleEndian(UInt64(blocks.count))
    bytes.appendLittleEndian(UInt32(numpyHeader.count))
    // SAFETY: arrays of bytes are initialised throughout.
    bytes.appendLittleEndian(unsafe Checksum.of(numpyHeader.span.bytes))
    bytes.appendLittleEndian(unsafe Checksum.of(table.span.bytes))
    bytes.appendLittleEndian(unsafe Checksum.of(bytes.span.bytes))
    return bytes + table
  }

  /// Reads and checks a side file, table included.
  static func header(of bytes: RawSpan, path: String) throws(StorageError) -> Header {
    guard bytes.byteCount >= headerByteCount else {
      throw .wrongSize(path: path, expected: headerByteCount, found: bytes.byteCount)
    }
    for (offset, byte) in magic.enumerated() {
      let found = bytes.littleEndian(at: offset, as: UInt8.self)
      guard found == byte else {
        throw .corrupt(
          path: path, byteOffset: offset, field: "start of a column's checksums",
          expected: "byte \(byte)", found: "\(found)")
      }
    }
    let version = bytes.littleEndian(at: 8, as: UInt32.self)
    guard version == Self.version else {
      throw .wrongVersion(
        path: path, byteOffset: 8, expected: Int(Self.version), found: Int(version))
    }
    try check(bytes, 0..<44, against: bytes.littleEndian(at: 44, as: UInt32.self), path)
    let blockBytes = bytes.littleEndian(at: 12, as: UInt32.self)
    guard blockBytes == UInt32(Self.blockBytes) else {
      throw .corrupt(
        path: path, byteOffset: 12, field: "bytes per block", expected: "\(Self.blockBytes)",
        found: "\(blockBytes)")
    }
    let body = bytes.littleEndian(at: 16, as: UInt64.self)
    let blocks = bytes.littleEndian(at: 24, as: UInt64.self)
    guard let bodyByteCount = Int(exactly: body), blocks == blockCount(bodyByteCount) else {
      throw .corrupt(
        path: path, byteOffset: 24, field: "blocks", expected: "one per MiB of \(body) bytes",
        found: "\(blocks)")
    }
    // At most 2^43 blocks, so this can't overflow.
    let expected = headerByteCount + 4 * Int(blocks)
    guard bytes.byteCount == expected else {
      throw .wrongSize(path: path, expected: expected, found: bytes.byteCount)
    }
    let header = Header(
      bodyByteCount: bodyByteCount, blockCount: Int(blocks),
      numpyHeaderByteCount: Int(bytes.littleEndian(at: 32, as: UInt32.self)),
      numpyHeaderChecksum: bytes.littleEndian(at: 36, as: UInt32.self),
      tableChecksum: bytes.littleEndian(at: 40, as: UInt32.self))
    try check(bytes, headerByteCount..<expected, against: header.tableChecksum, path)
    return header
  }

  /// Compares the checksum of a range of a file's bytes with the one that was written.
  static func check(
    _ bytes: RawSpan, _ range: Range<Int>, against expected: UInt32, _ path: String
  ) throws(StorageError) {
    let found = Checksum.of(bytes.extracting(range))
    guard found == expected else {
      throw .wrongChecksum(
        path: path, byteOffset: range.lowerBound, byteCount: range.count, expected: expected,
        found: found)
    }
  }
}
