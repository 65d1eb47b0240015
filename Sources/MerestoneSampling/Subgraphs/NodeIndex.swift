import MerestoneCore

/// A set of nodes that are numbered in the order in which they were added.
///
/// Open addressing with linear probing, at most half full: 20 to 40 bytes a node.
struct NodeIndex {
  /// The nodes by number.
  private(set) var nodes: [NodeID] = []

  // Number + 1 of the node in each slot; 0 = free.
  private var slots: [UInt32] = [UInt32](repeating: 0, count: Self.leastSlots)

  private static let leastSlots = 64

  init() {}

  /// The distinct nodes of a list, in order of first appearance.
  /// - Throws: ``SamplingError/blockTooLarge(nodes:)`` past 2^32 - 2 nodes.
  init(_ nodes: [NodeID]) throws(SamplingError) {
    grow(for: nodes.count)
    for node in nodes { _ = try add(node) }
  }

  var count: Int { nodes.count }

  /// Forgets all nodes.
  /// - Complexity: O(slots).
  mutating func removeAll() {
    nodes.removeAll(keepingCapacity: true)
    for slot in slots.indices { slots[slot] = 0 }
  }

  /// The number of a node, which is added where it is new.
  mutating func add(_ node: NodeID) throws(SamplingError) -> Int {
    if 2 * (nodes.count + 1) > slots.count { grow(for: 2 * (nodes.count + 1)) }
    let slot = slot(of: node)
    if slots[slot] == 0 {
      guard nodes.count < Int(UInt32.max) - 1 else { throw .blockTooLarge(nodes: nodes.count + 1) }
      nodes.append(node)
      slots[slot] = UInt32(nodes.count)
    }
    return Int(slots[slot]) - 1
  }

  /// The number of a node; `nil` where it was not added.
  @inline(__always) func number(of node: NodeID) -> Int? {
    let number = slots[slot(of: node)]
    return number == 0 ? nil : Int(number) &- 1
  }

  /// The slot that holds a node or is free for it.
  @inline(__always) private func slot(of node: NodeID) -> Int {
    let mask = slots.count &- 1
    var slot = Self.hash(node.rawValue) & mask
    while slots[slot] != 0, nodes[Int(slots[slot]) &- 1] != node { slot = (slot &+ 1) & mask }
    return slot
  }

  private mutating func grow(for count: Int) {
    var capacity = slots.count
    while capacity < 2 * count { capacity *= 2 }
    guard capacity > slots.count else { return }
    slots = [UInt32](repeating: 0, count: capacity)
    for number in nodes.indices { slots[slot(of: nodes[number])] = UInt32(number + 1) }
  }

  /// Fibonacci hashing (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
  @inline(__always) private static func hash(_ node: UInt64) -> Int {
    Int(truncatingIfNeeded: (node &* 0x9E37_79B9_7F4A_7C15) &>> 24)
  }
}
