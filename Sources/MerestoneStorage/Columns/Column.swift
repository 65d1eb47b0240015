import MerestoneCore
import Synchronization

/// One column of a graph: a `.npy` file with rows of `width` values, mapped.
///
/// Every MiB of the body is compared with its checksum (``ColumnChecksums``) when it is first
/// touched in this process. Safe to read from several threads. Resident: two bits per MiB, and what
/// was touched of the rows that stay mapped.
package final class Column: Sendable {
  package let path: String
  package let element: ElementType
  package let rows: Int

  /// Values per row.
  package let width: Int

  /// The size of one row in bytes.
  package let rowBytes: Int

  /// The first rows stay mapped once they were read, and count as memory; those from here on are copied
  /// from the file by system calls. Rows that come first are the most wanted: orders put nodes of
  /// high degree there, or all alike.
  package let mappedRows: Int

  /// Whether all rows stay mapped.
  package var staysMapped: Bool { mappedRows == rows }

  /// The sizes of the column's two files in bytes.
  package var bytesOnDisk: Int { file.count + checksums.count }

  let file: MappedFile
  let checksums: MappedFile
  let bodyStart: Int
  let verified: FirstTouchSet
  // Blocks that some thread verifies or has verified.
  let claimed: FirstTouchSet
  // How many blocks have not been verified; once 0, reads stop looking at `verified`.
  let unverifiedCount: Atomic<Int>

  /// Opens a column and checks headers and sizes, but no block of the body.
  ///
  /// - Parameters:
  ///   - path: The `.npy` file; its checksums lie beside it.
  ///   - element: The type that the column must have; `nil` takes any.
  ///   - rows: The number of rows that it must have; `nil` takes any.
  ///   - width: The number of values in a row. A column of width 1 may be a one-dimensional array.
  ///   - checksum: The CRC-32C of the side file as the manifest knows it; `nil` skips the check.
  ///   - mappedShare: The part of the rows that may stay mapped, from 0 to 1.
  /// - Complexity: The side file is read (4 bytes per MiB of body), nothing of the body.
  package static func open(
    path: String, element: ElementType? = nil, rows: Int? = nil, width: Int = 1,
    checksum: UInt32? = nil, mappedShare: Double = 1
  ) throws(StorageError) -> Column {
    try Column(path, element, rows, width, checksum, mappedShare)
  }

  private init(
    _ path: String, _ element: ElementType?, _ rows: Int?, _ width: Int, _ checksum: UInt32?,
    _ mappedShare: Double
  ) throws(StorageError) {
    let file = try MappedFile(path: path, staysOpen: mappedShare < 1)
    let checksums = try MappedFile(path: ColumnChecksums.path(of: path))
    let sides = try checksums.withBytes { bytes throws(StorageError) in
      if let checksum {
        try ColumnChecksums.check(bytes, 0..<bytes.byteCount, against: checksum, checksums.path)
      }
      return try ColumnChecksums.header(of: bytes, path: checksums.path)
    }
    let header = try file.withBytes { bytes throws(StorageError) in
      guard bytes.byteCount >= sides.numpyHeaderByteCount else {
        throw .wrongSize(
          path: path, expected: sides.numpyHeaderByteCount + sides.bodyByteCount,
          found: bytes.byteCount)
      }
      try ColumnChecksums.check(
        bytes, 0..<sides.numpyHeaderByteCount, against: sides.numpyHeaderChecksum, path)
      return try NumpyHeader(parsing: bytes, path: path)
    }
    let layout = try Self.layout(of: header, path, element, rows, width)
    guard header.byteCount == sides.numpyHeaderByteCount,
      header.bodyByteCount == sides.bodyByteCount
    else {
      throw .corrupt(
        path: checksums.path, byteOffset: 16, field: "bytes in the body",
        expected: "\(header.bodyByteCount ?? 0)", found: "\(sides.bodyByteCount)")
    }
    let (size, overflow) = header.byteCount.addingReportingOverflow(sides.bodyByteCount)
    guard !overflow, file.count == size else {
      throw .wrongSize(path: path, expected: overflow ? Int.max : size, found: file.count)
    }
    self.path = path
    self.element = layout.element
    self.rows = layout.rows
    mappedRows = mappedShare < 1 ? Int(Double(layout.rows) * mappedShare) : layout.rows
    self.width = width
    rowBytes = width * layout.element.byteCount
    bodyStart = header.byteCount
    verified = FirstTouchSet(count: sides.blockCount)
    claimed = FirstTouchSet(count: sides.blockCount)
    unverifiedCount = Atomic(sides.blockCount)
    self.file = file
    self.checksums = checksums
  }

  /// Compares type and shape with what was asked for.
  private static func layout(
    of header: NumpyHeader, _ path: String, _ element: ElementType?, _ rows: Int?, _ width: Int
  ) throws(StorageError) -> (element: ElementType, rows: Int) {
    let wanted =
      "\(element?.numpyName ?? "a number") in \(rows.map { "\($0) rows" } ?? "rows") of \(width)"
    let foundRows = header.shape.first ?? 1
    guard let found = header.element, element == nil || element == found,
      rows == nil || rows == foundRows, !header.isFortranOrder, header.bodyByteCount != nil,
      header.shape == [foundRows, width] || (width == 1 && header.shape == [foundRows])
    else {
      throw .corrupt(
        path: path, byteOffset: 0, field: "type and shape", expected: wanted,
        found: "\(header.typeName) in shape \(header.shape)"
          + (header.isFortranOrder ? ", first index fastest" : ""))
    }
    return (found, foundRows)
  }
}

extension Column {
  /// Pieces of the body that have checksums of their own.
  package var blockCount: Int { verified.count }

  /// Compares one MiB of the body with its checksum, whether that was done before or not.
  package func verifyBlock(_ block: Int) throws(StorageError) {
    let lower = block * ColumnChecksums.blockBytes
    let upper = min(lower + ColumnChecksums.blockBytes, rows * rowBytes)
    defer { dropUnmapped(around: bodyStart + lower..<bodyStart + upper) }
    let expected = try checksums.withBytes { bytes in
      bytes.littleEndian(at: ColumnChecksums.headerByteCount + 4 * block, as: UInt32.self)
    }
    try file.withBytes { bytes throws(StorageError) in
      try ColumnChecksums.check(
        bytes, bodyStart + lower..<bodyStart + upper, against: expected, path)
    }
    if verified.insert(block) { unverifiedCount.subtract(1, ordering: .releasing) }
  }

  /// Makes sure that the blocks of the body which hold `range` were verified.
  /// - Precondition: `range` is inside the body.
  @inline(__always)
  func verify(bytes range: Range<Int>) throws(StorageError) {
    if unverifiedCount.load(ordering: .acquiring) == 0 || range.isEmpty { return }
    var block = range.lowerBound / ColumnChecksums.blockBytes
    while block &* ColumnChecksums.blockBytes < range.upperBound {
      if !verified.contains(block) { try verifyBlock(block) }
      block &+= 1
    }
  }

  /// Where a row starts in the `.npy` file, for errors.
  /// - Precondition: The row exists, or is the one after the last.
  package func byteOffset(ofRow row: Int) -> Int { bodyStart + row * rowBytes }

  /// Gives the memory of rows back that do not stay mapped, where they were read in the mapping.
  ///
  /// - Parameter bytes: What was read of the file; the kernel may have mapped a huge page around it.
  func dropUnmapped(around bytes: Range<Int>? = nil) {
    if staysMapped { return }
    let bytes = bytes ?? 0..<file.count
    let first = mappedRows == 0 ? 0 : bodyStart + mappedRows * rowBytes
    let lower = max(first, bytes.lowerBound - HugePages.byteCount)
    let upper = min(file.count, bytes.upperBound + HugePages.byteCount)
    if lower < upper { file.drop(lower..<upper) }
  }

  /// Gives the mapping's memory back; reading goes on as before.
  package func drop() { file.drop() }
}
