package import MerestoneCore

/// A set of nodes that knows each member's place among the members in ascending order.
///
/// A bitmap with running counts (Jacobson, "Space-efficient Static Trees and Graphs", FOCS 1989):
/// 10 bits per node of the graph, so that intermediate rows need memory only for the nodes that
/// have them.
package struct NodeSubset: Sendable {
  private var words: [UInt64]
  // Members before each word; filled by `seal`.
  private var ranks: [UInt32]
  private var blockRanks: [Int]
  package private(set) var count = 0

  // Words per absolute count, so that the counts within fit 32 bits at any size.
  private static let blockWords = 1 << 20

  package init(nodeCount: Int) {
    words = [UInt64](repeating: 0, count: (nodeCount + 63) / 64)
    ranks = []
    blockRanks = []
  }

  package mutating func insert(_ node: NodeID) {
    words[Int(node.rawValue >> 6)] |= 1 << (node.rawValue & 63)
  }

  package func contains(_ node: NodeID) -> Bool {
    words[Int(node.rawValue >> 6)] >> (node.rawValue & 63) & 1 == 1
  }

  /// Counts the members; call it after the last insertion.
  package mutating func seal() {
    ranks = []
    ranks.reserveCapacity(words.count)
    blockRanks = []
    count = 0
    for (index, word) in words.enumerated() {
      if index % Self.blockWords == 0 { blockRanks.append(count) }
      ranks.append(UInt32(count - blockRanks[blockRanks.count - 1]))
      count += word.nonzeroBitCount
    }
  }

  /// The place of a member among all members.
  /// - Precondition: The set is sealed and contains `node`.
  package func place(of node: NodeID) -> Int {
    let index = Int(node.rawValue >> 6)
    let bit = node.rawValue & 63
    precondition(words[index] >> bit & 1 == 1, "node \(node) is not in the set")
    let before = words[index] & ((1 << bit) - 1)
    return blockRanks[index / Self.blockWords] + Int(ranks[index]) + before.nonzeroBitCount
  }

  /// The members with places in `places`, ascending.
  /// - Complexity: O(log words) to find the first, then O(members).
  package func members(_ places: Range<Int>) -> [NodeID] {
    guard !places.isEmpty else { return [] }
    var lower = 0
    var upper = words.count
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if rank(ofWord: middle) <= places.lowerBound { lower = middle } else { upper = middle }
    }
    var result: [NodeID] = []
    result.reserveCapacity(places.count)
    var place = rank(ofWord: lower)
    var index = lower
    while result.count < places.count {
      var rest = words[index]
      while rest != 0, result.count < places.count {
        if place >= places.lowerBound {
          result.append(NodeID(UInt64(index) << 6 | UInt64(rest.trailingZeroBitCount)))
        }
        place += 1
        rest &= rest - 1
      }
      index += 1
    }
    return result
  }

  private func rank(ofWord index: Int) -> Int {
    blockRanks[index / Self.blockWords] + Int(ranks[index])
  }
}
