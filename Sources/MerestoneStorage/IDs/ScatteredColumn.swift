import MerestoneCore

/// A column of integers whose values come in any order, with their rows: an external sort by row.
struct ScatteredColumn {
  private let path: String
  private let element: ElementType
  private let rows: Int
  private let rowsPerRange: Int
  private let records: SortRecordFile
  private let workspace: IDMapWorkspace

  /// - Parameters:
  ///   - path: The `.npy` file to make.
  ///   - element: `u32`, into which all values fit (all ones become all ones), or `u64`.
  init(
    path: String, element: ElementType, rows: Int, workspace: IDMapWorkspace, name: String
  ) throws(StorageError) {
    let buckets = workspace.bucketCount(bytes: rows * 16)
    self.path = path
    self.element = element
    self.rows = rows
    rowsPerRange = min(rows / buckets + 1, Int(UInt32.max))
    self.workspace = workspace
    records = try SortRecordFile(
      name, bucketCount: rows / rowsPerRange + 1, share: 4, workspace: workspace)
  }

  /// Takes `count` values and their rows. Any thread, any order.
  func put(_ count: Int, _ entry: (Int) -> (value: UInt64, row: Int)) throws(StorageError) {
    try records.append(count) { index in
      let (value, row) = entry(index)
      let (range, offset) = row.quotientAndRemainder(dividingBy: rowsPerRange)
      return (range, SortRecord(wide: value, narrow: UInt32(truncatingIfNeeded: offset)))
    }
  }

  /// Writes the rows in order.
  /// - Parameters:
  ///   - absent: What rows get that no value came for.
  ///   - onConflict: Called with a row for which a second value came, and both values; the column
  ///     keeps the first unless this throws.
  func finish(
    absent: UInt64, _ durability: OutputFile.Durability,
    onConflict: (Int, UInt64, UInt64) throws(StorageError) -> Void
  ) throws(StorageError) -> [FileEntry] {
    let file = records.buckets
    defer { file.remove() }
    try records.finish()
    var writer = try ColumnWriter(path: path, element: element, rows: rows, width: 1)
    try workspace.forEachInOrder(
      file.bucketCount,
      make: { (range) throws(StorageError) -> [UInt64] in
        let first = range * rowsPerRange
        var values = [UInt64](
          repeating: absent, count: max(0, min(rowsPerRange, rows - first)))
        // A value may itself be all ones, so that it takes a bit to tell that a row has one.
        var isSet = [Bool](repeating: false, count: values.count)
        try file.forEachBlock(of: range) { (block) throws(StorageError) in
          for position in stride(from: 0, to: block.byteCount, by: SortRecord.byteCount) {
            let offset = Int(SortRecord.narrow(in: block, at: position))
            let value = SortRecord.wide(in: block, at: position)
            if isSet[offset] {
              try onConflict(first + offset, values[offset], value)
            } else {
              isSet[offset] = true
              values[offset] = value
            }
          }
        }
        file.release(range)
        return values
      },
      take: { (values) throws(StorageError) in
        if element == .u64 {
          try writer.append(values.span)
        } else {
          let narrow = values.map { UInt32(truncatingIfNeeded: $0) }
          try writer.append(narrow.span)
        }
      })
    return try writer.finish(durability)
  }

  /// Forgets what came.
  func discard() { records.buckets.remove() }
}
