internal import CMerestoneKernels
import MerestoneCore

/// Does what ``NodeRelabeler`` does, for graphs of more than 2^32 nodes: one hash table that grows
/// with the mini-batch.
struct WideRelabeler {
  /// The nodes seen so far, by block index.
  private(set) var nodes: [NodeID] = []

  private struct Entry: BitwiseCopyable {
    var node: UInt64 = 0
    /// `base` + block index + 1; up to `base` the entry is free.
    var stamp: UInt64 = 0
  }

  // Open addressing with linear probing; at most half full. The next mini-batch takes a higher base,
  // so that nothing is cleared.
  private var entries: [Entry] = []
  private var base: UInt64 = 0

  // How far ahead entries are fetched.
  private static let ahead = 16

  /// Forgets all nodes.
  mutating func reset() {
    base += UInt64(nodes.count)
    nodes.removeAll(keepingCapacity: true)
  }

  /// See ``NodeRelabeler/relabel(_:count:into:)``.
  mutating func relabel(_ sources: Span<NodeID>, into indices: inout MutableSpan<BlockIndex>) {
    growTable(for: nodes.count + sources.count)
    let mask = entries.count &- 1
    let base = base
    var nodes: [NodeID] = []
    swap(&nodes, &self.nodes)
    defer { swap(&nodes, &self.nodes) }
    var entries = entries.mutableSpan
    for place in sources.indices {
      if place &+ Self.ahead < sources.count {
        let slot = Self.hash(sources[place &+ Self.ahead].rawValue) & mask
        // SAFETY: nothing is read.
        unsafe entries.withUnsafeBufferPointer { unsafe mrs_prefetch($0.baseAddress! + slot) }
      }
      let source = sources[place]
      var slot = Self.hash(source.rawValue) & mask
      while entries[slot].stamp > base, entries[slot].node != source.rawValue {
        slot = (slot &+ 1) & mask
      }
      if entries[slot].stamp <= base {
        nodes.append(source)
        entries[slot] = Entry(node: source.rawValue, stamp: base &+ UInt64(nodes.count))
      }
      indices[place] = BlockIndex(UInt32(truncatingIfNeeded: entries[slot].stamp &- base &- 1))
    }
  }

  private mutating func growTable(for count: Int) {
    guard entries.count < 2 * count else { return }
    var capacity = max(1024, entries.count)
    while capacity < 2 * count { capacity *= 2 }
    entries = [Entry](repeating: Entry(), count: capacity)
    for (index, node) in nodes.enumerated() {
      var slot = Self.hash(node.rawValue) & (capacity - 1)
      while entries[slot].stamp > base { slot = (slot + 1) & (capacity - 1) }
      entries[slot] = Entry(node: node.rawValue, stamp: base + UInt64(index + 1))
    }
  }

  /// Fibonacci hashing (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
  @inline(__always)
  private static func hash(_ node: UInt64) -> Int {
    Int(truncatingIfNeeded: (node &* 0x9E37_79B9_7F4A_7C15) &>> 20)
  }
}
