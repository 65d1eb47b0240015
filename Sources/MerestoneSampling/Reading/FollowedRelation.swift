package import MerestoneCore
import MerestoneStorage

/// A relation that samples follow.
package struct FollowedRelation: Sendable {
  package let topology: Topology

  /// Edges kept per destination and hop, the hop next to the seeds first; -1 keeps every edge, 0 none.
  package let fanouts: [Int]

  /// Which edges are kept.
  package var scheme: NeighborScheme

  package init(topology: Topology, fanouts: [Int], scheme: NeighborScheme = .uniform) {
    self.topology = topology
    self.fanouts = fanouts
    self.scheme = scheme
  }
}

extension [FollowedRelation] {
  /// What groups of mini-batches over these relations may take while they are sampled: three quarters of
  /// the cap, or what the program and its threads leave of it, but for files, columns and tables.
  ///
  /// - Parameters:
  ///   - memory: The cap on everything together.
  ///   - types: Whose nodes each thread numbers.
  ///   - columnBytes: What is kept of columns.
  ///   - programBytes: What a program has resident before it samples.
  ///   - threadBytes: What a thread has of its own: decoded pages, a table over nodes where it is a
  ///     small one, mini-batches that are finished.
  package func groupMemory(
    of memory: ByteCount, types: [NodeTypeID], threads: Int, columnBytes: Int,
    programBytes: Int = 32 << 20, threadBytes: Int = 20 << 20
  ) -> ByteCount {
    let mapped = reduce(0) { sum, entry in
      let plan = entry.topology.plan
      return sum + (plan.dropsBehind ? 0 : plan.fileBytes.bytes)
    }
    let readsColumn = contains { $0.scheme.readColumn(fanouts: $0.fanouts) != nil }
    let budget = memory.bytes / 8 / Swift.max(1, threads) / Swift.max(1, types.count)
    let tables = types.reduce(0) { sum, type in
      let bytes = MemoryLayout<UInt32>.size * (first?.topology.store.book.nodeCount(of: type) ?? 0)
      return sum + (bytes <= budget ? bytes * threads : 0)
    }
    let others = Swift.max(memory.bytes / 4, programBytes + threadBytes * threads)
    let rest =
      Swift.max(memory.bytes - others, memory.bytes / 8) - tables - mapped
      - (readsColumn ? memory.bytes / 8 : 0)
    return ByteCount(Swift.max(0, rest - columnBytes))
  }
}
