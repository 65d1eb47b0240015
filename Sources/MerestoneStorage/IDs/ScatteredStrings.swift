import MerestoneCore
import Synchronization

/// The strings of nodes, which come in any order: an external sort by node.
final class ScatteredStrings: Sendable {
  private let prefix: String
  private let count: Int
  private let nodesPerRange: Int
  private let file: BucketFile
  private let workspace: IDMapWorkspace
  // What the strings and their lengths take, so far.
  private let byteCount = Atomic<Int>(0)

  /// - Parameter byteCount: What strings and lengths will take, about.
  init(
    prefix: String, count: Int, byteCount: Int, workspace: IDMapWorkspace
  ) throws(StorageError) {
    self.prefix = prefix
    self.count = count
    self.workspace = workspace
    // In memory, a range is what was read, where each string lies in it, and what is written.
    let buckets = workspace.bucketCount(bytes: 2 * byteCount + 16 * count)
    let groups = IDMap.stringGroupCount(count) / buckets + 1
    nodesPerRange = min(groups, 1 << 24) * IDMap.stringGroupSize
    file = try BucketFile(
      path: workspace.path("ids-by-node"), bucketCount: count / nodesPerRange + 1,
      bufferBytes: workspace.memory / 4)
  }

  /// Adds strings: any thread, any order.
  /// - Parameters:
  ///   - bytes: Holds all strings.
  ///   - offsets: Where they start in the bytes, and the end. Shape `[b + 1]`.
  ///   - rows: Which of the strings to add.
  ///   - node: Gives the node of one of them.
  func put(
    _ bytes: RawSpan, _ offsets: borrowing Span<Int>, rows: Range<Int>, node: (Int) -> UInt32
  ) throws(StorageError) {
    var record: [UInt8] = []
    var added = 0
    for row in rows {
      let string = bytes.extracting(offsets[row]..<offsets[row + 1])
      let (range, offset) = Int(node(row)).quotientAndRemainder(dividingBy: nodesPerRange)
      record.removeAll(keepingCapacity: true)
      record.appendLittleEndian(UInt32(offset))
      Self.append(length: string.byteCount, to: &record)
      // SAFETY: copied while the span is lent; an array of bytes is initialised throughout.
      unsafe string.withUnsafeBytes { unsafe record.append(contentsOf: $0) }
      try unsafe file.append(record.span.bytes, to: range)
      added += record.count - 4
    }
    byteCount.add(added, ordering: .relaxed)
  }

  private static func append(length: Int, to record: inout [UInt8]) {
    var rest = length
    while rest >= 0x80 {
      record.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    record.append(UInt8(truncatingIfNeeded: rest))
  }

  /// A range's strings in order, and where its groups start in them.
  private struct Piece: Sendable {
    var bytes: [UInt8]
    var starts: [UInt64]
  }

  /// Writes the strings in the order of their nodes.
  /// - Precondition: Each node's string came once.
  func finish(_ durability: OutputFile.Durability) throws(StorageError) -> [FileEntry] {
    defer { file.remove() }
    try file.finish()
    var byteWriter = try ColumnWriter(
      path: IDMap.Part.bytes.path(prefix), element: .u8,
      rows: byteCount.load(ordering: .relaxed), width: 1)
    var offsetWriter = try ColumnWriter(
      path: IDMap.Part.offsets.path(prefix), element: .u64,
      rows: IDMap.stringGroupCount(count) + 1, width: 1)
    var written: UInt64 = 0
    try workspace.forEachInOrder(
      file.bucketCount, make: { (range) throws(StorageError) in try piece(range) },
      take: { (piece) throws(StorageError) in
        let base = written
        let starts = piece.starts.map { base + $0 }
        try offsetWriter.append(starts.span)
        // SAFETY: an array of bytes is initialised throughout.
        try unsafe byteWriter.append(bytes: piece.bytes.span.bytes)
        written += UInt64(piece.bytes.count)
      })
    try offsetWriter.append([written].span)
    return try offsetWriter.finish(durability) + byteWriter.finish(durability)
  }

  private func piece(_ range: Int) throws(StorageError) -> Piece {
    let first = range * nodesPerRange
    var places = [Int](repeating: -1, count: max(0, min(nodesPerRange, count - first)))
    var read: [UInt8] = []
    try file.read(range, into: &read)
    file.release(range)
    // SAFETY: an array of bytes is initialised throughout.
    let bytes = unsafe read.span.bytes
    var position = 0
    while position < bytes.byteCount {
      places[Int(bytes.littleEndian(at: position, as: UInt32.self))] = position + 4
      position = Self.string(in: bytes, at: position + 4).upperBound
    }
    var piece = Piece(bytes: [], starts: [])
    piece.bytes.reserveCapacity(read.count - 4 * places.count)
    for node in places.indices {
      precondition(places[node] >= 0, "no raw id for node \(first + node)")
      if node % IDMap.stringGroupSize == 0 { piece.starts.append(UInt64(piece.bytes.count)) }
      piece.bytes.append(
        contentsOf: read[places[node]..<Self.string(in: bytes, at: places[node]).upperBound])
    }
    return piece
  }

  /// Where the string lies whose length is at `start`.
  private static func string(in bytes: RawSpan, at start: Int) -> Range<Int> {
    var (position, length, shift) = (start, 0, 0)
    while true {
      let byte = bytes.littleEndian(at: position, as: UInt8.self)
      position &+= 1
      length |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return position..<position + length }
      shift += 7
    }
  }

  /// Forgets what came.
  func discard() { file.remove() }
}
