import MerestoneCore

/// What the values of some columns must be, by the conventions of the manifest.
struct ColumnRule: Sendable {
  var name: String
  /// The values allowed.
  var allowed: ClosedRange<Int64>

  /// The rule for a column; `nil` where every value is fine.
  ///
  /// - `split`, u8: the codes of ``Split``.
  /// - `label`, i32: -1 for none, or a class.
  /// - A column with categories: one of their codes.
  init?(_ entry: ColumnEntry) {
    guard entry.width == 1 else { return nil }
    name = entry.name
    let top = entry.categories.map { Int64($0.count) - 1 }
    switch (entry.name, entry.element) {
    case ("split", .u8):
      allowed = 0...Int64(Split.allCases.count - 1)
    case ("label", .i32), ("label", .i64):
      allowed = -1...max(-1, top ?? .max)
    case (_, .u8), (_, .u16), (_, .u32):
      guard let top, top >= 0 else { return nil }
      allowed = 0...top
    default:
      return nil
    }
  }
}

extension VerificationRun {
  /// Verifies some MiB of a column, and its values where there is a rule.
  func check(_ file: ColumnFile, _ blocks: Range<Int>) -> Verification.Finding {
    var finding = Verification.Finding()
    for block in blocks {
      do throws(StorageError) {
        try file.column.verifyBlock(block)
        if let rule = file.rule { try check(rule, file.column, block) }
      } catch { finding.errors.append(error) }
    }
    file.column.drop()
    return finding
  }

  private func check(_ rule: ColumnRule, _ column: Column, _ block: Int) throws(StorageError) {
    // Rows of one value divide a block.
    let blockRows = ColumnChecksums.blockBytes / column.rowBytes
    let rows = block * blockRows..<min((block + 1) * blockRows, column.rows)
    let allowed = rule.allowed
    let size = column.rowBytes
    let wrong = try column.withRawRows(rows) { bytes throws(StorageError) -> (Int, Int64)? in
      for index in 0..<rows.count {
        let value: Int64 =
          switch column.element {
          case .u8: Int64(bytes.littleEndian(at: index &* size, as: UInt8.self))
          case .u16: Int64(bytes.littleEndian(at: index &* size, as: UInt16.self))
          case .u32: Int64(bytes.littleEndian(at: index &* size, as: UInt32.self))
          case .i32: Int64(bytes.littleEndian(at: index &* size, as: Int32.self))
          default: bytes.littleEndian(at: index &* size, as: Int64.self)
          }
        if !allowed.contains(value) { return (index, value) }
      }
      return nil
    }
    guard let wrong else { return }
    let row = rows.lowerBound + wrong.0
    throw .corrupt(
      path: column.path, byteOffset: column.bodyStart + row * size,
      field: "\(rule.name) of row \(row)",
      expected: "\(allowed.lowerBound)...\(allowed.upperBound)", found: "\(wrong.1)")
  }
}
