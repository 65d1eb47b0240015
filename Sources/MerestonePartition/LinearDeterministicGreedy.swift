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
/// the edges are fewest, and ``Result/overflow`` tells.
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
    let nodeCount = inDegrees.count
    // The value `shards` stands for "not placed yet" and has a counter of its own.
    var assignment = [UInt16](repeating: UInt16(shards), count: nodeCount)
    let empty = ShardLoads(
      shards: shards, nodeBound: nodeBound, edgeBound: edgeBound, capacity: capacity)
    var loads = empty
    let batchLength = min(max(nodeCount / 256, 1), 4096)
    var counts = [UInt32](repeating: 0, count: batchLength * (shards + 1))
    var runs = [InsideRuns](
      repeating: InsideRuns(), count: batchLength)
    for pass in 0..<max(passes, 1) {
      let refilling = pass < max(1, passes - Self.refiningPasses)
      if refilling { loads = empty }
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
      progress.advance(by: nodeCount)
    }
    let fullest = loads.edges.max() ?? 0
    return Result(
      assignment: assignment, overflow: fullest > edgeBound ? fullest - edgeBound : 0,
      edgeBound: edgeBound)
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
    assignment: inout [UInt16],
    loads: inout ShardLoads
  ) {
    let width = shards + 1
    for node in batch {
      let offset = node &- batch.lowerBound
      let base = offset &* width
      for position in runs[offset].incoming.lower..<runs[offset].incoming.upper {
        let neighbor = Int(incoming.indices[position])
        if neighbor != node { counts[base &+ Int(assignment[neighbor])] &+= 1 }
      }
      for position in runs[offset].outgoing.lower..<runs[offset].outgoing.upper {
        let neighbor = Int(outgoing.indices[position])
        if neighbor != node { counts[base &+ Int(assignment[neighbor])] &+= 1 }
      }
      let degree = inDegrees[node]
      if !refilling { loads.remove(degree, from: Int(assignment[node])) }
      let isolated = incoming.isEmpty(node) && outgoing.isEmpty(node)
      let shard =
        isolated
        ? loads.fewestNodes()
        : loads.best(for: degree, counts: counts, base: base)
      assignment[node] = UInt16(truncatingIfNeeded: shard)
      loads.add(degree, to: shard)
    }
  }
}
