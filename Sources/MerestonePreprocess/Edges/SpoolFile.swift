import MerestoneCore
import MerestoneStorage

/// Edges as they were read, in a temporary file of blocks, in input order.
///
/// A block of `n` edges holds the sources, the destinations, and `n` rows of column values:
///
/// | ids | bytes |
/// |---|---|
/// | `u32`, `u64` | `n` sources, `n` destinations |
/// | strings | `2n + 1` offsets (u32), sources before destinations; their bytes |
///
/// Little-endian throughout. The table of blocks is kept apart (``Block``), with a checksum each.
final class SpoolFile: Sendable {
  enum IDForm: UInt8, Codable, Sendable { case u32, u64, strings }

  struct Block: Codable, Sendable, Equatable {
    var byteOffset: Int
    var byteCount: Int
    var checksum: UInt32
    var firstEdge: Int
    var edgeCount: Int
    var form: IDForm
  }

  let blocks: [Block]
  let edgeCount: Int
  /// Bytes of a row of column values.
  let rowBytes: Int
  private let file: ScratchFile

  init(path: String, blocks: [Block], rowBytes: Int) throws(StorageError) {
    file = try ScratchFile(path: path, resuming: true)
    self.blocks = blocks
    self.rowBytes = rowBytes
    edgeCount = blocks.last.map { $0.firstEdge + $0.edgeCount } ?? 0
  }

  /// Reads a block and compares its checksum.
  func read(_ block: Block, into bytes: inout [UInt8]) throws(StorageError) {
    bytes.resize(to: block.byteCount)
    unsafe try bytes.withUnsafeMutableBufferPointer { buffer throws(StorageError) in
      unsafe try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: block.byteOffset)
    }
    // SAFETY: every byte of an array of bytes is initialised.
    let found = unsafe Checksum.of(bytes.span.bytes)
    guard found == block.checksum else {
      throw .wrongChecksum(
        path: file.path, byteOffset: block.byteOffset, byteCount: block.byteCount,
        expected: block.checksum, found: found)
    }
  }
}

/// Writes a ``SpoolFile``.
struct SpoolWriter: ~Copyable {
  private let file: ScratchFile
  private(set) var blocks: [SpoolFile.Block] = []
  private(set) var edgeCount = 0
  private var end = 0

  init(path: String) throws(StorageError) { file = try ScratchFile(path: path) }

  /// Goes on behind the blocks that are known.
  init(path: String, resuming blocks: [SpoolFile.Block]) throws(StorageError) {
    let file = try ScratchFile(path: path, resuming: true)
    let end = blocks.last.map { $0.byteOffset + $0.byteCount } ?? 0
    try file.truncate(to: end)
    self.file = file
    self.blocks = blocks
    self.end = end
    edgeCount = blocks.last.map { $0.firstEdge + $0.edgeCount } ?? 0
  }

  mutating func append(
    _ bytes: [UInt8], edges: Int, form: SpoolFile.IDForm
  ) throws(StorageError) {
    // SAFETY: every byte of an array of bytes is initialised.
    let span = unsafe bytes.span.bytes
    try file.write(span, at: end)
    blocks.append(
      SpoolFile.Block(
        byteOffset: end, byteCount: bytes.count, checksum: Checksum.of(span),
        firstEdge: edgeCount, edgeCount: edges, form: form))
    end += bytes.count
    edgeCount += edges
  }
}
