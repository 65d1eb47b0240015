import MerestoneCore
import MerestonePartition

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

  /// The bytes that a node takes in the stage that needs most.
  static func bytesPerNode(_ options: PartitionOptions) -> Int {
    options.needsNeighbors ? 26 : 18
  }

  /// The least cap for a graph of `nodes` nodes.
  ///
  /// - Parameter tables: Bytes of node tables, which are held in memory.
  static func least(nodes: Int, tables: Int, options: PartitionOptions) -> Int {
    let needed =
      base + perThread + leastBuffers + tables + nodes * bytesPerNode(options)
    let unit = 1 << 20
    return (needed + unit - 1) / unit * unit
  }
}
