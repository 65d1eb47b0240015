/// What is counted while edges lie sorted in memory.
struct RunCounts: Codable, Sendable {
  /// Edges whose source is in another shard.
  var cut = 0
  /// Edges equal to an earlier one in all but split.
  var duplicates = 0

  static func += (left: inout Self, right: Self) {
    left.cut += right.cut
    left.duplicates += right.duplicates
  }

  init() {}

  /// Counts a sorted run.
  ///
  /// - Parameters:
  ///   - shard: The global ids that the destinations' shard owns.
  ///   - split: Where in a row the split lies, which does not tell edges apart.
  ///   - countsDuplicates: Whether equal edges are of interest.
  init(
    _ run: SortedRun, plan: RoutePlan, shard: Range<Int>, split: Range<Int>?,
    countsDuplicates: Bool
  ) {
    let mask = (1 as UInt64) << UInt64(plan.sourceBits) - 1
    let (lower, width) = (UInt64(shard.lowerBound), UInt64(shard.count))
    let count = run.count
    let countsEqualKeys = countsDuplicates && plan.rowBytes == 0
    unsafe run.keys.withUnsafeBufferPointer { keys in
      var inside = 0
      // SAFETY: the first `count` keys are in use.
      for index in 0..<count {
        inside &+= unsafe (keys[index] & mask) &- lower < width ? 1 : 0
      }
      cut = count &- inside
      if countsEqualKeys, count > 1 {
        var equal = 0
        for index in 1..<count { equal &+= unsafe keys[index] == keys[index &- 1] ? 1 : 0 }
        duplicates = equal
      }
    }
    guard countsDuplicates, !countsEqualKeys else { return }
    var lowerEdge = 0
    while lowerEdge < count {
      var upperEdge = lowerEdge &+ 1
      while upperEdge < count, run.keys[upperEdge] == run.keys[lowerEdge] { upperEdge &+= 1 }
      if upperEdge &- lowerEdge > 1 {
        duplicates += Self.equalRows(run.rows, lowerEdge..<upperEdge, plan.rowBytes, except: split)
      }
      lowerEdge = upperEdge
    }
  }

  /// How many of the rows equal an earlier one.
  private static func equalRows(
    _ rows: [UInt8], _ range: Range<Int>, _ rowBytes: Int, except split: Range<Int>?
  ) -> Int {
    func compare(_ left: Int, _ right: Int) -> Int {
      for byte in 0..<rowBytes where !(split?.contains(byte) ?? false) {
        let (a, b) = (rows[left * rowBytes + byte], rows[right * rowBytes + byte])
        if a != b { return a < b ? -1 : 1 }
      }
      return 0
    }
    let sorted = range.sorted { compare($0, $1) < 0 }
    return zip(sorted, sorted.dropFirst()).count { compare($0, $1) == 0 }
  }
}
