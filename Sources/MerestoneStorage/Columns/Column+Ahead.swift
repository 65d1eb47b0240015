extension Column {
  /// Verifies those of some blocks that were not, on as many threads as call it at once, reading
  /// ahead.
  ///
  /// - Parameters:
  ///   - blocks: Ascending.
  ///   - between: Called before each block.
  func verify(
    blocks: [Int], between: () throws(StorageError) -> Void
  ) throws(StorageError) {
    // 16 MiB on their way keep a disk busy.
    let ahead = 16
    for block in blocks.prefix(ahead) { readAhead(block: block) }
    for (place, block) in blocks.enumerated() {
      try between()
      if place + ahead < blocks.count { readAhead(block: blocks[place + ahead]) }
      // Each block is for the thread that comes first.
      if claimed.insert(block) { try verifyBlock(block) }
    }
    // What another thread has begun and not ended, or found damaged, is verified here, too.
    for block in blocks where !verified.contains(block) {
      try between()
      try verifyBlock(block)
    }
  }

  private func readAhead(block: Int) {
    guard !claimed.contains(block) else { return }
    let lower = block * ColumnChecksums.blockBytes
    let upper = min(lower + ColumnChecksums.blockBytes, rows * rowBytes)
    file.willNeed(bodyStart + lower..<bodyStart + upper)
  }

  /// Whether the first page of a row is in memory.
  /// - Precondition: The row exists and has bytes.
  func isInMemory(row: Int) -> Bool { file.isInMemory(at: byteOffset(ofRow: row)) }

  /// Starts to read rows, in the order in which they lie in the file.
  ///
  /// - Parameters:
  ///   - rows: Ascending, repetitions allowed.
  ///   - between: Called before each request.
  func readAhead(
    rows: some Sequence<Int>, between: () throws(StorageError) -> Void
  ) throws(StorageError) {
    let page = MappedFile.pageBytes
    var run = 0..<0
    for row in rows {
      let first = byteOffset(ofRow: row) / page
      let end = (byteOffset(ofRow: row + 1) - 1) / page + 1
      if !run.isEmpty, first > run.upperBound + Self.gap {
        try between()
        file.willNeed(run.lowerBound * page..<run.upperBound * page)
        run = first..<end
      } else {
        run = (run.isEmpty ? first : run.lowerBound)..<max(run.upperBound, end)
      }
    }
    file.willNeed(run.lowerBound * page..<run.upperBound * page)
  }

  /// Unwanted pages between wanted ones that are read with them: cheaper than a request more.
  private static let gap = 2
}
