import MerestoneCore

extension NodeRelabeler {
  /// Numbers those seeds of a mini-batch that are of one type.
  ///
  /// - Parameters:
  ///   - times: As of when each seed is seen, where there are `seedTimes`.
  ///   - seedTimes: Of the type, where the mini-batch is temporal.
  ///   - indices: Receives the block indices of these seeds in their places. Shape `[seeds]`.
  mutating func relabel(
    _ seeds: [TypedNode], of type: Int, times: [Int64], _ seedTimes: SeedTimes?,
    into indices: inout [BlockIndex]
  ) throws(SamplingError) {
    var nodes: [NodeID] = []
    nodes.reserveCapacity(seeds.count)
    for place in seeds.indices where seeds[place].type.rawValue == type {
      let node = seeds[place].node
      nodes.append(seedTimes?.slot(node, times[place]) ?? node)
    }
    indices.resize(to: seeds.count, filling: BlockIndex(0))
    guard nodes.count < seeds.count else {
      return try relabel(nodes, count: nodes.count, into: &indices)
    }
    var found: [BlockIndex] = []
    try relabel(nodes, count: nodes.count, into: &found)
    var next = 0
    for place in seeds.indices where seeds[place].type.rawValue == type {
      indices[place] = found[next]
      next += 1
    }
  }
}
