/// Nodes without edges: they cost a shard nothing but a place, so they come last and even out
/// the numbers of nodes.
enum FillerNodes {
  /// Gives every node that is not placed yet a shard: those with the fewest nodes fill up first,
  /// with training nodes first of all in the same manner among themselves.
  ///
  /// - Complexity: O(nodes + shards log shards).
  static func place(_ assignment: inout [UInt16], train: [Bool]?, loads: inout ShardLoads) {
    let none = UInt16(truncatingIfNeeded: loads.shards.count)
    if let train {
      fill(
        &assignment, where: { assignment, node in assignment[node] == none && train[node] },
        sizes: loads.shards.map(\.training), isTraining: true, loads: &loads)
    }
    fill(
      &assignment, where: { assignment, node in assignment[node] == none },
      sizes: loads.shards.map(\.nodes), isTraining: false, loads: &loads)
  }

  private static func fill(
    _ assignment: inout [UInt16], where isOpen: ([UInt16], Int) -> Bool, sizes: [UInt64],
    isTraining: Bool, loads: inout ShardLoads
  ) {
    var open = 0
    for node in assignment.indices where isOpen(assignment, node) { open += 1 }
    guard open > 0 else { return }
    var quotas = quotas(of: UInt64(open), over: sizes)
    var shard = 0
    for node in assignment.indices where isOpen(assignment, node) {
      while quotas[shard] == 0 { shard += 1 }
      quotas[shard] -= 1
      assignment[node] = UInt16(truncatingIfNeeded: shard)
      loads.add(loads.bounds.node(inDegree: 0, isTraining: isTraining), to: shard)
    }
  }

  /// How much each of `sizes` gets of `amount` when the smallest always gets the next unit, of
  /// equals the first.
  static func quotas(of amount: UInt64, over sizes: [UInt64]) -> [UInt64] {
    let order = sizes.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
    var reached = 1
    var sum = sizes[order[0]]
    // Raise the level over the lowest shards until the next one would stay dry.
    while reached < order.count {
      let next = sizes[order[reached]]
      if next * UInt64(reached) >= sum + amount { break }
      sum += next
      reached += 1
    }
    let (level, rest) = (sum + amount).quotientAndRemainder(dividingBy: UInt64(reached))
    var quotas = [UInt64](repeating: 0, count: sizes.count)
    let lowest = order[..<reached].sorted()
    for (position, shard) in lowest.enumerated() {
      quotas[shard] = level - sizes[shard] + (UInt64(position) < rest ? 1 : 0)
    }
    return quotas
  }
}
