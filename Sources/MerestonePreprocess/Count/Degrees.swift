import MerestoneCore

/// How many edges every node has, by node number. Counts of 2^32 and more are kept on the side.
struct Degrees: Sendable {
  /// Edges into each node, at most 2^32 - 1. Shape `[count]`.
  private(set) var inDegrees: [UInt32]
  /// Edges into and out of each node, at most 2^32 - 1; empty where nobody needs them.
  private(set) var totals: [UInt32]
  /// Nodes without any edge.
  private(set) var isolated: Int
  private(set) var edgeCount = 0
  private(set) var large: [Int: UInt64] = [:]

  init(count: Int, keepsTotals: Bool) {
    inDegrees = [UInt32](repeating: 0, count: count)
    totals = keepsTotals ? [UInt32](inHugePages: 0, count: count) : []
    isolated = count
  }

  init(
    inDegrees: [UInt32], totals: [UInt32], isolated: Int, edgeCount: Int, large: [Int: UInt64]
  ) {
    self.inDegrees = inDegrees
    self.totals = totals
    self.isolated = isolated
    self.edgeCount = edgeCount
    self.large = large
  }

  var count: Int { inDegrees.count }

  /// - Precondition: The node's degrees were not set before, and are not both zero.
  mutating func set(_ node: Int, incoming: UInt64, outgoing: UInt64) {
    inDegrees[node] = UInt32(clamping: incoming)
    if !totals.isEmpty { totals[node] = UInt32(clamping: incoming + outgoing) }
    if incoming >= UInt64(UInt32.max) { large[node] = incoming }
    isolated -= 1
    edgeCount += Int(incoming)
  }

  /// Edges into a node, however many.
  @inline(__always) func inDegree(of node: Int) -> UInt64 {
    let degree = inDegrees[node]
    return degree == .max ? large[node] ?? UInt64(degree) : UInt64(degree)
  }

  /// Frees what only partitioners need.
  mutating func dropTotals() { totals = [] }
}
