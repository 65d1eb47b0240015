/// The first 128 bytes of an edge file, `shard-*/edges/r*.csc`: one shard's in-edges of one
/// relation, as a compressed sparse column structure.
///
/// All integers are little-endian, and no byte of the file is outside a checksum.
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 8 | `MRSTCSC` and a zero byte |
/// | 8 | 4 | format version, 1 |
/// | 12 | 4 | bytes of a source id, 1...8: those of the largest possible source |
/// | 16 | 4 | edges of a page, 4096 |
/// | 20 | 4 | destinations of a node-index block, 512 |
/// | 24 | 8 | destinations `d` |
/// | 32 | 8 | edges `e` |
/// | 40 | 8 | largest source id allowed |
/// | 48 | 8 | largest in-degree |
/// | 56 | 8 | offset of the node directory: 128 |
/// | 64 | 8 | offset of the page directory |
/// | 72 | 8 | offset of the pages |
/// | 80 | 8 | offset of the node-index blocks |
/// | 88 | 8 | bytes of the whole file |
/// | 96 | 4 | how pages hold ids: 0 byte planes under LZ4, 1 bit-packed (``PageFormat``) |
/// | 100 | 24 | zeros |
/// | 124 | 4 | CRC-32C of the 124 bytes before |
///
/// Then, without gaps:
///
/// - **Node directory**, `ceil(d / 512)` entries of 24 bytes: u64 position of the block's first
///   edge; u64 offset of its payload; u32 bytes of its payload; u32 CRC-32C of the payload, then of
///   the 20 bytes before. The payload is a ``NodeIndexBlock``.
/// - **Page directory**, `ceil(e / 4096)` entries of 16 bytes: u64 offset of the payload; u32 bytes
///   of the payload, with the top bit set where it is stored plain; u32 CRC-32C of the payload, then
///   of the 12 bytes before. The payload is a page of ``PageCodec``.
/// - **Pages**, in order. Page `p` holds edges `4096 p ..< min(4096 (p + 1), e)`; lists may straddle
///   pages.
/// - **Node-index blocks**, in order.
///
/// `shard-*/edges/r*.packed`, where a relation has its edges packed beside the LZ4 pages, is such a
/// file without destinations: the edges of the `.csc` beside it in the same order, page by page, and
/// no node index. Its in-degree is 0 and its page format 1.
package struct EdgeFileHeader: Sendable, Equatable {
  package static let byteCount = 128
  package static let version = 1
  static let magic: [UInt8] = [0x4D, 0x52, 0x53, 0x54, 0x43, 0x53, 0x43, 0]
  static let nodeEntryBytes = 24
  static let pageEntryBytes = 16

  package let idBytes: Int
  package let destinationCount: Int
  package let edgeCount: Int
  package let maximumSource: UInt64
  package let pageFormat: PageFormat
  package var maximumInDegree: Int
  package var nodeBlocksOffset: Int
  package var fileBytes: Int

  package init(
    destinationCount: Int, edgeCount: Int, maximumSource: UInt64, pageFormat: PageFormat = .lz4
  ) {
    self.pageFormat = pageFormat
    self.destinationCount = destinationCount
    self.edgeCount = edgeCount
    self.maximumSource = maximumSource
    idBytes = max(1, (71 - maximumSource.leadingZeroBitCount) / 8)
    maximumInDegree = 0
    nodeBlocksOffset = 0
    fileBytes = 0
  }

  package var blockCount: Int { Self.pieces(destinationCount, NodeIndexBlock.nodes) }
  package var pageCount: Int { Self.pieces(edgeCount, PageCodec.edges) }
  var nodeDirectoryOffset: Int { Self.byteCount }
  var pageDirectoryOffset: Int { nodeDirectoryOffset + blockCount * Self.nodeEntryBytes }
  var pagesOffset: Int { pageDirectoryOffset + pageCount * Self.pageEntryBytes }

  /// `ceil(count / size)`, without overflow.
  private static func pieces(_ count: Int, _ size: Int) -> Int {
    count / size + (count % size == 0 ? 0 : 1)
  }

  /// The 128 bytes.
  package func encoded() -> [UInt8] {
    var bytes = Self.magic
    bytes.reserveCapacity(Self.byteCount)
    for value in [Self.version, idBytes, PageCodec.edges, NodeIndexBlock.nodes] {
      bytes.appendLittleEndian(UInt32(value))
    }
    bytes.appendLittleEndian(UInt64(destinationCount))
    bytes.appendLittleEndian(UInt64(edgeCount))
    bytes.appendLittleEndian(maximumSource)
    for value in [
      maximumInDegree, nodeDirectoryOffset, pageDirectoryOffset, pagesOffset, nodeBlocksOffset,
      fileBytes,
    ] {
      bytes.appendLittleEndian(UInt64(value))
    }
    bytes.appendLittleEndian(pageFormat.code)
    bytes.append(contentsOf: repeatElement(0, count: Self.byteCount - 4 - bytes.count))
    bytes.appendLittleEndian(bytes.checksumOfLast(bytes.count))
    return bytes
  }

  /// Reads and checks a header.
  ///
  /// - Parameters:
  ///   - bytes: The file, or at least its first 128 bytes.
  ///   - fileBytes: The size that the file has.
  ///   - path: Named in errors.
  package init(_ bytes: RawSpan, fileBytes: Int, path: String) throws(StorageError) {
    guard bytes.byteCount >= Self.byteCount else {
      throw .wrongSize(path: path, expected: Self.byteCount, found: bytes.byteCount)
    }
    for (offset, byte) in Self.magic.enumerated()
    where bytes.littleEndian(at: offset, as: UInt8.self) != byte {
      throw .corrupt(
        path: path, byteOffset: offset, field: "magic number", expected: "an edge file (MRSTCSC)",
        found: "byte \(bytes.littleEndian(at: offset, as: UInt8.self))")
    }
    let stored = bytes.littleEndian(at: 124, as: UInt32.self)
    let computed = Checksum.of(bytes.extracting(0..<124))
    guard stored == computed else {
      throw .wrongChecksum(
        path: path, byteOffset: 0, byteCount: Self.byteCount, expected: stored, found: computed)
    }
    let version = Int(bytes.littleEndian(at: 8, as: UInt32.self))
    guard version == Self.version else {
      throw .wrongVersion(path: path, byteOffset: 8, expected: Self.version, found: version)
    }
    // A count past 2^62 can't be a file's; below it, no size or offset computed here overflows.
    func count(at offset: Int, _ field: String) throws(StorageError) -> Int {
      let value = bytes.littleEndian(at: offset, as: UInt64.self)
      guard value < 1 << 62 else {
        throw .corrupt(
          path: path, byteOffset: offset, field: field, expected: "less than 2^62",
          found: "\(value)")
      }
      return Int(value)
    }
    let format = bytes.littleEndian(at: 96, as: UInt32.self)
    guard let pageFormat = PageFormat(code: format) else {
      throw .corrupt(
        path: path, byteOffset: 96, field: "page format", expected: "0 or 1", found: "\(format)")
    }
    self.init(
      destinationCount: try count(at: 24, "number of destinations"),
      edgeCount: try count(at: 32, "number of edges"),
      maximumSource: bytes.littleEndian(at: 40, as: UInt64.self), pageFormat: pageFormat)
    maximumInDegree = try count(at: 48, "largest in-degree")
    nodeBlocksOffset = try count(at: 80, "offset of the node index")
    self.fileBytes = try count(at: 88, "size of the file")
    let expected: [(offset: Int, field: String, value: Int, size: Int)] = [
      (12, "bytes of an id", idBytes, 4),
      (16, "edges of a page", PageCodec.edges, 4),
      (20, "destinations of an index block", NodeIndexBlock.nodes, 4),
      (56, "offset of the node directory", nodeDirectoryOffset, 8),
      (64, "offset of the page directory", pageDirectoryOffset, 8),
      (72, "offset of the pages", pagesOffset, 8),
      (100, "reserved bytes", 0, 4), (104, "reserved bytes", 0, 8), (112, "reserved bytes", 0, 8),
      (120, "reserved bytes", 0, 4),
    ]
    for item in expected {
      let found =
        item.size == 4
        ? UInt64(bytes.littleEndian(at: item.offset, as: UInt32.self))
        : bytes.littleEndian(at: item.offset, as: UInt64.self)
      guard found == UInt64(item.value) else {
        throw .corrupt(
          path: path, byteOffset: item.offset, field: item.field, expected: "\(item.value)",
          found: "\(found)")
      }
    }
    guard self.fileBytes == fileBytes else {
      throw .wrongSize(path: path, expected: self.fileBytes, found: fileBytes)
    }
    guard pagesOffset <= nodeBlocksOffset, nodeBlocksOffset <= fileBytes else {
      throw .corrupt(
        path: path, byteOffset: 80, field: "offset of the node index",
        expected: "\(pagesOffset)...\(fileBytes)", found: "\(nodeBlocksOffset)")
    }
  }

  /// The checksum at the header's end, which the manifest repeats.
  package var checksum: UInt32 {
    [UInt8](encoded().prefix(Self.byteCount - 4)).checksumOfLast(Self.byteCount - 4)
  }
}
