/// Writes a column and its checksums, row by row.
///
/// The bytes do not depend on how the rows are cut into portions. Both files get their names when
/// ``finish(_:)`` is through, the side file first. A column without rows has no files.
package struct ColumnWriter: ~Copyable {
  private let path: String
  private let rows: Int
  private let rowBytes: Int
  private let header: [UInt8]
  private var file: OutputFile?
  private var written = 0
  private var blocks: [UInt32] = []
  private var block = Checksum()

  /// - Parameters:
  ///   - path: The `.npy` file to make.
  ///   - rows: How many rows will come.
  ///   - width: Values per row; 1 makes a one-dimensional array.
  package init(path: String, element: ElementType, rows: Int, width: Int) throws(StorageError) {
    precondition(rows >= 0 && width > 0, "\(rows) rows of \(width) values")
    let (rowBytes, wide) = width.multipliedReportingOverflow(by: element.byteCount)
    let (size, long) = rowBytes.multipliedReportingOverflow(by: rows)
    guard !wide, !long, size < Int.max / 2 else {
      throw .invalid(
        path: path, what: "size of the column", expected: "less than 2^62 bytes",
        found: "\(rows) rows of \(width) values", mend: "store fewer values per row")
    }
    let header = NumpyHeader(element: element, shape: width == 1 ? [rows] : [rows, width])
      .encoded()
    let file = rows > 0 ? try Self.create(path, header) : nil
    self.path = path
    self.rows = rows
    self.rowBytes = rowBytes
    self.header = header
    self.file = file
  }

  /// What a writer needs to go on where another left off.
  package struct State: Codable, Sendable, Equatable {
    var written: Int
    var blocks: [UInt32]
    var block: UInt32
  }

  /// Brings everything so far to the disk and says how to go on from here.
  package mutating func checkpoint() throws(StorageError) -> State {
    if file != nil { try file!.checkpoint() }
    return State(written: written, blocks: blocks, block: block.value)
  }

  /// Goes on from a ``checkpoint()``; the other arguments are those of the first writer.
  package init(
    path: String, element: ElementType, rows: Int, width: Int, resuming state: State
  ) throws(StorageError) {
    self.path = path
    self.rows = rows
    rowBytes = width * element.byteCount
    header = NumpyHeader(element: element, shape: width == 1 ? [rows] : [rows, width]).encoded()
    written = state.written
    blocks = state.blocks
    block = Checksum(state.block)
    file =
      rows > 0 ? try OutputFile(path: path, resumingAt: header.count + state.written) : nil
  }

  private static func create(
    _ path: String, _ header: [UInt8]
  ) throws(StorageError) -> OutputFile {
    var file = try OutputFile(path: path)
    try file.append(header)
    return file
  }

  /// Adds bytes of the body: any number, rows may be cut anywhere.
  package mutating func append(bytes: RawSpan) throws(StorageError) {
    guard bytes.byteCount > 0 else { return }
    guard bytes.byteCount <= rows * rowBytes - written else {
      throw wrongRows(found: "more")
    }
    try file!.append(bytes)
    var start = 0
    while start < bytes.byteCount {
      let room = ColumnChecksums.blockBytes - written % ColumnChecksums.blockBytes
      let end = min(start + room, bytes.byteCount)
      block.update(bytes.extracting(start..<end))
      written += end - start
      start = end
      if written % ColumnChecksums.blockBytes == 0 { closeBlock() }
    }
  }

  /// Adds values of the column's own type.
  package mutating func append<T: BitwiseCopyable>(_ values: Span<T>) throws(StorageError) {
    // SAFETY: columns hold plain numbers, which have no padding.
    try unsafe append(bytes: values.bytes)
  }

  /// Ends both files.
  /// - Returns: The entries of the `.npy` and the `.npy.crc` file; none for a column without rows.
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` where rows are missing.
  package consuming func finish(
    _ durability: OutputFile.Durability = .synced
  ) throws(StorageError) -> [FileEntry] {
    guard written == rows * rowBytes else {
      throw wrongRows(found: "\(written / rowBytes)")
    }
    if written % ColumnChecksums.blockBytes != 0 { closeBlock() }
    guard let file = file.take() else { return [] }
    let sides = ColumnChecksums(bodyByteCount: written, numpyHeader: header, blocks: blocks)
      .encoded()
    let sidePath = ColumnChecksums.path(of: path)
    // SAFETY: an array of bytes is initialised throughout.
    let checksum = unsafe Checksum.of(sides.span.bytes)
    try unsafe OutputFile.write(sides.span.bytes, to: sidePath, durability)
    let bytes = try file.finish(durability)
    return [
      FileEntry(path: path, bytes: bytes, checksum: checksum),
      FileEntry(path: sidePath, bytes: sides.count, checksum: checksum),
    ]
  }

  private mutating func closeBlock() {
    blocks.append(block.value)
    block = Checksum()
  }

  private borrowing func wrongRows(found: String) -> StorageError {
    .invalid(
      path: path, what: "number of rows", expected: "\(rows)", found: found,
      mend: "give one row per node or edge")
  }
}
