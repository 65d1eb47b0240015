/// Brings an assignment back below its bounds, whatever edges that cuts.
enum BoundRepair {
  /// Refills the shards by descending in-degree: a node stays where it was if there is room for
  /// it, else it goes to the emptiest shard. Heaviest first, the bound on edges alone always
  /// holds: a node goes to a shard that holds at most the mean.
  ///
  /// Nodes that are not placed yet stay so.
  static func run(
    _ assignment: inout [UInt16], inDegrees: [UInt32], train: [Bool]?, bounds: ShardBounds
  ) -> ShardLoads {
    var loads = ShardLoads(bounds: bounds)
    for node in DegreeOrder.sequence(inDegrees) {
      let node = Int(node)
      let shard = Int(assignment[node])
      guard shard < bounds.shards else { continue }
      let placed = bounds.node(
        inDegree: inDegrees[node], isTraining: train.map { $0[node] } ?? false)
      let chosen = loads.hasRoom(for: placed, in: shard) ? shard : loads.emptiest(for: placed)
      assignment[node] = UInt16(truncatingIfNeeded: chosen)
      loads.add(placed, to: chosen)
    }
    return loads
  }
}
