import MerestoneCore

/// Appends edges that come as positions in a list, in no order, in ascending order.
struct PositionSorter {
  private var positions: [UInt32] = []

  // Up to here moving one by one is fastest.
  private static let short = 64

  /// - Complexity: O(count^2) moves of a few, O(count log count) of many.
  @inline(__always)
  mutating func append(
    to edges: inout [EdgeID], of list: EdgeList, count: Int, _ position: (Int) -> UInt32
  ) {
    if positions.count < count {
      positions = [UInt32](repeating: 0, count: max(count, Self.short))
    }
    var sorted = positions.mutableSpan
    if count <= Self.short {
      for index in 0..<count {
        let next = position(index)
        var place = index
        while place > 0, sorted[place &- 1] > next {
          sorted[place] = sorted[place &- 1]
          place &-= 1
        }
        sorted[place] = next
      }
    } else {
      for index in 0..<count { sorted[index] = position(index) }
      positions[..<count].sort()
    }
    for index in 0..<count { edges.append(EdgeID(list.start &+ UInt64(positions[index]))) }
  }
}
