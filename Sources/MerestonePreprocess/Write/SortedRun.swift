import Glibc
import MerestoneCore
import MerestoneStorage

/// The edges of one bucket, or of a part of it, in the order of the store.
struct SortedRun {
  /// `(destination - start) << sourceBits | source`, ascending. The first ``count`` are in use.
  var keys: [UInt64] = []
  var count = 0
  /// Stored rows in the order of the keys; empty where edges have no columns.
  var rows: [UInt8] = []

  /// The lists of the edges, in their order, once ``takeLists(_:)`` has counted them.
  private(set) var lists: [List] = []

  /// Consecutive edges into one destination, which counts from the start of the bucket.
  struct List: BitwiseCopyable {
    var destination: UInt32
    var degree: UInt32
  }

  // Where the records of the sorted keys lie.
  private var order: [UInt32] = []

  /// Lends the keys that are in use.
  func withKeys<E: Error>(_ body: (Span<UInt64>) throws(E) -> Void) throws(E) {
    let keys = keys
    try body(keys.span.extracting(0..<count))
  }

  /// Counts the lists, and leaves sources alone of the keys.
  ///
  /// - Parameter owned: Sources that the destinations' shard owns.
  /// - Returns: Edges whose source is in another shard, and keys that equal the one before.
  mutating func takeLists(_ plan: RoutePlan, owned: Range<Int>) -> (cut: Int, equal: Int) {
    let (shift, count) = (UInt64(plan.sourceBits), count)
    let mask = (1 as UInt64) << shift - 1
    let (lower, width) = (UInt64(owned.lowerBound), UInt64(owned.count))
    lists.removeAll(keepingCapacity: true)
    guard count > 0 else { return (0, 0) }
    // Room for all of them at once: growing would leave half of it empty.
    let destinations = Int(truncatingIfNeeded: keys[count - 1] &>> shift) + 1
    if lists.capacity < min(count, destinations) { lists = [] }
    lists.reserveCapacity(min(count, destinations))
    var (inside, equal) = (0, 0)
    unsafe keys.withUnsafeMutableBufferPointer { keys in
      var previous = unsafe ~keys[0]
      var list = List(
        destination: UInt32(truncatingIfNeeded: unsafe keys[0] &>> shift), degree: 0)
      for index in 0..<count {
        // SAFETY: the first `count` keys are in use.
        let key = unsafe keys[index]
        let destination = UInt32(truncatingIfNeeded: key &>> shift)
        if destination != list.destination {
          lists.append(list)
          list = List(destination: destination, degree: 0)
        }
        list.degree &+= 1
        let source = key & mask
        inside &+= source &- lower < width ? 1 : 0
        equal &+= key == previous ? 1 : 0
        previous = key
        unsafe keys[index] = source
      }
      lists.append(list)
    }
    return (count - inside, equal)
  }

  /// Bytes that sorting edges takes, their records included.
  /// - Parameter destinations: At most how many nodes they lead to.
  static func workingBytes(
    edges: Int, destinations: Int, recordBytes: Int, rowBytes: Int
  ) -> Int {
    edges * (recordBytes + 8 + (rowBytes == 0 ? 0 : 24 + rowBytes))
      + min(edges, destinations) * MemoryLayout<List>.stride
  }

  /// Sorts records by key; where they have rows, by relation and sequence among equal keys.
  ///
  /// - Parameters:
  ///   - records: As ``RoutePlan`` packs them.
  ///   - relation: Where in a row the code of the relation lies.
  mutating func sort(_ records: [UInt8], plan: RoutePlan, relation: Range<Int>?) {
    count = records.count / plan.recordBytes
    if keys.count < count {
      // Gone before the new ones come.
      keys = []
      keys = [UInt64](repeating: 0, count: count)
    }
    let highest = unpack(records, plan)
    guard plan.rowBytes > 0 else { return IntegerSort.sort(&keys, count: count) }
    if order.count < count { order = [UInt32](repeating: 0, count: count) }
    let minors = Minors(
      records: records, plan: plan, relation: relation,
      start: plan.keyBytes + RoutePlan.sequenceBytes)
    let indexBits = Int.bitWidth - max(count - 1, 0).leadingZeroBitCount
    if indexBits <= highest.leadingZeroBitCount {
      sort(indexBits: UInt64(indexBits), by: minors)
    } else {
      sortInPairs(by: minors)
    }
    let rowBytes = plan.rowBytes
    rows.resize(to: count * rowBytes)
    unsafe rows.withUnsafeMutableBytes { rows in
      unsafe records.withUnsafeBytes { records in
        for index in 0..<count {
          let start = Int(order[index]) &* plan.recordBytes &+ minors.start
          precondition(start &+ rowBytes <= records.count, "a row beyond its records")
          // SAFETY: both rows lie inside: the one was checked, and there is room for `count`.
          unsafe memcpy(
            rows.baseAddress! + index &* rowBytes, records.baseAddress! + start, rowBytes)
        }
      }
    }
  }

  /// What orders edges of the same ends: the relation, then the place in the input.
  private struct Minors {
    let records: [UInt8]
    let plan: RoutePlan
    let relation: Range<Int>?
    /// Where a record's row starts.
    let start: Int

    subscript(index: Int) -> UInt64 {
      let record = index * plan.recordBytes
      var minor: UInt64 = 0
      for byte in 0..<RoutePlan.sequenceBytes {
        minor |= UInt64(records[record + plan.keyBytes + byte]) << UInt64(8 * byte)
      }
      guard let relation else { return minor }
      var code: UInt64 = 0
      for (place, byte) in relation.enumerated() {
        code |= UInt64(records[record + start + byte]) << UInt64(8 * place)
      }
      // A relation has at most 65,536 words.
      return minor | code << UInt64(8 * RoutePlan.sequenceBytes)
    }
  }

  /// Sorts keys that have room for their index, which becomes ``order``.
  private mutating func sort(indexBits: UInt64, by minors: Minors) {
    let mask: UInt64 = 1 &<< indexBits &- 1
    for index in 0..<count { keys[index] = keys[index] &<< indexBits | UInt64(index) }
    IntegerSort.sort(&keys, count: count)
    for place in 0..<count {
      order[place] = UInt32(truncatingIfNeeded: keys[place] & mask)
      keys[place] &>>= indexBits
    }
    orderEqual(by: minors)
  }

  /// The same for keys of any width.
  private mutating func sortInPairs(by minors: Minors) {
    var pairs = (0..<count).map { IntegerSort.Pair(lower: UInt64($0), upper: keys[$0]) }
    IntegerSort.sort(&pairs)
    for place in 0..<count {
      order[place] = UInt32(truncatingIfNeeded: pairs[place].lower)
      keys[place] = pairs[place].upper
    }
    orderEqual(by: minors)
  }

  /// Orders the few edges of equal keys by their minors.
  private mutating func orderEqual(by minors: Minors) {
    var first = 0
    while first < count {
      var end = first &+ 1
      while end < count, keys[end] == keys[first] { end &+= 1 }
      if end > first &+ 1 {
        let ordered = order[first..<end].map { (minor: minors[Int($0)], index: $0) }
          .sorted { $0 < $1 }
        for (place, element) in ordered.enumerated() { order[first + place] = element.index }
      }
      first = end
    }
  }

  /// Takes the keys out of the records; what it returns is no less than any of them, and has as many
  /// bits as the largest.
  private mutating func unpack(_ records: [UInt8], _ plan: RoutePlan) -> UInt64 {
    var highest: UInt64 = 0
    let (recordBytes, keyBytes) = (plan.recordBytes, plan.keyBytes)
    let count = count
    let mask = keyBytes >= 8 ? UInt64.max : (1 as UInt64) << UInt64(8 * keyBytes) - 1
    unsafe records.withUnsafeBytes { records in
      unsafe keys.withUnsafeMutableBufferPointer { keys in
        // The last records are read byte by byte, since a word would pass the end.
        let whole = max(0, count - 8)
        for index in 0..<whole {
          // SAFETY: eight records later there are still bytes, so a word lies inside.
          let key =
            unsafe records.loadUnaligned(
              fromByteOffset: index &* recordBytes, as: UInt64.self) & mask
          unsafe keys[index] = key
          highest |= key
        }
        for index in whole..<count {
          var key: UInt64 = 0
          for byte in 0..<keyBytes {
            key |= unsafe UInt64(records[index &* recordBytes &+ byte]) &<< UInt64(8 &* byte)
          }
          unsafe keys[index] = key
          highest |= key
        }
      }
    }
    return highest
  }
}
