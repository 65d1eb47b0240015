import MerestoneStorage

extension NodeNumbers {
  /// Lends the raw ids of all nodes in the order of their numbers.
  /// - Precondition: They are integers.
  func forEachIntegerBlock(
    _ body: (Span<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    let portion = 1 << 16
    switch self {
    case .identity(let count):
      for start in stride(from: 0, to: count, by: portion) {
        let block = (start..<min(start + portion, count)).map { UInt64($0) }
        try body(block.span)
      }
    case .table: preconditionFailure("a table has no raw ids")
    case .rank(let rank):
      try rank.forEachBlock(of: portion) { (block) throws(StorageError) in try body(block.span) }
    case .listed(_, let ids):
      for start in stride(from: 0, to: ids.count, by: portion) {
        try body(ids.span.extracting(start..<min(start + portion, ids.count)))
      }
    case .dictionary(let dictionary, let limit):
      var first = 0
      try dictionary.forEachIntegerBlock { (block) throws(StorageError) in
        let count = min(block.count, max(0, limit - first))
        first += block.count
        if count > 0 { try body(block.extracting(0..<count)) }
      }
    }
  }

  /// Lends the raw ids of the nodes with these numbers, which ascend.
  /// - Precondition: They are integers.
  func forEachIntegerBlock(
    at members: [UInt32], _ body: (Span<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    var first = 0
    var next = 0
    try forEachIntegerBlock { (block) throws(StorageError) in
      var chosen: [UInt64] = []
      while next < members.count, Int(members[next]) - first < block.count {
        chosen.append(block[Int(members[next]) - first])
        next += 1
      }
      first += block.count
      if !chosen.isEmpty { try body(chosen.span) }
    }
  }
}
