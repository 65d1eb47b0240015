internal import CMerestoneKernels
import MerestoneCore

/// Does what ``NodeRelabeler`` does, for ids of more than 32 bits: graphs of more than 2^32 nodes, and
/// pairs of node and time. One hash table grows with the mini-batch.
struct WideRelabeler {
  // The nodes by block index in the first `count` places, and room for more.
  private var nodes: [NodeID] = []
  /// How many distinct nodes were seen.
  private(set) var count = 0

  // Open addressing with linear probing, at most half full. An entry is 32 bits of the node's hash, and
  // below them a stamp: `base` + block index, less than `base` where the entry is free. The next mini-batch
  // takes a higher base, so that nothing is cleared.
  private var entries: [UInt64] = []
  private var bits: UInt64 = 0
  private var base: UInt32

  private static let leastBits: UInt64 = 12
  // Nodes that are fetched together.
  private static let part = 512

  /// - Parameter firstBase: At least 1; high in tests of what happens after 2^32 nodes.
  init(firstBase: UInt32 = 1) { base = firstBase }

  /// Forgets all nodes.
  mutating func reset() {
    // `reserve` leaves room for that.
    base += UInt32(count)
    count = 0
  }

  /// See ``NodeRelabeler/copyNodes(into:)``.
  func copyNodes(into copy: inout [NodeID]) {
    // In memory of its own, which can be used again.
    copy.removeAll(keepingCapacity: true)
    copy.append(contentsOf: nodes[..<count])
  }

  /// See ``NodeRelabeler/relabel(_:count:into:)``.
  mutating func relabel(_ sources: Span<NodeID>, into indices: inout MutableSpan<BlockIndex>) {
    precondition(indices.count >= sources.count, "an index for each source")
    for first in stride(from: 0, to: sources.count, by: Self.part) {
      let part = first..<min(first + Self.part, sources.count)
      reserve(part.count)
      unsafe sources.withUnsafeBufferPointer { sources in
        unsafe indices.withUnsafeMutableBufferPointer { indices in
          // SAFETY: there is a source and an index for each place, and room for as many nodes.
          unsafe relabel(
            sources.baseAddress! + first, indices.baseAddress! + first, count: part.count)
        }
      }
    }
  }

  /// Whether a node is new decides no branch: half of them are, in no order.
  @unsafe private mutating func relabel(
    _ sources: UnsafePointer<NodeID>, _ indices: UnsafeMutablePointer<BlockIndex>, count: Int
  ) {
    let (base, shift) = (base, 64 - bits)
    let mask = entries.count &- 1
    var seen = self.count
    unsafe entries.withUnsafeMutableBufferPointer { table in
      unsafe nodes.withUnsafeMutableBufferPointer { known in
        // SAFETY: slots are below the table's size; stamps are at most that of the last node, and there is
        // a node more than there will be.
        let table = table.baseAddress!
        let nodes = known.baseAddress!
        for place in 0..<count {
          unsafe mrs_prefetch(table + Int(Self.hash(sources[place]) &>> shift))
        }
        for place in 0..<count {
          let node = unsafe sources[place]
          let hash = Self.hash(node)
          let tag = hash &<< 12 & 0xffff_ffff_0000_0000
          var slot = Int(truncatingIfNeeded: hash &>> shift)
          while true {
            let entry = unsafe table[slot]
            let stamp = UInt32(truncatingIfNeeded: entry)
            let isNew = stamp < base
            let index = isNew ? seen : Int(stamp &- base)
            // Where it is new it is written before it is compared.
            unsafe nodes[seen] = node
            let isOther = (entry ^ tag) &>> 32 != 0
            if (isOther && !isNew) || (unsafe nodes[index] != node) {
              slot = (slot &+ 1) & mask
              continue
            }
            seen &+= isNew ? 1 : 0
            unsafe table[slot] = tag | UInt64(base &+ UInt32(truncatingIfNeeded: index))
            unsafe indices[place] = BlockIndex(UInt32(truncatingIfNeeded: index))
            break
          }
        }
      }
    }
    self.count = seen
  }

  /// Makes room for `more` nodes, and one that is written before it is known to be new.
  private mutating func reserve(_ more: Int) {
    let needed = count + more + 1
    if nodes.count < needed {
      nodes.resize(to: max(needed, 2 * nodes.count), filling: NodeID(0))
    }
    var bits = max(bits, Self.leastBits)
    while 2 * needed > 1 << bits { bits += 1 }
    if bits != self.bits || UInt64(base) + UInt64(needed) > UInt64(UInt32.max) {
      rebuild(bits: bits)
    }
  }

  private mutating func rebuild(bits: UInt64) {
    self.bits = bits
    base = 1
    entries = [UInt64](repeating: 0, count: bits == 0 ? 0 : 1 << bits)
    let mask = entries.count - 1
    for index in 0..<count {
      let hash = Self.hash(nodes[index])
      var slot = Int(hash >> (64 - bits))
      while entries[slot] != 0 { slot = (slot + 1) & mask }
      entries[slot] = hash << 12 & 0xffff_ffff_0000_0000 | UInt64(base + UInt32(index))
    }
  }

  /// Fibonacci hashing (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
  @inline(__always)
  private static func hash(_ node: NodeID) -> UInt64 { node.rawValue &* 0x9E37_79B9_7F4A_7C15 }
}
