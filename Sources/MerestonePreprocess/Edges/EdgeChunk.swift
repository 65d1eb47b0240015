/// Consecutive edges under node numbers: what one worker reads at a time. Buffers are reused.
struct EdgeChunk {
  /// Node numbers where the edges start and end. Shape `[count]`.
  var sources: [UInt32] = []
  var destinations: [UInt32] = []
  /// The place of each edge in the input; filled where edges have columns.
  var sequences: [UInt64] = []
  /// Stored rows of column values (``EdgeColumns``). Shape `[count, rowBytes]`.
  var rows: [UInt8] = []

  var count: Int { sources.count }

  /// The bytes of a block as it lay on disk.
  var bytes: [UInt8] = []

  /// Takes numbers from `limit` on for ids that are no nodes.
  mutating func limitNumbers(to limit: Int) {
    for edge in 0..<count {
      if Int(sources[edge]) >= limit { sources[edge] = NodeNumbers.absent }
      if Int(destinations[edge]) >= limit { destinations[edge] = NodeNumbers.absent }
    }
  }

  /// Keeps the edges for which `isKept` holds, in order.
  mutating func filter(rowBytes: Int, _ isKept: (UInt32, UInt32) -> Bool) -> Int {
    var kept = 0
    for edge in 0..<count where isKept(sources[edge], destinations[edge]) {
      if kept != edge {
        sources[kept] = sources[edge]
        destinations[kept] = destinations[edge]
        if !sequences.isEmpty { sequences[kept] = sequences[edge] }
        for byte in 0..<rowBytes where !rows.isEmpty {
          rows[kept &* rowBytes &+ byte] = rows[edge &* rowBytes &+ byte]
        }
      }
      kept += 1
    }
    let dropped = count - kept
    guard dropped > 0 else { return 0 }
    sources.removeLast(dropped)
    destinations.removeLast(dropped)
    if !sequences.isEmpty { sequences.removeLast(dropped) }
    if !rows.isEmpty { rows.removeLast(dropped * rowBytes) }
    return dropped
  }
}
