package import MerestoneCore
import MerestoneIngest
package import MerestoneStorage

/// The numbers of all edge ends, and the raw ids in the order of their numbers, in two files.
///
/// | file | holds |
/// |---|---|
/// | `dictionary-ends.tmp` | a `u32` for each end, source and destination of each edge in turn |
/// | `dictionary-ids.tmp` | the ids by number: `u64`, or strings behind their lengths (seven bits a byte, the lowest first) |
/// | `dictionary-end-checksums.tmp`, `dictionary-id-checksums.tmp` | ``PieceChecksums/table()`` of the two |
///
/// Nothing is resident. Any thread reads.
package struct NodeDictionary: Sendable {
  /// Two rows of the node table with one id; the second is the first row that repeats another.
  package struct RepeatedRow: Codable, Sendable, Equatable {
    package var first: Int
    package var second: Int
    package var id: RawID
  }

  /// What a journal has to keep, to open the files again.
  package struct Summary: Codable, Sendable, Equatable {
    package var kind: IDMap.Kind
    /// How many nodes there are.
    package var count: Int
    /// Rows of the node table; where no row repeats another they have the first numbers.
    package var listedCount: Int
    package var edgeCount: Int
    /// The size of the file of ids.
    package var idBytes: Int
    /// Set where the numbers of rows are not their positions, because two have one id.
    package var repeatedRow: RepeatedRow?
    /// The checksums of both files, each an array.
    var endChecksums: ArrayFile.Entry
    var idChecksums: ArrayFile.Entry
  }

  package let summary: Summary
  private let ends: ScratchFile
  private let ids: ScratchFile

  package var count: Int { summary.count }

  init(summary: Summary, ends: ScratchFile, ids: ScratchFile) {
    self.summary = summary
    self.ends = ends
    self.ids = ids
  }

  /// Opens the files of an earlier run, or of an earlier stage.
  ///
  /// - Parameter verifies: Whether to read both files as a whole and compare their checksums: where
  ///   they have been at rest since another run wrote them.
  /// - Throws: ``StorageError`` where they are not whole or were changed.
  package init(folder: String, summary: Summary, verifies: Bool) throws(StorageError) {
    self.init(
      summary: summary, ends: try ScratchFile(path: Self.endsPath(folder), resuming: true),
      ids: try ScratchFile(path: Self.idsPath(folder), resuming: true))
    for (file, expected) in [(ends, summary.edgeCount * 8), (ids, summary.idBytes)] {
      let found = try file.byteCount()
      guard found == expected else {
        throw .wrongSize(path: file.path, expected: expected, found: found)
      }
    }
    guard verifies else { return }
    for (file, entry, checksums) in [
      (ends, summary.endChecksums, Self.endChecksumsPath(folder)),
      (ids, summary.idChecksums, Self.idChecksumsPath(folder)),
    ] {
      try PieceChecksums.verify(
        file, table: try ArrayFile.read(entry, of: UInt64.self, from: checksums))
    }
  }

  package static func endsPath(_ folder: String) -> String { "\(folder)/dictionary-ends.tmp" }
  package static func idsPath(_ folder: String) -> String { "\(folder)/dictionary-ids.tmp" }
  static func endChecksumsPath(_ folder: String) -> String {
    "\(folder)/dictionary-end-checksums.tmp"
  }
  static func idChecksumsPath(_ folder: String) -> String {
    "\(folder)/dictionary-id-checksums.tmp"
  }

  /// Reads the numbers of both ends of consecutive edges.
  /// - Parameters:
  ///   - sources: Gets `count` numbers.
  ///   - destinations: Gets `count` numbers.
  package func readEnds(
    firstEdge: Int, count: Int, sources: inout [UInt32], destinations: inout [UInt32]
  ) throws(StorageError) {
    precondition(
      firstEdge >= 0 && count >= 0 && firstEdge <= summary.edgeCount - count,
      "edges \(firstEdge)..<\(firstEdge + count) of \(summary.edgeCount)")
    var pairs: [UInt32] = []
    try ends.read(into: &pairs, count: 2 * count, at: firstEdge * 8)
    sources.removeAll(keepingCapacity: true)
    destinations.removeAll(keepingCapacity: true)
    for edge in 0..<count {
      sources.append(pairs[2 &* edge])
      destinations.append(pairs[2 &* edge &+ 1])
    }
  }

  private static let portion = 1 << 20

  /// Lends the ids in the order of their numbers, in blocks of at most a MiB.
  /// - Precondition: Ids are integers.
  package func forEachIntegerBlock(
    _ body: (Span<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    precondition(summary.kind == .integer, "integers of a dictionary of strings")
    let size = Self.portion / 8
    var block: [UInt64] = []
    for start in stride(from: 0, to: count, by: size) {
      let rows = min(size, count - start)
      if block.count != rows { block = [UInt64](repeating: 0, count: rows) }
      try unsafe block.withUnsafeMutableBufferPointer { (values) throws(StorageError) in
        // SAFETY: the bytes are those of the array, and any bit pattern is an integer.
        unsafe try ids.read(into: UnsafeMutableRawBufferPointer(values), at: start * 8)
      }
      try body(block.span)
    }
  }

  /// Lends the ids in the order of their numbers, in blocks of about a MiB: all bytes, and where
  /// each string starts in them and the end. Shape `[b + 1]`.
  /// - Precondition: Ids are strings.
  package func forEachStringBlock(
    _ body: (RawSpan, Span<Int>) throws(StorageError) -> Void
  ) throws(StorageError) {
    precondition(summary.kind == .string, "strings of a dictionary of integers")
    var (held, strings, offsets): ([UInt8], [UInt8], [Int]) = ([], [], [0])
    var (read, used) = (0, 0)
    while read < summary.idBytes || used < held.count {
      let room = min(Self.portion, summary.idBytes - read)
      held.removeFirst(used)
      used = 0
      let start = held.count
      held.append(contentsOf: repeatElement(0, count: room))
      try unsafe held.withUnsafeMutableBufferPointer { (bytes) throws(StorageError) in
        // SAFETY: the part behind `start` is what was just added.
        unsafe try ids.read(
          into: UnsafeMutableRawBufferPointer(bytes.extracting(start...)), at: read)
      }
      read += room
      strings.removeAll(keepingCapacity: true)
      offsets.removeAll(keepingCapacity: true)
      offsets.append(0)
      while let string = Self.nextString(held, used) {
        strings.append(contentsOf: held[string])
        offsets.append(strings.count)
        used = string.upperBound
      }
      if offsets.count == 1, room == 0 {
        throw .corrupt(
          path: ids.path, byteOffset: read - held.count, field: "string", expected: "a whole one",
          found: "\(held.count) bytes")
      }
      // SAFETY: an array of bytes is initialised throughout.
      if offsets.count > 1 { try unsafe body(strings.span.bytes, offsets.span) }
    }
  }

  /// Where the string behind the length at `start` lies; nil where it is cut off.
  private static func nextString(_ bytes: [UInt8], _ start: Int) -> Range<Int>? {
    var (position, length, shift) = (start, 0, 0)
    while position < bytes.count, shift < 56 {
      let byte = bytes[position]
      position &+= 1
      length |= Int(byte & 0x7F) << shift
      if byte < 0x80 {
        return length <= bytes.count &- position ? position..<position &+ length : nil
      }
      shift &+= 7
    }
    return nil
  }
}
