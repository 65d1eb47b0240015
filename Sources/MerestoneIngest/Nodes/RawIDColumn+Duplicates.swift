extension RawIDColumn {
  /// Calls `body` with the rows of two equal ids, the second one as early as possible, if any.
  ///
  /// - Complexity: O(n) for ascending integers, else O(n log n) time and 16 bytes per id.
  func checkDistinct<E: Error>(_ body: (Int, Int) throws(E) -> Void) throws(E) {
    let pair: (Int, Int)?
    switch self {
    case .integers(let values):
      var ascends = true
      for index in values.indices.dropFirst() where values[index] <= values[index - 1] {
        ascends = false
        break
      }
      if ascends { return }
      pair = Self.firstRepetition(values) { _, _ in true }
    case .strings(let strings):
      let hashes = (0..<strings.count).map { Self.hash(strings.bytes[strings.range($0)]) }
      pair = Self.firstRepetition(hashes) { a, b in
        strings.bytes[strings.range(a)].elementsEqual(strings.bytes[strings.range(b)])
      }
    }
    if let pair { try body(pair.0, pair.1) }
  }

  private static func firstRepetition(
    _ keys: [UInt64], isEqual: (Int, Int) -> Bool
  ) -> (Int, Int)? {
    let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    var best: (Int, Int)?
    var groupStart = 0
    for position in order.indices {
      if keys[order[position]] != keys[order[groupStart]] { groupStart = position }
      let row = order[position]
      if let best, best.1 <= row { continue }
      for earlier in groupStart..<position where isEqual(order[earlier], row) {
        best = (order[earlier], row)
        break
      }
    }
    return best
  }

  /// FNV-1a (Fowler, Noll and Vo, 1991): only groups candidates, equality is checked.
  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }
}
