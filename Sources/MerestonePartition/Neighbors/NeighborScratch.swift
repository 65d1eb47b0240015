/// One block of a ``NeighborSource``, in buffers that are reused from block to block.
package struct NeighborScratch: Sendable {
  /// Nodes in the block.
  package internal(set) var nodeCount = 0

  /// Where each list starts in ``neighbors``. The first `nodeCount + 1` elements count.
  package internal(set) var offsets: [UInt32] = [0]

  /// The lists one after the other. The first `offsets[nodeCount]` elements count;
  /// there is always at least one.
  package internal(set) var neighbors: [UInt32] = [0]

  package init() {}

  package var entryCount: Int { Int(offsets[nodeCount]) }

  /// Makes room for a block; what the buffers held is lost.
  mutating func prepare(nodes: Int, entries: Int) {
    nodeCount = nodes
    if offsets.count < nodes + 1 {
      offsets = Array(repeating: 0, count: nodes + 1)
    }
    if neighbors.count < entries {
      neighbors = []
      neighbors = Array(repeating: 0, count: entries)
    }
  }

  /// Turns the lengths in `offsets[1...]` into positions.
  /// - Returns: Whether the lists together have exactly `entries` entries.
  mutating func sumOffsets(expecting entries: Int) -> Bool {
    offsets[0] = 0
    var sum: UInt64 = 0
    for node in 0..<nodeCount {
      // At most 2^16 lengths of 32 bits: no overflow.
      sum &+= UInt64(offsets[node &+ 1])
      offsets[node &+ 1] = UInt32(truncatingIfNeeded: sum)
    }
    return sum == UInt64(entries)
  }
}
