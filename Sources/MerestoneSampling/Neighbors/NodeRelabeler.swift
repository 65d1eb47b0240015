package import MerestoneCore

/// Gives the nodes of one mini-batch consecutive block indices in the order they are first seen.
///
/// Two tables do the same: a stamp per node of the graph (one load a node, 4 bytes per node and
/// sampler) where the graph is small enough, else an open-addressing hash table that grows with
/// the mini-batch.
package struct NodeRelabeler {
  /// The nodes seen so far, by block index.
  package private(set) var nodes: [NodeID] = []

  // Index + 1 of every node of the graph, 0 = not seen; empty when the hash table is used.
  private var stamps: [UInt32] = []

  // Open addressing with linear probing; at most half full. An empty slot holds index + 1 = 0.
  private var keys: [UInt64] = []
  private var slots: [UInt32] = []

  /// - Parameters:
  ///   - nodeCount: The nodes of the graph.
  ///   - stampBudget: The bytes that a stamp per node may take.
  package init(nodeCount: Int, stampBudget: ByteCount) {
    if nodeCount <= stampBudget.bytes / MemoryLayout<UInt32>.size {
      stamps = [UInt32](repeating: 0, count: nodeCount)
    }
  }

  /// Forgets all nodes.
  /// - Complexity: O(nodes seen) with stamps, O(table) with the hash table.
  package mutating func reset() {
    if stamps.isEmpty {
      for index in slots.indices { slots[index] = 0 }
    } else {
      for node in nodes { stamps[Int(node.rawValue)] = 0 }
    }
    nodes.removeAll(keepingCapacity: true)
  }

  /// The block index of every node of `sources`, new nodes numbered as they come. Shape `[n]`.
  /// - Throws: ``SamplingError/blockTooLarge(nodes:)`` past 2^32 - 2 distinct nodes.
  package mutating func relabel(
    _ sources: Span<NodeID>
  ) throws(SamplingError) -> [BlockIndex] {
    guard nodes.count + sources.count < Int(UInt32.max) else {
      throw .blockTooLarge(nodes: nodes.count + sources.count)
    }
    var nodes = self.nodes
    self.nodes = []
    nodes.reserveCapacity(nodes.count + sources.count / 2)
    if stamps.isEmpty { growTable(for: nodes.count + sources.count, nodes) }
    let indices = unsafe [BlockIndex](unsafeUninitializedCapacity: sources.count) { buffer, count in
      // SAFETY: every place below `sources.count` is written once.
      var output = unsafe MutableSpan(_unsafeElements: buffer[0..<sources.count])
      if stamps.isEmpty {
        relabelByHash(sources, into: &output, &nodes)
      } else {
        relabelByStamp(sources, into: &output, &nodes)
      }
      count = sources.count
    }
    self.nodes = nodes
    return indices
  }

  private mutating func relabelByStamp(
    _ sources: Span<NodeID>, into indices: inout MutableSpan<BlockIndex>, _ nodes: inout [NodeID]
  ) {
    var stamps = self.stamps.mutableSpan
    var seen = UInt32(nodes.count)
    for place in sources.indices {
      let source = sources[place]
      var stamp = stamps[Int(source.rawValue)]
      if stamp == 0 {
        nodes.append(source)
        seen &+= 1
        stamp = seen
        stamps[Int(source.rawValue)] = stamp
      }
      indices[place] = BlockIndex(stamp &- 1)
    }
  }

  private mutating func relabelByHash(
    _ sources: Span<NodeID>, into indices: inout MutableSpan<BlockIndex>, _ nodes: inout [NodeID]
  ) {
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

  private mutating func growTable(for count: Int, _ nodes: [NodeID]) {
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
