import MerestoneCore

/// The first assignment of the coarsest graph: greedy streams in several orders, each refined; the
/// best is taken.
enum InitialPartition {
  private static let mostTries = 6

  static func make(
    _ graph: WeightedGraph, bounds: ShardBounds, seed: UInt64, pool: ThreadPool
  ) -> [UInt16] {
    // A node's best move is found among all shards.
    let tries = MultilevelMemory.tries(
      mostTries, work: 16 * (graph.neighbors.count + graph.count * bounds.shards))
    var results = [[UInt16]](repeating: [], count: tries)
    var scores = [Double](repeating: .infinity, count: tries)
    for attempt in 0..<tries {
      var shardOf = stream(graph, bounds: bounds, seed: seed, attempt: attempt)
      if CoarseRefinement.isPossible(count: graph.count, shards: bounds.shards) {
        var refinement = CoarseRefinement(graph: graph, bounds: bounds, shardOf: shardOf)
        refinement.run(rounds: 5)
        shardOf = refinement.shardOf
        // Beyond a bound, balance comes first.
        let excess = max(0, (refinement.loads.shards.map(\.fill).max() ?? 0) - 1)
        scores[attempt] = Double(graph.cut(shardOf)) + excess * 1e18
      } else {
        scores[attempt] = Double(graph.cut(shardOf))
      }
      results[attempt] = shardOf
    }
    let best = scores.indices.min { (scores[$0], $0) < (scores[$1], $1) } ?? 0
    return results[best]
  }

  /// Linear deterministic greedy, restreamed, over the nodes in a shuffled order.
  private static func stream(
    _ graph: WeightedGraph, bounds: ShardBounds, seed: UInt64, attempt: Int
  ) -> [UInt16] {
    let none = UInt16(truncatingIfNeeded: bounds.shards)
    var shardOf = [UInt16](repeating: none, count: graph.count)
    var tally = [UInt32](repeating: 0, count: bounds.shards + 1)
    let order = RandomPermutation(
      count: graph.count, key: RandomKey(seed: seed, stream: .partition, epoch: 1, step: attempt))
    for _ in 0..<3 {
      var loads = ShardLoads(bounds: bounds)
      for position in 0..<graph.count {
        let node = order[position]
        let placed = graph.placed(node, bounds)
        let list = graph.offsets[node]..<graph.offsets[node + 1]
        for entry in list {
          tally[Int(shardOf[Int(graph.neighbors[entry])])] &+= graph.weights[entry]
        }
        var best = -1
        var bestScore = 0.0
        for shard in 0..<bounds.shards where tally[shard] > 0 {
          guard loads.hasRoom(for: placed, in: shard) else { continue }
          let score = StreamingRule.greedy.score(
            neighbors: tally[shard], fill: loads.shards[shard].fill(for: placed))
          if score > bestScore { (best, bestScore) = (shard, score) }
        }
        for entry in list { tally[Int(shardOf[Int(graph.neighbors[entry])])] = 0 }
        if best < 0 { best = loads.emptiest(for: placed) }
        shardOf[node] = UInt16(truncatingIfNeeded: best)
        loads.add(placed, to: best)
      }
    }
    return shardOf
  }
}
