/// Clusters numbered without gaps.
struct Clusters: Sendable {
  /// The cluster of every node; ``none`` for nodes without neighbours, which belong to none.
  let of: [UInt32]
  let count: Int

  static let none = UInt32.max

  /// - Parameter isLeftOut: Nodes that get no cluster.
  init(labels: [UInt32], isLeftOut: (Int) -> Bool) {
    // Numbers in the order of the first member keep whatever locality the input has.
    var number = [UInt32](repeating: Self.none, count: labels.count)
    var next: UInt32 = 0
    var result = labels
    for node in labels.indices {
      if isLeftOut(node) {
        result[node] = Self.none
        continue
      }
      let label = Int(labels[node])
      if number[label] == Self.none {
        number[label] = next
        next += 1
      }
      result[node] = number[label]
    }
    of = result
    count = Int(next)
  }
}
