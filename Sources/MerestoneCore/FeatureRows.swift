/// Rows of numbers, one for each of some nodes, row after row.
public struct FeatureRows: Sendable, Equatable {
  /// How many rows there are.
  public private(set) var count: Int

  /// Numbers in a row.
  public private(set) var width: Int

  /// All numbers, row-major. Shape `[count, width]`.
  public private(set) var values: [Float]

  /// - Precondition: `values.count == count * width`.
  public init(count: Int, width: Int, values: [Float]) {
    precondition(
      values.count == count * width, "\(count) rows of \(width) from \(values.count) values")
    self.count = count
    self.width = width
    self.values = values
  }

  /// No rows.
  public static var none: FeatureRows { FeatureRows(count: 0, width: 0, values: []) }

  /// One row. Shape `[width]`.
  public subscript(row: Int) -> ArraySlice<Float> {
    precondition(row >= 0 && row < count, "row \(row) of \(count)")
    return values[row * width..<(row + 1) * width]
  }

  /// The memory that it holds, whether it is filled or not.
  package var byteCount: Int { values.byteCapacity }

  /// Takes another shape and lends the values, which hold anything, to be written.
  ///
  /// - Complexity: Memory is asked for only where there is not enough: then for an eighth more than
  ///   is needed, so that mini-batches of about one size end up with memory that fits them all.
  package mutating func fill<E: Error>(
    count: Int, width: Int, _ body: (inout MutableSpan<Float>) throws(E) -> Void
  ) throws(E) {
    let size = count * width
    if size > values.capacity {
      values = [Float](inHugePages: 0, count: size + size / 8)
    }
    values.resize(to: size, filling: 0)
    self.count = count
    self.width = width
    var span = values.mutableSpan
    try body(&span)
  }
}
