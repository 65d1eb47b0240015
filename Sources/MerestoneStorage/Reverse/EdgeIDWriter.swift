import FoundationEssentials

/// Writes a file of edge ids as they arrive. The bytes do not depend on how they are cut into calls.
///
/// A value that goes out of scope unfinished removes its file. ``EdgeIDHeader`` documents the
/// format.
package struct EdgeIDWriter: ~Copyable {
  private let header: EdgeIDHeader
  private var file: OutputFile
  /// Ids that wait until a block is full.
  private var waiting: [UInt64]
  private var written: Int

  /// - Parameters:
  ///   - count: How many ids will come.
  ///   - edgeCount: Edges of the relation: every id is below.
  package init(path: String, count: Int, edgeCount: Int) throws(StorageError) {
    header = EdgeIDHeader(count: count, edgeCount: UInt64(edgeCount))
    waiting = []
    waiting.reserveCapacity(EdgeIDHeader.blockIDs)
    written = 0
    var file = try OutputFile(path: path)
    try file.append(header.encoded())
    self.file = file
  }

  /// What a writer needs to go on where another left off.
  package struct State: Codable, Sendable, Equatable {
    var written: Int
    /// Ids that wait, 8 bytes each.
    var waiting: Data
  }

  /// Brings everything so far to the disk and says how to go on from here.
  package mutating func checkpoint() throws(StorageError) -> State {
    try file.checkpoint()
    var bytes: [UInt8] = []
    for id in waiting { bytes.appendLittleEndian(id) }
    return State(written: written, waiting: Data(bytes))
  }

  /// Goes on from a ``checkpoint()``; the other arguments are those of the first writer.
  package init(
    path: String, count: Int, edgeCount: Int, resuming state: State
  ) throws(StorageError) {
    header = EdgeIDHeader(count: count, edgeCount: UInt64(edgeCount))
    written = state.written
    file = try OutputFile(
      path: path,
      resumingAt: EdgeIDHeader.byteCount
        + state.written / EdgeIDHeader.blockIDs * header.blockStride)
    let bytes = [UInt8](state.waiting)
    waiting = stride(from: 0, to: bytes.count / 8 * 8, by: 8).map { start in
      (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
    waiting.reserveCapacity(EdgeIDHeader.blockIDs)
  }

  /// Adds the next ids.
  ///
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` for more than were announced
  ///   or an id that does not exist; an I/O error.
  package mutating func append(_ ids: Span<UInt64>) throws(StorageError) {
    guard ids.count <= header.count - written - waiting.count else {
      throw inconsistent(
        "number of edge ids", "\(header.count)",
        "at least \(written + waiting.count + ids.count)")
    }
    for index in ids.indices {
      let id = ids[index]
      guard id < header.edgeCount else {
        throw inconsistent("edge ids", "less than \(header.edgeCount)", "\(id)")
      }
      waiting.append(id)
      if waiting.count == EdgeIDHeader.blockIDs { try flush() }
    }
  }

  /// Completes the file.
  ///
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` where fewer ids came than
  ///   announced; an I/O error.
  package consuming func finish(
    _ durability: OutputFile.Durability = .synced
  ) throws(StorageError) -> FileEntry {
    if !waiting.isEmpty { try flush() }
    guard written == header.count else {
      throw inconsistent("number of edge ids", "\(header.count)", "\(written)")
    }
    let entry = FileEntry(
      path: file.path, bytes: header.fileBytes, checksum: header.checksum)
    let file = file
    try file.finish(durability)
    return entry
  }

  /// Packs and writes the block that is waiting.
  private mutating func flush() throws(StorageError) {
    let width = UInt64(header.width)
    let block = written / EdgeIDHeader.blockIDs
    var bytes: [UInt8] = []
    bytes.reserveCapacity(header.blockStride)
    var word: UInt64 = 0
    var bits: UInt64 = 0
    for id in waiting {
      // At most 7 bits are left over and an id has at most 56.
      word |= id &<< bits
      bits &+= width
      while bits >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: word))
        word &>>= 8
        bits &-= 8
      }
    }
    if bits > 0 { bytes.append(UInt8(truncatingIfNeeded: word)) }
    // SAFETY: every byte of an array of bytes is initialised.
    let checksum = unsafe EdgeIDHeader.checksum(of: bytes.span.bytes, block: block)
    bytes.appendLittleEndian(checksum)
    try file.append(bytes)
    written += waiting.count
    waiting.removeAll(keepingCapacity: true)
  }

  private func inconsistent(_ what: String, _ expected: String, _ found: String) -> StorageError {
    .invalid(
      path: file.path, what: what, expected: expected, found: found,
      mend: "this is a fault of the program that writes the file; please report it")
  }
}
