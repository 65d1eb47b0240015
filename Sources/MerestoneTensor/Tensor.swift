/// A row-major matrix of floats.
///
/// A handle: copies and ``prefix(_:)`` share the elements. An operation fills the tensor that it
/// makes; after that only gradients and parameters change.
package struct Tensor: Sendable {
  package let rows: Int
  package let columns: Int
  let storage: PooledBuffer<Float>
  let offset: Int

  init(rows: Int, columns: Int, storage: PooledBuffer<Float>, offset: Int = 0) {
    precondition(
      rows >= 0 && columns >= 0 && offset >= 0
        && rows.multipliedReportingOverflow(by: columns).overflow == false
        && offset + rows * columns <= storage.count,
      "a [\(rows), \(columns)] tensor at \(offset) in memory of \(storage.count) floats")
    self.rows = rows
    self.columns = columns
    self.storage = storage
    self.offset = offset
  }

  package var count: Int { rows * columns }

  /// - Safety: Valid while the storage lives, for ``count`` elements.
  @unsafe var base: UnsafeMutablePointer<Float> { unsafe storage.base + offset }

  /// The first rows, without a copy.
  package func prefix(_ rows: Int) -> Tensor {
    precondition(rows <= self.rows, "the first \(rows) of \(self.rows) rows")
    return Tensor(rows: rows, columns: columns, storage: storage, offset: offset)
  }

  /// `rows * columns` elements from `start` on, as a matrix, without a copy.
  package func part(from start: Int, rows: Int, columns: Int) -> Tensor {
    precondition(start + rows * columns <= count, "a part beyond the end of a tensor")
    return Tensor(rows: rows, columns: columns, storage: storage, offset: offset + start)
  }

  /// The elements, row by row.
  package var elements: [Float] {
    withSpan { span in
      var result: [Float] = []
      result.reserveCapacity(span.count)
      for index in span.indices { result.append(span[index]) }
      return result
    }
  }

  package subscript(row: Int, column: Int) -> Float {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns,
      "element (\(row), \(column)) of a [\(rows), \(columns)] tensor")
    // SAFETY: the position was checked.
    return unsafe base[row * columns + column]
  }

  /// Lends the elements, row by row.
  package func withSpan<R, E: Error>(_ body: (Span<Float>) throws(E) -> R) throws(E) -> R {
    // SAFETY: the storage lives for the whole call and covers `count` elements.
    try unsafe body(Span(_unsafeStart: base, count: count))
  }

  /// Lends the elements for writing: by the tensor's maker, before others read it.
  package func withMutableSpan<R, E: Error>(
    _ body: (inout MutableSpan<Float>) throws(E) -> R
  ) throws(E) -> R {
    precondition(!storage.isBorrowed, "a borrowed tensor is read-only")
    // SAFETY: as above; the maker is the only user while it writes.
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    return try body(&span)
  }

  /// Lends rows that somebody else owns (a mapped feature column) as a tensor, without a copy.
  ///
  /// The tensor may be read until `body` returns; its use after that traps.
  /// - Parameter span: Row-major elements, shape `[rows, columns]`.
  package static func withBorrowed<R, E: Error>(
    _ span: Span<Float>, rows: Int, columns: Int, _ body: (Tensor) throws(E) -> R
  ) throws(E) -> R {
    precondition(span.count == rows * columns, "\(span.count) floats as [\(rows), \(columns)]")
    return try unsafe span.withUnsafeBufferPointer { memory throws(E) in
      // SAFETY: the memory outlives `body`, and the handle is disarmed when it returns.
      let storage = unsafe PooledBuffer(borrowing: memory)
      defer { storage.endBorrow() }
      return try body(Tensor(rows: rows, columns: columns, storage: storage))
    }
  }
}
