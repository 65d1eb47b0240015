import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// How a run keeps to its cap: what is fixed, what the nodes take, and what is left for buffers.
///
/// Nothing grows with the edges. Per node the stages hold the degrees (8 bytes while they are
/// counted), then degrees, order and global ids together, then the global ids; buffers get the
/// rest, up to what makes sense.
struct MemoryPlan: Sendable {
  let cap: Int
  /// Threads that the cap has buffers for.
  let threads: Int

  /// The program itself, stacks, and what the allocator keeps.
  private static let base = 40 << 20
  /// What a thread needs to read, count and route chunks.
  private static let perThread = 28 << 20
  /// The smallest buffers that stages work with.
  private static let leastBuffers = 48 << 20

  init(cap: Int, threads: Int) {
    self.cap = cap
    let affordable = (cap - Self.base - Self.leastBuffers) / (2 * Self.perThread)
    self.threads = max(1, min(threads, affordable))
  }

  /// What is left for buffers beside `resident` bytes per node or table.
  func buffers(beside resident: Int, atMost limit: Int = .max) -> Int {
    let left = cap - Self.base - threads * Self.perThread - resident
    return max(Self.leastBuffers / 2, min(left / 8 * 7, limit))
  }

  /// Edges of a list that a thread puts in order at once.
  var orderPortion: Int {
    let bytes = buffers(beside: 0) / threads
    return max(1 << 16, min(bytes / TimeSorting.bytesPerEdge, 1 << 21))
  }

  /// How much of the buffers' bytes the counters of ids may take, so that the degrees which come of
  /// them fit beside.
  static func counterBytes(of buffers: Int, options: PartitionOptions) -> Int {
    options.needsNeighbors ? buffers / 2 : buffers / 3 * 2
  }

  /// The bytes that a node takes while edges are counted, sampled, routed and written: at most
  /// in-degree, global id, and ten bytes of a table from raw ids.
  private static let bytesPerNode = 18

  /// Entries of the neighbourhoods, at most about.
  static func entries(nodes: Int, edges: Int, options: PreprocessOptions) -> Int {
    guard options.partition.needsNeighbors else { return 0 }
    // A node keeps up to a quarter more than the limit, in large graphs up to twice as many.
    let limit = NeighborSample.limit(edges: edges, partitioner: options.partition.partitioner)
    let most = nodes < 1 << 25 ? limit / 4 * 5 : 2 * limit
    return copies(edges: edges, options.partition.partitioner)
      * min((options.isUndirected ? 4 : 2) * edges, (most + 2) * nodes)
  }

  /// How often an entry counts: of lists that are a sample, `multilevel` has each at both ends.
  static func copies(edges: Int, _ partitioner: Partitioner) -> Int {
    partitioner == .multilevel && edges > Partition.wholeEdgeLimit ? 2 : 1
  }

  /// The least cap for a graph; with neither nodes nor edges that for any graph.
  ///
  /// - Parameters:
  ///   - edges: Those of the input.
  ///   - tables: Bytes of node tables, which are held in memory.
  static func least(
    nodes: Int, edges: Int, tables: Int, options: PreprocessOptions
  ) -> Int {
    var partition = options.partition
    if partition.ordering == .auto, edges > PartitionOptions.autoEdgeLimit {
      partition.ordering = .degree
    }
    let moving = perThread + leastBuffers + nodes * bytesPerNode
    // In-degrees; for partitioners an assignment, and what is allocated but not in use.
    let ordering =
      (partition.needsNeighbors ? 10 : 4) * nodes
      + Partition.workingBytes(
        partition, nodes: nodes, entries: entries(nodes: nodes, edges: edges, options: options))
    let needed = base + tables + (nodes == 0 ? moving : max(moving, ordering))
    let unit = 1 << 20
    return (needed + unit - 1) / unit * unit
  }
}
