/// Improves the assignment of a coarsened graph: evens out the loads, then moves nodes by gain,
/// also downhill, and keeps the best state seen.
///
/// Fiduccia and Mattheyses, "A Linear-Time Heuristic for Improving Network Partitions", DAC 1982,
/// for k shards with one queue and moves only to where all bounds hold.
struct CoarseRefinement {
  let graph: WeightedGraph
  let bounds: ShardBounds
  private(set) var shardOf: [UInt16]
  private(set) var loads: ShardLoads
  /// Of every node, the weight of its entries into each shard. Shape `[count, shards]`.
  private var attachment: [UInt32]
  private let shards: Int

  /// Stands for a node that has moved in this pass.
  private static let isDone = Int64.max

  /// Whether the table of attachments is worth its memory: 256 MiB at most.
  static func isPossible(count: Int, shards: Int) -> Bool { count * shards <= 1 << 26 }

  init(graph: WeightedGraph, bounds: ShardBounds, shardOf: [UInt16]) {
    self.graph = graph
    self.bounds = bounds
    self.shardOf = shardOf
    shards = bounds.shards
    loads = ShardLoads(bounds: bounds)
    attachment = Array(repeating: 0, count: graph.count * bounds.shards)
    for node in 0..<graph.count {
      loads.add(graph.placed(node, bounds), to: Int(shardOf[node]))
      for entry in graph.offsets[node]..<graph.offsets[node + 1] {
        attachment[node * shards + Int(shardOf[Int(graph.neighbors[entry])])] &+=
          graph.weights[entry]
      }
    }
  }

  /// - Parameter rounds: Passes of moves at most, fewer where the graph is large; they end when one
  ///   takes less than 1/256 of the cut away.
  mutating func run(rounds: Int) {
    for loss in [0, 0.05, 0.2, 0.5, 1] where loads.isBeyondStrictBounds { even(loss: loss) }
    var cut = Int64(graph.cut(shardOf))
    let affordable = max(2, Self.entryBudget / max(graph.neighbors.count, 1))
    for _ in 0..<min(rounds, affordable) {
      let gain = pass()
      cut -= gain
      if gain <= cut / 256 { break }
    }
  }

  /// Entries that the passes over one graph look at, about.
  private static let entryBudget = 1 << 26

  private mutating func even(loss: Double) {
    for node in 0..<graph.count {
      let from = Int(shardOf[node])
      guard loads.isTight(from) else { continue }
      let placed = graph.placed(node, bounds)
      var total: UInt64 = 0
      for shard in 0..<shards { total += UInt64(attachment[node * shards + shard]) }
      let least = Double(attachment[node * shards + from]) - loss * Double(total)
      var best = from
      for shard in 0..<shards where shard != from {
        let count = attachment[node * shards + shard]
        if Double(count) >= least,
          best == from || count > attachment[node * shards + best],
          loads.evensOut(placed, from: from, to: shard)
        {
          best = shard
        }
      }
      if best != from { move(node, to: best) }
    }
  }

  /// One pass in which every node moves at most once.
  /// - Returns: By how much the cut fell.
  private mutating func pass() -> Int64 {
    var queue = MoveQueue()
    // The gain under which each node waits; lower ones are found out when its turn comes.
    var waiting = [Int64](repeating: .min, count: graph.count)
    for node in 0..<graph.count where isOnBoundary(node) {
      if let entry = bestMove(node) {
        queue.push(entry)
        waiting[node] = entry.gain
      }
    }
    var moved: [(node: Int, from: UInt16)] = []
    var gain: Int64 = 0
    var bestGain: Int64 = 0
    var bestLength = 0
    // How long to go on downhill.
    let patience = max(500, graph.count / 50)
    while let entry = queue.pop() {
      let node = Int(entry.node)
      guard entry.gain == waiting[node] else { continue }
      guard let now = bestMove(node) else {
        waiting[node] = .min
        continue
      }
      if now.gain < entry.gain {
        queue.push(now)
        waiting[node] = now.gain
        continue
      }
      waiting[node] = Self.isDone
      moved.append((node, shardOf[node]))
      gain += now.gain
      move(node, to: Int(now.target))
      if gain > bestGain { (bestGain, bestLength) = (gain, moved.count) }
      if moved.count - bestLength > patience { break }
      for position in graph.offsets[node]..<graph.offsets[node + 1] {
        let neighbor = Int(graph.neighbors[position])
        guard waiting[neighbor] != Self.isDone, let entry = bestMove(neighbor),
          entry.gain > waiting[neighbor]
        else { continue }
        queue.push(entry)
        waiting[neighbor] = entry.gain
      }
    }
    for (node, from) in moved[bestLength...].reversed() { move(node, to: Int(from)) }
    return bestGain
  }

  private func isOnBoundary(_ node: Int) -> Bool {
    let own = Int(shardOf[node])
    for shard in 0..<shards where shard != own && attachment[node * shards + shard] > 0 {
      return true
    }
    return false
  }

  /// The best of the moves to a shard with room that the node is attached to.
  private func bestMove(_ node: Int) -> MoveQueue.Entry? {
    let own = Int(shardOf[node])
    var best = -1
    var most: UInt32 = 0
    let base = node &* shards
    for shard in 0..<shards where shard != own {
      let count = attachment[base &+ shard]
      guard count > most else { continue }
      if loads.hasRoom(for: graph.placed(node, bounds), in: shard) { (best, most) = (shard, count) }
    }
    guard best >= 0 else { return nil }
    return MoveQueue.Entry(
      gain: Int64(most) - Int64(attachment[base &+ own]),
      node: UInt32(truncatingIfNeeded: node), target: UInt16(truncatingIfNeeded: best))
  }

  private mutating func move(_ node: Int, to shard: Int) {
    let from = Int(shardOf[node])
    let placed = graph.placed(node, bounds)
    loads.remove(placed, from: from)
    loads.add(placed, to: shard)
    shardOf[node] = UInt16(truncatingIfNeeded: shard)
    for entry in graph.offsets[node]..<graph.offsets[node + 1] {
      let base = Int(graph.neighbors[entry]) &* shards
      attachment[base &+ from] &-= graph.weights[entry]
      attachment[base &+ shard] &+= graph.weights[entry]
    }
  }
}
