import Glibc
package import MerestoneStorage

/// Neighbourhoods in a temporary file, read block by block; ``NeighborFileFormat`` has the layout.
///
/// Resident are 32 bytes per block of 64 Ki nodes or 2^20 entries. Blocks are verified each time
/// they are read.
package final class NeighborFile: NeighborSource {
  package let path: String
  package let nodeCount: Int
  package let entryCount: Int
  private let descriptor: Int32
  private let blocks: [Block]

  private struct Block {
    var firstNode: Int
    var byteOffset: Int
    var entryCount: Int
    var checksum: UInt32
  }

  /// Opens a file that ``NeighborFileWriter`` completed.
  package init(path: String) throws(StorageError) {
    // SAFETY: the path is zero-terminated for the call.
    let opened = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else {
      throw errno == ENOENT ? .missing(path: path) : .io(path: path, operation: "open", code: errno)
    }
    do throws(StorageError) {
      (nodeCount, entryCount, blocks) = try Self.readDirectory(opened, path: path)
    } catch {
      _ = Glibc.close(opened)
      throw error
    }
    self.path = path
    descriptor = opened
  }

  deinit { _ = Glibc.close(descriptor) }

  package var blockCount: Int { blocks.count }

  package func nodes(ofBlock block: Int) -> Range<Int> {
    blocks[block].firstNode..<(block + 1 < blocks.count ? blocks[block + 1].firstNode : nodeCount)
  }

  package func read(_ block: Int, into scratch: inout NeighborScratch) throws(StorageError) {
    let nodes = nodes(ofBlock: block).count
    let entry = blocks[block]
    scratch.prepare(nodes: nodes, entries: entry.entryCount)
    var checksum = Checksum()
    try Self.read(
      descriptor, into: &scratch.offsets, from: 1, count: nodes, at: entry.byteOffset,
      checksum: &checksum, path: path)
    try Self.read(
      descriptor, into: &scratch.neighbors, from: 0, count: entry.entryCount,
      at: entry.byteOffset + 4 * nodes, checksum: &checksum, path: path)
    guard checksum.value == entry.checksum else {
      throw .wrongChecksum(
        path: path, byteOffset: entry.byteOffset, byteCount: 4 * (nodes + entry.entryCount),
        expected: entry.checksum, found: checksum.value)
    }
    guard scratch.sumOffsets(expecting: entry.entryCount) else {
      throw .corrupt(
        path: path, byteOffset: entry.byteOffset,
        field: "the lengths of the lists of block \(block)",
        expected: "\(entry.entryCount) in all", found: "another sum")
    }
  }
}

extension NeighborFile {
  private static func readDirectory(
    _ descriptor: Int32, path: String
  ) throws(StorageError) -> (nodeCount: Int, entryCount: Int, blocks: [Block]) {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size >= NeighborFileFormat.trailerBytes else {
      throw .wrongSize(path: path, expected: NeighborFileFormat.trailerBytes, found: max(0, size))
    }
    let trailerOffset = size - NeighborFileFormat.trailerBytes
    let trailer = try bytes(
      descriptor, NeighborFileFormat.trailerBytes, at: trailerOffset, path: path)
    guard NeighborFileFormat.word(trailer, at: 0) == NeighborFileFormat.magic else {
      throw .corrupt(
        path: path, byteOffset: trailerOffset, field: "magic", expected: "MRSNBRS1",
        found: "other bytes")
    }
    let sealed = NeighborFileFormat.checksum(Array(trailer[..<36]))
    let seal = NeighborFileFormat.half(trailer, at: 36)
    guard sealed == seal else {
      throw .wrongChecksum(
        path: path, byteOffset: trailerOffset, byteCount: 36, expected: seal, found: sealed)
    }
    let nodeCount = NeighborFileFormat.word(trailer, at: 8)
    let entryCount = NeighborFileFormat.word(trailer, at: 16)
    let blockCount = NeighborFileFormat.word(trailer, at: 24)
    guard blockCount <= UInt64(trailerOffset / NeighborFileFormat.directoryEntryBytes),
      nodeCount < 1 << 32, entryCount <= UInt64(size / 4)
    else {
      throw .corrupt(
        path: path, byteOffset: trailerOffset, field: "counts", expected: "those of \(size) bytes",
        found: "\(nodeCount) nodes, \(entryCount) entries, \(blockCount) blocks")
    }
    let directoryBytes = Int(blockCount) * NeighborFileFormat.directoryEntryBytes
    let directoryOffset = trailerOffset - directoryBytes
    let directory = try bytes(descriptor, directoryBytes, at: directoryOffset, path: path)
    let found = NeighborFileFormat.checksum(directory)
    let expected = NeighborFileFormat.half(trailer, at: 32)
    guard found == expected else {
      throw .wrongChecksum(
        path: path, byteOffset: directoryOffset, byteCount: directoryBytes, expected: expected,
        found: found)
    }
    var blocks: [Block] = []
    var nodes: UInt64 = 0
    var entries: UInt64 = 0
    for index in 0..<Int(blockCount) {
      let place = index * NeighborFileFormat.directoryEntryBytes
      blocks.append(
        Block(
          firstNode: Int(nodes), byteOffset: Int(4 * (nodes + entries)),
          entryCount: Int(
            truncatingIfNeeded: NeighborFileFormat.word(directory, at: place + 8) & 0xFFFF_FFFF),
          checksum: NeighborFileFormat.half(directory, at: place + 16)))
      // Both stay below the counts that were checked, or the sums below are wrong.
      nodes &+= NeighborFileFormat.word(directory, at: place) & 0xFFFF_FFFF
      entries &+= UInt64(blocks[index].entryCount)
      guard nodes <= nodeCount, entries <= entryCount else { break }
    }
    guard nodes == nodeCount, entries == entryCount, 4 * (nodes + entries) == directoryOffset else {
      throw .corrupt(
        path: path, byteOffset: directoryOffset, field: "the directory",
        expected: "\(nodeCount) nodes and \(entryCount) entries",
        found: "\(nodes) nodes and \(entries) entries")
    }
    return (Int(nodeCount), Int(entryCount), blocks)
  }

  private static func bytes(
    _ descriptor: Int32, _ count: Int, at byteOffset: Int, path: String
  ) throws(StorageError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    try unsafe result.withUnsafeMutableBufferPointer { buffer throws(StorageError) in
      // SAFETY: the buffer has exactly the bytes that are asked for.
      try unsafe PositionedRead.read(
        into: UnsafeMutableRawBufferPointer(buffer), from: descriptor, at: byteOffset, path: path)
    }
    return result
  }

  /// Reads `count` values into `values[first...]` and adds their bytes to `checksum`.
  private static func read(
    _ descriptor: Int32, into values: inout [UInt32], from first: Int, count: Int,
    at byteOffset: Int, checksum: inout Checksum, path: String
  ) throws(StorageError) {
    try unsafe values.withUnsafeMutableBufferPointer { buffer throws(StorageError) in
      // SAFETY: the range is checked by the slicing; 32-bit integers have no padding.
      let target = unsafe UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(rebasing: buffer[first..<first + count]))
      try unsafe PositionedRead.read(
        into: target, from: descriptor, at: byteOffset, path: path)
      unsafe checksum.update(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(target)))
    }
  }
}
