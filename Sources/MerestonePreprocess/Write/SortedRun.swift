import MerestoneStorage

/// The edges of one bucket, or of a part of it, in the order of the store.
struct SortedRun {
  /// `(destination - start) << sourceBits | source`, ascending. The first ``count`` are in use.
  var keys: [UInt64] = []
  var count = 0
  /// Stored rows in the order of the keys; empty where edges have no columns.
  var rows: [UInt8] = []

  private var other: [UInt64] = []
  private var minors: [UInt64] = []
  private var order: [UInt32] = []
  private var otherOrder: [UInt32] = []

  /// Lends the keys that are in use.
  func withKeys<E: Error>(_ body: (Span<UInt64>) throws(E) -> Void) throws(E) {
    let keys = keys
    try body(keys.span.extracting(0..<count))
  }

  /// Bytes that sorting an edge takes, its record included.
  static func workingBytes(recordBytes: Int, rowBytes: Int) -> Int {
    recordBytes + 16 + (rowBytes == 0 ? 0 : 24 + rowBytes)
  }

  /// Sorts records by key; where they have rows, by relation and sequence among equal keys.
  ///
  /// - Parameters:
  ///   - records: As ``RoutePlan`` packs them.
  ///   - relation: Where in a row the code of the relation lies.
  mutating func sort(_ records: [UInt8], plan: RoutePlan, relation: Range<Int>?) {
    count = records.count / plan.recordBytes
    if keys.count < count {
      keys = [UInt64](repeating: 0, count: count)
      other = keys
    }
    unpack(records, plan)
    var highest: UInt64 = 0
    for index in 0..<count { highest = max(highest, keys[index]) }
    let bits = UInt64.bitWidth - highest.leadingZeroBitCount
    guard plan.rowBytes > 0 else {
      RadixSort.sort(&keys, &other, count: count, bits: bits)
      return
    }
    if minors.count < count {
      minors = [UInt64](repeating: 0, count: count)
      order = [UInt32](repeating: 0, count: count)
      otherOrder = order
    }
    let rowStart = plan.keyBytes + RoutePlan.sequenceBytes
    var highestMinor: UInt64 = 0
    for index in 0..<count {
      let record = index * plan.recordBytes
      var minor: UInt64 = 0
      for byte in 0..<RoutePlan.sequenceBytes {
        minor |= UInt64(records[record + plan.keyBytes + byte]) << UInt64(8 * byte)
      }
      if let relation {
        var code: UInt64 = 0
        for (place, byte) in relation.enumerated() {
          code |= UInt64(records[record + rowStart + byte]) << UInt64(8 * place)
        }
        // A relation has at most 65,536 words.
        minor |= code << UInt64(8 * RoutePlan.sequenceBytes)
      }
      minors[index] = minor
      highestMinor = max(highestMinor, minor)
      order[index] = UInt32(truncatingIfNeeded: index)
    }
    let minorBits = UInt64.bitWidth - highestMinor.leadingZeroBitCount
    RadixSort.sort(&order, &otherOrder, by: minors, count: count, bits: minorBits)
    RadixSort.sort(&order, &otherOrder, by: keys, count: count, bits: bits)
    rows.resize(to: count * plan.rowBytes)
    for index in 0..<count { other[index] = keys[Int(order[index])] }
    swap(&keys, &other)
    let rowBytes = plan.rowBytes
    for index in 0..<count {
      let start = Int(order[index]) * plan.recordBytes + rowStart
      for byte in 0..<rowBytes { rows[index &* rowBytes &+ byte] = records[start &+ byte] }
    }
  }

  private mutating func unpack(_ records: [UInt8], _ plan: RoutePlan) {
    let (recordBytes, keyBytes) = (plan.recordBytes, plan.keyBytes)
    let count = count
    let mask = keyBytes >= 8 ? UInt64.max : (1 as UInt64) << UInt64(8 * keyBytes) - 1
    unsafe records.withUnsafeBytes { records in
      unsafe keys.withUnsafeMutableBufferPointer { keys in
        // The last records are read byte by byte, since a word would pass the end.
        let whole = max(0, count - 8)
        for index in 0..<whole {
          // SAFETY: eight records later there are still bytes, so a word lies inside.
          unsafe keys[index] =
            records.loadUnaligned(fromByteOffset: index &* recordBytes, as: UInt64.self) & mask
        }
        for index in whole..<count {
          var key: UInt64 = 0
          for byte in 0..<keyBytes {
            key |= unsafe UInt64(records[index &* recordBytes &+ byte]) &<< UInt64(8 &* byte)
          }
          unsafe keys[index] = key
        }
      }
    }
  }
}
