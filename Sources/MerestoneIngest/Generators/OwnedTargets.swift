/// The other ends of the edges that one node owns; used again for the next node.
struct OwnedTargets {
  /// Ascending and distinct.
  var nodes: [UInt32] = []
}

extension [UInt32] {
  /// Keeps one of each run of equal elements.
  mutating func removeRepetitions() {
    var kept = 0
    for index in indices where index == 0 || self[index] != self[kept - 1] {
      self[kept] = self[index]
      kept += 1
    }
    removeLast(count - kept)
  }
}
