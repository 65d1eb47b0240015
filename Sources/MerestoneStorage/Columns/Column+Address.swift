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
  /// - Precondition: The rows exist.
  @inline(__always)
  package func verify(rows range: Range<Int>) throws(StorageError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    try verify(bytes: range.lowerBound &* rowBytes..<range.upperBound &* rowBytes)
  }

  /// Throws when the file has shrunk while it was read.
  package func checkIntact() throws(StorageError) { try file.checkIntact() }
}
