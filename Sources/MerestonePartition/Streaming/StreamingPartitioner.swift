import MerestoneCore
import MerestoneStorage

/// Streaming assignment of nodes to shards, restreamed.
///
/// A node goes to the shard with the best ``StreamingRule`` score over its in- and out-neighbours
/// among those with room. Nishimura and Ugander, "Restreaming Graph Partitioning", KDD 2013: a
/// pass fills empty shards anew, while neighbours count where they were placed last; the last
/// passes only move nodes, which helps graphs without communities.
///
/// The result is that of one thread going through the nodes one by one. To let all threads count,
/// blocks go through three steps at a time: while one is placed, the next is counted and the one
/// after it is read. Neighbours in the two blocks of the window are left to the placing thread, so
/// neither threads nor blocks change the result.
///
/// Nodes with neither neighbours nor in-edges are placed last, into whatever room is left.
///
/// - Complexity: 2 bytes per node, and three blocks of at most 14 bytes per entry and 16 per node.
struct StreamingPartitioner<Source: NeighborSource> {
  let source: Source
  let inDegrees: [UInt32]
  let train: [Bool]?
  let bounds: ShardBounds
  let rule: StreamingRule
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation?

  /// The last passes take one node out at a time instead of emptying the shards.
  static var refiningPasses: Int { 2 }

  /// The shares of a node's edges that one pass after the other may cut to keep a bound.
  static var losses: [Double] { [0, 0.1, 0.3, 0.6, 1] }

  /// - Parameter passes: How often all nodes are streamed, at least once.
  func run(passes: Int) throws(PartitionError) -> [UInt16] {
    // The value `shards` stands for "not placed yet" and has a counter of its own.
    var assignment = [UInt16](
      inHugePages: UInt16(truncatingIfNeeded: bounds.shards), count: source.nodeCount)
    let empty = ShardLoads(bounds: bounds)
    var loads = empty
    for pass in 0..<max(passes, 1) {
      let isRefilling = pass < max(1, passes - Self.refiningPasses)
      if isRefilling { loads = empty }
      loads = try stream(
        isRefilling ? .refill : .refine, loads: loads, assignment: &assignment)
    }
    try settle(&assignment, loads: &loads)
    return assignment
  }

  /// Moves nodes, one at a time, within the bounds: improves an assignment of all nodes.
  func refine(_ assignment: inout [UInt16], passes: Int) throws(PartitionError) {
    var loads = loads(of: assignment)
    for _ in 0..<passes {
      loads = try stream(.refine, loads: loads, assignment: &assignment)
    }
    try settle(&assignment, loads: &loads)
  }

  /// Places what was left out, and brings the shards back below their bounds where a greedy pass
  /// could not.
  private func settle(
    _ assignment: inout [UInt16], loads: inout ShardLoads
  ) throws(PartitionError) {
    // Light nodes filled some shards and heavy ones others. Those that lose the least move first.
    var isMoved = false
    for loss in Self.losses where loads.isBeyondStrictBounds {
      loads = try stream(.even(loss: loss), loads: loads, assignment: &assignment)
      isMoved = true
    }
    if isMoved { loads = try stream(.refine, loads: loads, assignment: &assignment) }
    if loads.overflow != (0, 0) {
      loads = BoundRepair.run(&assignment, inDegrees: inDegrees, train: train, bounds: bounds)
      loads = try stream(.refine, loads: loads, assignment: &assignment)
    }
    FillerNodes.place(&assignment, train: train, loads: &loads)
  }

  private func loads(of assignment: [UInt16]) -> ShardLoads {
    var loads = ShardLoads(bounds: bounds)
    for node in assignment.indices where Int(assignment[node]) < bounds.shards {
      loads.add(
        bounds.node(
          inDegree: inDegrees[node], isTraining: train.map { $0[node] } ?? false),
        to: Int(assignment[node]))
    }
    return loads
  }

  /// One pass over all nodes in input order.
  /// - Returns: The loads after it.
  private func stream(
    _ mode: NodePlacing.Mode, loads: ShardLoads, assignment: inout [UInt16]
  ) throws(PartitionError) -> ShardLoads {
    let shardCount = bounds.shards
    // SAFETY: the buffer is used inside of this scope; the steps below keep writers and readers
    // of its elements apart.
    return try unsafe assignment.withUnsafeMutableBufferPointer {
      buffer throws(PartitionError) -> ShardLoads in
      guard let shardOf = buffer.baseAddress else { return loads }
      let run = unsafe StreamingRun(
        placing: NodePlacing(
          loads: loads, rule: rule, inDegrees: inDegrees, train: train, assignment: shardOf,
          mode: mode))
      for step in 0..<source.blockCount + 2 {
        if cancellation?.isCancelled == true { throw .interrupted }
        let (reading, counting, placing) = run.blocks(ofStep: step)
        if step >= source.blockCount { reading.nodes = 0..<0 }
        let windowStart = (placing.nodes.isEmpty ? counting : placing).nodes.lowerBound
        let window = windowStart..<max(counting.nodes.upperBound, placing.nodes.upperBound)
        let tile = 2048
        let tiles = (counting.nodes.count + tile - 1) / tile
        unsafe NeighborCounting.with(
          counting, assignment: shardOf, window: window, shards: shardCount + 1
        ) { kernel in
          let nodes = counting.nodes.count
          // The long serial work first, so that the others even out what it leaves.
          pool.forEach(tiles + 2) { task in
            switch task {
            case 0: if !placing.nodes.isEmpty { run.placing.place(placing) }
            case 1: if step < source.blockCount { reading.read(step, of: source) }
            default:
              let lower = (task - 2) * tile
              kernel.count(lower..<min(lower + tile, nodes))
            }
          }
        }
        if let failure = reading.failure { throw .neighbors(failure) }
        progress.advance(by: placing.nodes.count)
        placing.nodes = 0..<0
      }
      return run.placing.loads
    }
  }
}

/// What the threads of one streaming pass share.
///
/// `@unchecked Sendable`: `placing` is used by one task of each step.
private final class StreamingRun: @unchecked Sendable {
  var placing: NodePlacing
  private let ring = (StreamingBlock(), StreamingBlock(), StreamingBlock())

  init(placing: NodePlacing) { self.placing = placing }

  /// The blocks to read, to count and to place in a step: each moves on by one a step.
  func blocks(
    ofStep step: Int
  ) -> (reading: StreamingBlock, counting: StreamingBlock, placing: StreamingBlock) {
    switch step % 3 {
    case 0: (ring.0, ring.2, ring.1)
    case 1: (ring.1, ring.0, ring.2)
    default: (ring.2, ring.1, ring.0)
    }
  }
}
