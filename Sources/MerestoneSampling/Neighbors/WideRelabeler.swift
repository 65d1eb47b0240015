import MerestoneCore

/// Does what ``NodeRelabeler`` does, for graphs of more than 2^32 nodes: one hash table that grows
/// with the mini-batch.
struct WideRelabeler {
  /// The nodes seen so far, by block index.
  private(set) var nodes: [NodeID] = []

  // Open addressing with linear probing; at most half full. An empty slot holds index + 1 = 0.
  private var keys: [UInt64] = []
  private var slots: [UInt32] = []

  /// Forgets all nodes.
  /// - Complexity: O(table).
  mutating func reset() {
    for index in slots.indices { slots[index] = 0 }
    nodes.removeAll(keepingCapacity: true)
  }

  /// See ``NodeRelabeler/relabel(_:count:into:)``.
  mutating func relabel(_ sources: Span<NodeID>, into indices: inout MutableSpan<BlockIndex>) {
    growTable(for: nodes.count + sources.count)
    let mask = keys.count &- 1
    for place in sources.indices {
      let source = sources[place]
      var slot = Self.hash(source.rawValue) & mask
      while slots[slot] != 0, keys[slot] != source.rawValue { slot = (slot &+ 1) & mask }
      if slots[slot] == 0 {
        nodes.append(source)
        keys[slot] = source.rawValue
        slots[slot] = UInt32(nodes.count)
      }
      indices[place] = BlockIndex(slots[slot] &- 1)
    }
  }

  private mutating func growTable(for count: Int) {
    guard keys.count < 2 * count else { return }
    var capacity = max(1024, keys.count)
    while capacity < 2 * count { capacity *= 2 }
    keys = [UInt64](repeating: 0, count: capacity)
    slots = [UInt32](repeating: 0, count: capacity)
    for (index, node) in nodes.enumerated() {
      var slot = Self.hash(node.rawValue) & (capacity - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
      keys[slot] = node.rawValue
      slots[slot] = UInt32(index + 1)
    }
  }

  /// Fibonacci hashing (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
  @inline(__always)
  private static func hash(_ node: UInt64) -> Int {
    Int(truncatingIfNeeded: (node &* 0x9E37_79B9_7F4A_7C15) &>> 20)
  }
}
