import MerestoneCore

/// Streaming assignment of nodes to shards, restreamed.
///
/// A node goes to the shard that maximises (neighbours there) x (1 - fill), over its in- and
/// out-neighbours, loops left out. The fill is the largest of load / capacity with load =
/// 1 + in-degree, nodes / bound and edges / bound, so that neither bound is met long before the
/// other. Stanton and Kliot, "Streaming Graph Partitioning for Large Distributed Graphs", KDD
/// 2012; restreaming as in Nishimura and Ugander, "Restreaming Graph Partitioning", KDD 2013:
/// a pass fills empty shards anew, while neighbours count where they were placed last; the last
/// passes only move nodes, which helps graphs without communities. Five passes cut 0.68 of a
/// Kronecker graph of 2^20 nodes for 4 shards (random: 0.75) and 0.084 of the web graph cnr-2000
/// (its first pass: 0.26).
///
/// Nodes are placed in fixed batches: neighbours outside the batch are counted on all threads,
/// then the nodes are placed one after the other, each seeing those of its own batch where they
/// are by then (lists are sorted, so these are one run of each list). The result is that of one
/// thread going through the nodes one by one; neither threads nor batches change it.
///
/// Two bounds hold, the first before the second: a shard's nodes stay at most
/// ceil((1 + imbalance) nodes / shards) + 1, its edges at most ceil((1 + imbalance) edges / shards)
/// + the largest in-degree. A node for which no shard satisfies both goes where the nodes fit and
/// the edges are fewest; if the bound on edges is missed then, a further pass places the heaviest
/// nodes first, and if that does not help, ``Result/overflow`` tells.
struct LinearDeterministicGreedy {
  /// The shard of every node and how far the bound on edges was missed.
  struct Result {
    var assignment: [UInt16]
    /// Edges of the fullest shard beyond ``edgeBound``; 0 where the bound holds.
    var overflow: UInt64
    var edgeBound: UInt64
  }

  /// In- and out-neighbours by input index.
  let incoming: NeighborLists
  let outgoing: NeighborLists
  let inDegrees: [UInt64]
  let shards: Int
  let nodeBound: UInt64
  let edgeBound: UInt64
  private let capacity: Double

  /// The last passes take one node out at a time instead of emptying the shards.
  private static let refiningPasses = 2

  init(
    incoming: NeighborLists, outgoing: NeighborLists, inDegrees: [UInt64], shards: Int,
    imbalance: Double
  ) {
    self.incoming = incoming
    self.outgoing = outgoing
    self.inDegrees = inDegrees
    self.shards = shards
    let nodes = inDegrees.count
    let edges = inDegrees.reduce(0, +)
    let heaviest = inDegrees.max() ?? 0
    let share = (1 + imbalance) / Double(shards)
    nodeBound = UInt64((share * Double(nodes)).rounded(.up)) + 1
    edgeBound = UInt64((share * Double(edges)).rounded(.up)) + heaviest
    capacity = (share * (Double(nodes) + Double(edges))).rounded(.up) + 1 + Double(heaviest)
  }

  /// - Parameter passes: How often all nodes are streamed, at least once.
  func run(
    passes: Int, pool: ThreadPool, progress: any ProgressListener, cancellation: Cancellation?
  ) throws(PartitionError) -> Result {
    // The value `shards` stands for "not placed yet" and has a counter of its own.
    var assignment = [UInt16](repeating: UInt16(shards), count: inDegrees.count)
    let empty = ShardLoads(
      shards: shards, nodeBound: nodeBound, edgeBound: edgeBound, capacity: capacity)
    var loads = empty
    for pass in 0..<max(passes, 1) {
      let refilling = pass < max(1, passes - Self.refiningPasses)
      if refilling { loads = empty }
      try stream(
        refilling: refilling, assignment: &assignment, loads: &loads, pool: pool,
        cancellation: cancellation)
      progress.advance(by: inDegrees.count)
    }
    if loads.overflow > 0 {
      // Light nodes filled the shards before heavy ones came, as where edges run from old nodes to
      // new ones. Once more with the heaviest first, then without emptying.
      loads = empty
      try refillHeaviestFirst(
        assignment: &assignment, loads: &loads, cancellation: cancellation)
      try stream(
        refilling: false, assignment: &assignment, loads: &loads, pool: pool,
        cancellation: cancellation)
    }
    return Result(assignment: assignment, overflow: loads.overflow, edgeBound: edgeBound)
  }

  /// One pass over all nodes in input order.
  private func stream(
    refilling: Bool, assignment: inout [UInt16], loads: inout ShardLoads, pool: ThreadPool,
    cancellation: Cancellation?
  ) throws(PartitionError) {
    let nodeCount = inDegrees.count
    // The counters of a batch take 16 MiB at most.
    let batchLength = max(1, min(nodeCount / 256, 4096, (1 << 22) / (shards + 1)))
    var counts = [UInt32](repeating: 0, count: batchLength * (shards + 1))
    var runs = [InsideRuns](repeating: InsideRuns(), count: batchLength)
    var lower = 0
    while lower < nodeCount {
      if cancellation?.isCancelled == true { throw .interrupted }
      let batch = lower..<min(lower + batchLength, nodeCount)
      countOutside(batch, assignment: assignment, into: &counts, runs: &runs, pool: pool)
      place(
        batch, counts: &counts, runs: runs, refilling: refilling, assignment: &assignment,
        loads: &loads)
      lower = batch.upperBound
    }
  }

  /// One pass into empty shards by descending in-degree, on one thread.
  private func refillHeaviestFirst(
    assignment: inout [UInt16], loads: inout ShardLoads, cancellation: Cancellation?
  ) throws(PartitionError) {
    var counts = [UInt32](repeating: 0, count: shards + 1)
    for (position, node) in NodeOrder.sequence(.degree, inDegrees: inDegrees).enumerated() {
      if position % 4096 == 0, cancellation?.isCancelled == true { throw .interrupted }
      let node = Int(node)
      for shard in counts.indices { counts[shard] = 0 }
      for lists in [incoming, outgoing] {
        add(
          lists.indptr[node]..<lists.indptr[node + 1], of: lists, except: node, assignment, &counts,
          0)
      }
      place(node, counts: counts, base: 0, assignment: &assignment, loads: &loads)
    }
  }

  /// Where a node's neighbours of its own batch are in the two index arrays.
  private struct InsideRuns: BitwiseCopyable, Sendable {
    var incoming = Run()
    var outgoing = Run()
  }

  /// A range of positions that any thread may write.
  private struct Run: BitwiseCopyable, Sendable {
    var lower = 0
    var upper = 0
  }

  /// Counts, for each node of `batch`, its neighbours outside of the batch in every shard, and
  /// finds those inside.
  private func countOutside(
    _ batch: Range<Int>, assignment: [UInt16], into counts: inout [UInt32],
    runs: inout [InsideRuns], pool: ThreadPool
  ) {
    let width = shards + 1
    counts.withSharedBuffer { sharedCounts in
      runs.withSharedBuffer { sharedRuns in
        pool.forEachTile(of: batch.count, tile: 256) { tile in
          sharedCounts.withPart(tile.lowerBound * width..<tile.upperBound * width) { part in
            sharedRuns.withPart(tile) { runs in
              part.update(repeating: 0)
              for offset in 0..<tile.count {
                let node = batch.lowerBound &+ tile.lowerBound &+ offset
                runs[offset] = InsideRuns(
                  incoming: Self.count(
                    incoming, of: node, outside: batch, assignment: assignment, into: &part,
                    at: offset &* width),
                  outgoing: Self.count(
                    outgoing, of: node, outside: batch, assignment: assignment, into: &part,
                    at: offset &* width))
              }
            }
          }
        }
      }
    }
  }

  /// - Returns: The run of neighbours in `batch`, as positions in `lists.indices`.
  private static func count(
    _ lists: NeighborLists, of node: Int, outside batch: Range<Int>, assignment: [UInt16],
    into counts: inout MutableSpan<UInt32>, at base: Int
  ) -> Run {
    let list = lists.indptr[node]..<lists.indptr[node &+ 1]
    let lower = lists.position(in: list, notBelow: UInt32(truncatingIfNeeded: batch.lowerBound))
    let upper = lists.position(
      in: lower..<list.upperBound, notBelow: UInt32(truncatingIfNeeded: batch.upperBound))
    let indices = lists.indices.span
    let shardOf = assignment.span
    for position in list.lowerBound..<lower {
      // Cannot overflow: a list longer than 2^32 does not fit in memory.
      counts[base &+ Int(shardOf[Int(indices[position])])] &+= 1
    }
    for position in upper..<list.upperBound {
      counts[base &+ Int(shardOf[Int(indices[position])])] &+= 1
    }
    return Run(lower: lower, upper: upper)
  }

  /// Places the nodes of `batch` in order.
  private func place(
    _ batch: Range<Int>, counts: inout [UInt32], runs: [InsideRuns], refilling: Bool,
    assignment: inout [UInt16], loads: inout ShardLoads
  ) {
    for node in batch {
      let offset = node &- batch.lowerBound
      let base = offset &* (shards &+ 1)
      let run = runs[offset]
      add(
        run.incoming.lower..<run.incoming.upper, of: incoming, except: node, assignment, &counts,
        base)
      add(
        run.outgoing.lower..<run.outgoing.upper, of: outgoing, except: node, assignment, &counts,
        base)
      if !refilling { loads.remove(inDegrees[node], from: Int(assignment[node])) }
      place(node, counts: counts, base: base, assignment: &assignment, loads: &loads)
    }
  }

  /// Adds a part of a node's list to its counters; loops do not count.
  private func add(
    _ positions: Range<Int>, of lists: NeighborLists, except node: Int, _ assignment: [UInt16],
    _ counts: inout [UInt32], _ base: Int
  ) {
    for position in positions {
      let neighbor = Int(lists.indices[position])
      if neighbor != node { counts[base &+ Int(assignment[neighbor])] &+= 1 }
    }
  }

  private func place(
    _ node: Int, counts: [UInt32], base: Int, assignment: inout [UInt16],
    loads: inout ShardLoads
  ) {
    let isIsolated = incoming.isEmpty(node) && outgoing.isEmpty(node)
    let shard =
      isIsolated
      ? loads.fewestNodes() : loads.best(for: inDegrees[node], counts: counts, base: base)
    assignment[node] = UInt16(truncatingIfNeeded: shard)
    loads.add(inDegrees[node], to: shard)
  }
}
