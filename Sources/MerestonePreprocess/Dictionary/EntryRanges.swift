/// Consecutive entries cut into ranges that fit the memory of one thread.
struct EntryRanges: Sendable {
  /// Where each range starts.
  private(set) var starts: [Int] = []
  /// How many entries there are.
  private(set) var end = 0
  private var bytes = 0

  /// Adds entries; they stay in one range.
  mutating func add(_ count: Int, bytes added: Int, plan: DictionaryPlan) {
    guard count > 0 else { return }
    if starts.isEmpty || end - starts.last! + count > plan.rangeEntries
      || bytes + added > plan.rangeBytes
    {
      cut()
    }
    end += count
    bytes += added
  }

  /// Lets the next entry begin a range.
  mutating func cut() {
    if starts.last != end { starts.append(end) }
    bytes = 0
  }

  var count: Int { starts.count }

  subscript(range: Int) -> Range<Int> {
    starts[range]..<(range + 1 < starts.count ? starts[range + 1] : end)
  }

  /// The range that holds an entry.
  func index(of entry: Int) -> Int {
    var (lower, upper) = (0, starts.count)
    while upper &- lower > 1 {
      let middle = (lower &+ upper) / 2
      if starts[middle] <= entry { lower = middle } else { upper = middle }
    }
    return lower
  }
}
