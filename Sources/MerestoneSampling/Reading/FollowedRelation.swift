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
  /// What groups of mini-batches over these relations may take while they are sampled.
  ///
  /// - Parameters:
  ///   - memory: The cap on everything together.
  ///   - types: Whose nodes each thread numbers.
  ///   - columnBytes: What is kept of columns.
  package func groupMemory(
    of memory: ByteCount, types: [NodeTypeID], threads: Int, columnBytes: Int
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
    let rest = memory.bytes / 4 * 3 - tables - mapped - (readsColumn ? memory.bytes / 8 : 0)
    return ByteCount(Swift.max(0, rest - columnBytes))
  }
}
