/// Nodes sorted by the hash of their raw id, then by their own id.
struct HashedIDs {
  struct Entry {
    var hash: UInt64
    var node: UInt64
  }

  let entries: [Entry]

  /// Sorts by the leading bits first, into pieces that fit the processor's cache, then each piece.
  ///
  /// - Parameter hashes: The hash of every node's raw id.
  /// - Complexity: O(*n* log *n*); 16 bytes per node.
  init(_ hashes: [UInt64]) {
    let bits = max(0, min(16, Int.bitWidth - hashes.count.leadingZeroBitCount - 8))
    let shift = UInt64(64 - bits)
    func piece(_ hash: UInt64) -> Int { bits == 0 ? 0 : Int(hash >> shift) }
    var starts = [Int](repeating: 0, count: 1 << bits + 1)
    for hash in hashes { starts[piece(hash) + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    var next = starts
    var entries = [Entry](repeating: Entry(hash: 0, node: 0), count: hashes.count)
    for (node, hash) in hashes.enumerated() {
      let number = piece(hash)
      entries[next[number]] = Entry(hash: hash, node: UInt64(node))
      next[number] += 1
    }
    unsafe entries.withUnsafeMutableBufferPointer { buffer in
      for number in 0..<1 << bits {
        // SAFETY: `starts` ascends from 0 to the number of entries.
        var part = unsafe UnsafeMutableBufferPointer(
          rebasing: buffer[starts[number]..<starts[number + 1]])
        unsafe part.sort { ($0.hash, $0.node) < ($1.hash, $1.node) }
      }
    }
    self.entries = entries
  }

  /// Calls `body` with the nodes of each hash that several nodes share, ascending.
  func forEachCollision<E: Error>(_ body: ([UInt64]) throws(E) -> Void) throws(E) {
    var start = 0
    while start < entries.count {
      var end = start + 1
      while end < entries.count, entries[end].hash == entries[start].hash { end += 1 }
      if end - start > 1 { try body(entries[start..<end].map(\.node)) }
      start = end
    }
  }
}
