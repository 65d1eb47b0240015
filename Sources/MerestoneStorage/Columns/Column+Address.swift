import MerestoneCore

extension Column {
  /// Where the verified bytes of consecutive rows lie, for loops that read a few values each of
  /// many rows: ``withRawRows(_:_:)`` without its closure.
  ///
  /// - Returns: The address of the first row; valid while the column lives.
  /// - Throws: ``StorageError/outOfRange(path:what:index:count:)`` for rows that do not exist.
  /// - Precondition: After the last read the caller calls ``checkIntact()`` before it trusts what
  ///   it has read.
  @unsafe package func address(
    of range: Range<Int>
  ) throws(StorageError) -> UnsafeRawPointer {
    guard range.lowerBound >= 0, range.upperBound <= rows else {
      throw .outOfRange(
        path: path, what: "row", index: UInt64(max(range.upperBound, 1) - 1), count: rows)
    }
    let lower = range.lowerBound &* rowBytes
    try verify(bytes: lower..<range.upperBound &* rowBytes)
    // SAFETY: the rows exist, so they are inside the mapping, which lives as long as the column.
    return unsafe try file.withBytes { bytes throws(StorageError) in
      unsafe bytes.withUnsafeBytes { unsafe $0.baseAddress! + (bodyStart &+ lower) }
    }
  }

  /// Where the bytes of row 0 lie, verified or not; valid while the column lives.
  ///
  /// - Precondition: Rows are read after ``verify(rows:)``, and trusted after ``checkIntact()``.
  @unsafe package var unverifiedAddress: UnsafeRawPointer {
    // SAFETY: a column has a header, so its file has bytes, which are mapped while the column lives.
    unsafe file.address! + bodyStart
  }

  /// Compares what holds some rows with its checksums, where that was not done before.
  ///
  /// - Parameter dropsBehind: Gives the memory of each MiB back that was read for that.
  /// - Precondition: The rows exist.
  package func verify(rows range: Range<Int>, dropsBehind: Bool) throws(StorageError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    if isVerified || range.isEmpty { return }
    let size = ColumnChecksums.blockBytes
    for block in range.lowerBound * rowBytes / size...(range.upperBound * rowBytes - 1) / size
    where !verified.contains(block) {
      try verifyBlock(block)
      // The kernel may have mapped a huge page around it.
      let lower = max(0, bodyStart + block * size - HugePages.byteCount)
      if dropsBehind { file.drop(lower..<min(file.count, lower + size + 2 * HugePages.byteCount)) }
    }
  }

  /// Throws when the file has shrunk while it was read.
  package func checkIntact() throws(StorageError) { try file.checkIntact() }
}
