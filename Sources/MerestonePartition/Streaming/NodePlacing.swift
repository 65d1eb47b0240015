/// Places the nodes of counted blocks one after the other: the serial part of a streaming pass.
///
/// One thread uses a value at a time.
@safe struct NodePlacing {
  /// What a pass may do with the nodes.
  enum Mode {
    /// The shards were emptied before; every node is placed anew.
    case refill
    /// Nodes are taken out one at a time, and no shard goes beyond a bound that it keeps.
    case refine
    /// Nodes leave shards that are beyond a bound, or close to it, for those that are not, as long
    /// as that evens out the loads and cuts at most this share of the node's edges anew.
    case even(loss: Double)
  }

  private(set) var loads: ShardLoads
  private let rule: StreamingRule
  private let inDegrees: [UInt32]
  private let train: [Bool]?
  private let assignment: UnsafeMutablePointer<UInt16>
  private let mode: Mode
  private var tally: [UInt32]
  private var seen: [UInt16]

  /// - Parameter assignment: The shard of every node, `loads.shards.count` for none; outlives
  ///   the value, and other threads read only what lies outside of the window.
  @unsafe init(
    loads: ShardLoads, rule: StreamingRule, inDegrees: [UInt32], train: [Bool]?,
    assignment: UnsafeMutablePointer<UInt16>, mode: Mode
  ) {
    self.loads = loads
    self.rule = rule
    self.inDegrees = inDegrees
    self.train = train
    unsafe self.assignment = assignment
    self.mode = mode
    tally = Array(repeating: 0, count: loads.shards.count + 1)
    seen = Array(repeating: 0, count: loads.shards.count + 2)
  }

  /// Nodes without neighbours and in-edges are left out: they fill up what the others leave.
  mutating func place(_ block: StreamingBlock) {
    // Bound to locals: a class's arrays are slow to reach in a loop.
    let (offsets, neighbors) = (block.scratch.offsets, block.scratch.neighbors)
    let (shards, counts, tallies) = (block.shards, block.counts, block.tallies)
    for offset in 0..<block.nodes.count {
      let node = block.nodes.lowerBound &+ offset
      let start = Int(offsets[offset])
      let isAlone = start == Int(offsets[offset &+ 1])
      let degree = inDegrees[node]
      if isAlone && degree == 0 { continue }
      let placed = loads.bounds.node(
        inDegree: degree, isTraining: train.map { $0[node] } ?? false)

      let counted = tallies[offset]
      var seenCount = Int(counted.shards)
      for index in 0..<seenCount {
        let shard = shards[start &+ index]
        seen[index] = shard
        tally[Int(shard)] = counts[start &+ index]
      }
      for index in 0..<Int(counted.inWindow) {
        // SAFETY: neighbours are nodes of the graph.
        let shard = unsafe assignment[Int(neighbors[start &+ index])]
        let before = tally[Int(shard)]
        seen[seenCount] = shard
        seenCount &+= before == 0 ? 1 : 0
        tally[Int(shard)] = before &+ 1
      }

      // SAFETY: `node` is a node of the graph.
      let current = unsafe Int(assignment[node])
      let chosen: Int
      switch mode {
      case .refill:
        chosen = best(for: placed, current: -1, seenCount)
      case .refine:
        loads.remove(placed, from: current)
        chosen = best(for: placed, current: current, seenCount)
      case .even(let loss):
        chosen = evener(
          for: placed, current: current, seenCount,
          loss: loss * Double(Int(offsets[offset &+ 1]) &- start))
        if chosen != current { loads.remove(placed, from: current) }
      }
      for index in 0..<seenCount { tally[Int(seen[index])] = 0 }
      unsafe assignment[node] = UInt16(truncatingIfNeeded: chosen)
      if case .even = mode, chosen == current { continue }
      loads.add(placed, to: chosen)
    }
  }

  /// The shard with the best score among those that have room or hold the node already.
  @inline(__always)
  private func best(for placed: PlacedNode, current: Int, _ seenCount: Int) -> Int {
    var best = -1
    var bestScore = -Double.infinity
    for index in 0..<seenCount {
      let shard = Int(seen[index])
      guard shard < loads.shards.count,
        shard == current || loads.hasRoom(for: placed, in: shard)
      else { continue }
      let score = rule.score(
        neighbors: tally[shard], fill: loads.shards[shard].fill(for: placed))
      if score > bestScore || (score == bestScore && precedes(shard, best, current: current)) {
        (best, bestScore) = (shard, score)
      }
    }
    if best < 0, current >= 0 { return current }
    guard best < 0 || bestScore <= 0 else { return best }
    let emptiest = loads.emptiest(for: placed)
    let score =
      loads.hasRoom(for: placed, in: emptiest)
      ? rule.score(neighbors: 0, fill: loads.shards[emptiest].fill(for: placed)) : -.infinity
    return best < 0 || score > bestScore
      || (score == bestScore && precedes(emptiest, best, current: current)) ? emptiest : best
  }

  /// The shard with the most neighbours of those where the node would even out the loads; the
  /// current one if there is none, or if too many edges would be lost.
  private func evener(
    for placed: PlacedNode, current: Int, _ seenCount: Int, loss: Double
  ) -> Int {
    guard loads.isTight(current) else { return current }
    let most = Double(tally[current]) - loss
    var best = current
    var bestCount = 0.0
    for shard in loads.shards.indices where shard != current {
      let count = Double(tally[shard])
      if count >= most, best == current || count > bestCount,
        loads.evensOut(placed, from: current, to: shard)
      {
        (best, bestCount) = (shard, count)
      }
    }
    return best
  }

  /// Of two equal scores: where the node is already when nodes are moved, then the emptier one,
  /// then the lower number.
  private func precedes(_ shard: Int, _ other: Int, current: Int) -> Bool {
    if shard == current || other == current { return shard == current }
    let (fill, otherFill) = (loads.shards[shard].fill, loads.shards[other].fill)
    return fill < otherFill || (fill == otherFill && shard < other)
  }
}
