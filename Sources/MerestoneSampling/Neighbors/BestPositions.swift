/// The positions of the largest values of a list that is offered in order; among equal values the
/// earlier ones.
struct BestPositions<Value: Comparable & BitwiseCopyable> {
  private struct Entry {
    var value: Value
    var position: Int
  }

  // Largest first, equal values in order.
  private var entries: [Entry] = []
  private var capacity = 0

  /// How many are held.
  var count: Int { entries.count }

  /// Starts a list of which at most `capacity` positions are kept.
  mutating func reset(keeping capacity: Int) {
    entries.removeAll(keepingCapacity: true)
    self.capacity = capacity
  }

  /// - Precondition: Positions come in ascending order.
  /// - Complexity: O(1) for a value that is not kept, else O(*k*).
  @inline(__always)
  mutating func offer(_ value: Value, at position: Int) {
    if entries.count == capacity {
      guard let last = entries.last, value > last.value else { return }
      entries.removeLast()
    }
    var place = entries.count
    while place > 0, entries[place &- 1].value < value { place &-= 1 }
    entries.insert(Entry(value: value, position: position), at: place)
  }

  /// Replaces `positions` by the kept ones, ascending.
  func collect(into positions: inout [Int]) {
    positions.removeAll(keepingCapacity: true)
    for entry in entries { positions.append(entry.position) }
    positions.sort()
  }
}
