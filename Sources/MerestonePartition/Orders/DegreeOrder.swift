import MerestoneCore

/// In-degree descending, ties by input index: one counting pass over all nodes, and a sort of the
/// few whose degree is beyond the counters.
enum DegreeOrder {
  /// Degrees from here on are sorted, not counted.
  private static let counted = 1 << 12

  /// All nodes by descending in-degree.
  ///
  /// - Complexity: O(*n*), 4 bytes per node for the result.
  static func sequence(_ inDegrees: [UInt32]) -> [UInt32] {
    var starts = [Int](repeating: 0, count: counted + 1)
    var heavy: [UInt32] = []
    for (node, degree) in inDegrees.enumerated() {
      if degree >= counted {
        heavy.append(UInt32(truncatingIfNeeded: node))
      } else {
        starts[counted - 1 - Int(degree) + 1] &+= 1
      }
    }
    heavy.sort {
      let (a, b) = (inDegrees[Int($0)], inDegrees[Int($1)])
      return a > b || (a == b && $0 < $1)
    }
    starts[0] = heavy.count
    for bin in 0..<counted { starts[bin + 1] &+= starts[bin] }
    var sequence = [UInt32](repeating: 0, count: inDegrees.count)
    for (place, node) in heavy.enumerated() { sequence[place] = node }
    for (node, degree) in inDegrees.enumerated() where degree < counted {
      let bin = counted - 1 - Int(degree)
      sequence[starts[bin]] = UInt32(truncatingIfNeeded: node)
      starts[bin] &+= 1
    }
    return sequence
  }
}
