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

  /// Counts a sorted run while its lists are taken, see ``SortedRun/takeLists(_:owned:)``.
  ///
  /// - Parameters:
  ///   - owned: Sources that the destinations' shard owns.
  ///   - split: Where in a row the split lies, which does not tell edges apart.
  ///   - countsDuplicates: Whether equal edges are of interest.
  init(
    taking run: inout SortedRun, plan: RoutePlan, owned: Range<Int>, split: Range<Int>?,
    countsDuplicates: Bool
  ) {
    if countsDuplicates, plan.rowBytes > 0 { duplicates = Self.equalRows(run, plan, except: split) }
    let taken = run.takeLists(plan, owned: owned)
    cut = taken.cut
    if countsDuplicates, plan.rowBytes == 0 { duplicates = taken.equal }
  }

  /// How many edges equal an earlier one with the same key, in all columns but split.
  private static func equalRows(
    _ run: SortedRun, _ plan: RoutePlan, except split: Range<Int>?
  ) -> Int {
    var duplicates = 0
    var lowerEdge = 0
    while lowerEdge < run.count {
      var upperEdge = lowerEdge &+ 1
      while upperEdge < run.count, run.keys[upperEdge] == run.keys[lowerEdge] { upperEdge &+= 1 }
      if upperEdge &- lowerEdge > 1 {
        duplicates += equalRows(run.rows, lowerEdge..<upperEdge, plan.rowBytes, except: split)
      }
      lowerEdge = upperEdge
    }
    return duplicates
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
