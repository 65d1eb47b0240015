import MerestoneCore

extension Neighborhoods {
  /// Adds a seed with the first `count` of its candidates, by descending weight, then ascending id.
  ///
  /// - Parameter normalized: Divides weights by the sum of those that are kept.
  mutating func append(
    _ seed: NodeID, _ candidates: [(node: NodeID, weight: Double)], keeping count: Int,
    normalized: Bool = false
  ) {
    let kept = candidates.sorted { ($1.weight, $0.node) < ($0.weight, $1.node) }.prefix(count)
    let scale = normalized ? kept.reduce(0) { $0 + $1.weight } : 1
    seeds.append(seed)
    for candidate in kept {
      nodes.append(candidate.node)
      weights.append(candidate.weight / scale)
    }
    indptr.append(nodes.count)
  }
}
