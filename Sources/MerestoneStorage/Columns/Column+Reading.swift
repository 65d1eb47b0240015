internal import CMerestoneKernels
import Synchronization

extension Column {
  /// Gathers rows and converts their values to `Float`.
  ///
  /// - Parameters:
  ///   - rows: Which rows, in any order, repetitions allowed. Shape `[n]`.
  ///   - output: Gets row `rows[i]` as its row `i`, row-major. Shape `[n, width]`.
  /// - Throws: ``StorageError/outOfRange(path:what:index:count:)`` for a row that the column
  ///   lacks; ``StorageError/wrongChecksum(path:byteOffset:byteCount:expected:found:)`` and
  ///   ``StorageError/truncatedWhileMapped(path:)`` for damaged files.
  /// - Precondition: `output.count == n * width`.
  /// - Complexity: O(*n* · *width*). Each MiB that is touched for the first
  ///   time in the process is read as a whole (about 0.1 ms).
  package func copyRows(
    _ rows: Span<UInt64>, into output: inout MutableSpan<Float>
  ) throws(StorageError) {
    let (size, overflow) = rows.count.multipliedReportingOverflow(by: width)
    precondition(
      !overflow && output.count == size,
      "\(rows.count) rows of \(width) values into \(output.count) floats")
    try prepare(rows)
    guard !rows.isEmpty, width > 0 else { return }
    let base = unsafe try address(of: 0..<0)
    let bounds = [0, UInt64(self.rows)]
    // SAFETY: all rows are inside the body, which is mapped while the column lives; the output's
    // size was checked.
    unsafe withUnsafePointer(to: Optional(base)) { part in
      unsafe bounds.span.withUnsafeBufferPointer { bounds in
        unsafe rows.withUnsafeBufferPointer { rows in
          unsafe output.withUnsafeMutableBufferPointer { to in
            var table = unsafe mrs_row_table(
              bounds: bounds.baseAddress!, parts: part, shards: 1,
              element: element.kernelElement, width: width)
            unsafe mrs_gather_rows(
              &table, rows.baseAddress!, nil, rows.count, false, to.baseAddress!)
          }
        }
      }
    }
    try checkIntact()
  }

  /// Checks that the rows exist and that their blocks are verified.
  private func prepare(_ rows: Span<UInt64>) throws(StorageError) {
    var largest: UInt64 = 0
    for index in rows.indices { largest = max(largest, rows[index]) }
    guard rows.isEmpty || largest < UInt64(self.rows) else {
      throw .outOfRange(path: path, what: "row", index: largest, count: self.rows)
    }
    if isVerified { return }
    for index in rows.indices {
      // The row exists, so its bytes are inside the mapping and the product can't overflow.
      let lower = Int(rows[index]) &* rowBytes
      try verify(bytes: lower..<lower &+ rowBytes)
    }
  }

  /// Whether every block was verified.
  package var isVerified: Bool { unverifiedCount.load(ordering: .acquiring) == 0 }

  /// The value of a column of width 1, as a `Double`: exact but for integers past 2^53.
  package func value(at row: Int) throws(StorageError) -> Double {
    try withRow(row) { (bytes, start) in element.double(in: bytes, at: start) }
  }

  /// The integer in a row of a column of width 1.
  ///
  /// - Throws: ``StorageError/corrupt(path:byteOffset:field:expected:found:)`` where the value is no
  ///   integer below 2^63.
  package func integer(at row: Int) throws(StorageError) -> Int64 {
    try withRow(row) { (bytes, start) throws(StorageError) in
      try integer(in: bytes, at: start, row: row)
    }
  }

  /// Goes through the integers of a column of width 1, row by row, and gives the memory back behind
  /// itself that does not stay mapped.
  ///
  /// - Throws: As ``integer(at:)`` does, and what `body` throws.
  package func forEachInteger(
    _ body: (_ row: Int, _ value: Int64) throws(StorageError) -> Void
  ) throws(StorageError) {
    precondition(width == 1, "a scalar of a column of width \(width)")
    let step = ColumnChecksums.blockBytes / rowBytes
    for first in stride(from: 0, to: rows, by: step) {
      let part = first..<min(first + step, rows)
      try withRawRows(part) { bytes throws(StorageError) in
        for row in part {
          try body(row, try integer(in: bytes, at: (row &- first) &* rowBytes, row: row))
        }
      }
      dropUnmapped(around: byteOffset(ofRow: first)..<byteOffset(ofRow: part.upperBound))
    }
  }

  @inline(__always)
  private func integer(
    in bytes: RawSpan, at start: Int, row: Int
  ) throws(StorageError) -> Int64 {
    if let word = element.word(in: bytes, at: start), element != .u64 || word <= Int64.max {
      return Int64(bitPattern: word)
    }
    let value = element.double(in: bytes, at: start)
    if let integer = Int64(exactly: value) { return integer }
    throw .corrupt(
      path: path, byteOffset: byteOffset(ofRow: row), field: "value", expected: "a 64-bit integer",
      found: "\(value)")
  }

  /// The value in a row of a column of unsigned integers of width 1.
  @inline(__always)
  func unsigned(at row: Int) throws(StorageError) -> UInt64 {
    try withRow(row) { (bytes, start) in
      switch element {
      case .u64: bytes.littleEndian(at: start, as: UInt64.self)
      case .u32: UInt64(bytes.littleEndian(at: start, as: UInt32.self))
      default: element.word(in: bytes, at: start) ?? 0
      }
    }
  }

  /// Copies the values of consecutive rows of a column of width 1 as doubles, exact but for integers past
  /// 2^53, and gives the memory back that does not stay mapped.
  ///
  /// - Precondition: `values` has room for them.
  func copyDoubles(
    of range: Range<Int>, into values: inout MutableSpan<Double>
  ) throws(StorageError) {
    precondition(width == 1 && range.count <= values.count, "a value for each row")
    try withRawRows(range) { bytes in
      switch element {
      case .f32:
        for row in 0..<range.count {
          values[row] = Double(
            Float(bitPattern: bytes.littleEndian(at: 4 &* row, as: UInt32.self)))
        }
      case .f64:
        for row in 0..<range.count {
          values[row] = Double(bitPattern: bytes.littleEndian(at: 8 &* row, as: UInt64.self))
        }
      default:
        for row in 0..<range.count { values[row] = element.double(in: bytes, at: row &* rowBytes) }
      }
    }
    dropUnmapped(
      around: byteOffset(ofRow: range.lowerBound)..<byteOffset(ofRow: range.upperBound))
  }

  /// Copies the integers of consecutive rows of a column of width 1 as times, 2^63 - 1 for those beyond,
  /// and gives the memory back that does not stay mapped.
  ///
  /// - Precondition: `values` has room for them.
  func copyTimes(
    of range: Range<Int>, into values: inout MutableSpan<Int64>
  ) throws(StorageError) {
    precondition(
      width == 1 && !element.isFloatingPoint && range.count <= values.count, "a time for each row")
    try withRawRows(range) { bytes in
      for row in 0..<range.count { values[row] = element.time(in: bytes, at: row &* rowBytes) }
    }
    dropUnmapped(
      around: byteOffset(ofRow: range.lowerBound)..<byteOffset(ofRow: range.upperBound))
  }

  /// Lends the verified bytes of consecutive rows.
  /// - Throws: ``StorageError/outOfRange(path:what:index:count:)`` for rows that do not exist.
  package func withRawRows<R: ~Copyable>(
    _ range: Range<Int>, _ body: (RawSpan) throws(StorageError) -> R
  ) throws(StorageError) -> R {
    guard range.lowerBound >= 0, range.upperBound <= rows else {
      throw .outOfRange(
        path: path, what: "row", index: UInt64(max(range.upperBound, 1) - 1), count: rows)
    }
    let bounds = range.lowerBound * rowBytes..<range.upperBound * rowBytes
    try verify(bytes: bounds)
    return try file.withBytes { bytes throws(StorageError) in
      try body(bytes.extracting(bodyStart + bounds.lowerBound..<bodyStart + bounds.upperBound))
    }
  }

  /// Copies the verified bytes of consecutive rows from the file of a column that does not stay mapped.
  ///
  /// - Throws: ``StorageError/truncatedWhileMapped(path:)`` where the file has become shorter.
  /// - Precondition: The rows exist, and `bytes` has room for them.
  func copyBytes(
    of range: Range<Int>, into bytes: inout MutableSpan<UInt8>
  ) throws(StorageError) {
    let lower = range.lowerBound &* rowBytes
    try verify(bytes: lower..<range.upperBound &* rowBytes)
    try file.copyBytes(at: bodyStart &+ lower, into: &bytes, part: 0..<range.count &* rowBytes)
  }

  /// Lends bytes of the file and where the row starts in them.
  @inline(__always)
  private func withRow<R>(
    _ row: Int, _ body: (RawSpan, Int) throws(StorageError) -> R
  ) throws(StorageError) -> R {
    precondition(width == 1, "a scalar of a column of width \(width)")
    guard row >= 0, row < rows else {
      throw .outOfRange(
        path: path, what: "row", index: UInt64(bitPattern: Int64(row)), count: rows)
    }
    guard row < mappedRows else {
      // The largest element has eight bytes.
      var value: InlineArray<8, UInt8> = .init(repeating: 0)
      var bytes = value.mutableSpan
      try copyBytes(of: row..<row + 1, into: &bytes)
      // SAFETY: the bytes are read while the value lives.
      return try unsafe body(value.span.bytes, 0)
    }
    // The row exists, so its bytes are inside the mapping and the product can't overflow.
    let lower = row &* rowBytes
    try verify(bytes: lower..<lower &+ rowBytes)
    return try file.withBytes { bytes throws(StorageError) in try body(bytes, bodyStart &+ lower) }
  }
}
