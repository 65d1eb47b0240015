import MerestoneCore
import Synchronization

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
    inDegrees = [UInt32](inHugePages: 0, count: count)
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

  /// Sets degrees part by part, on all threads; each node's once at most.
  mutating func fill(parts: Int, pool: ThreadPool, _ body: (_ part: Int, inout Target) -> Void) {
    let sums = Mutex((nodes: 0, edges: 0, large: [Int: UInt64]()))
    let hasTotals = !totals.isEmpty
    inDegrees.withScatterTarget { inDegrees in
      totals.withScatterTarget { totals in
        pool.forEach(parts) { part in
          var target = Target(inDegrees: inDegrees, totals: hasTotals ? totals : nil)
          body(part, &target)
          sums.withLock {
            $0.nodes += target.nodes
            $0.edges += target.edges
            $0.large.merge(target.large) { $1 }
          }
        }
      }
    }
    sums.withLock {
      isolated -= $0.nodes
      edgeCount += $0.edges
      large.merge($0.large) { $1 }
    }
  }

  /// Takes the degrees of one part of the nodes.
  struct Target {
    fileprivate let inDegrees: ScatterTarget
    fileprivate let totals: ScatterTarget?
    fileprivate var nodes = 0
    fileprivate var edges = 0
    fileprivate var large: [Int: UInt64] = [:]

    /// - Precondition: The node's degrees were not set before, and are not both zero.
    mutating func set(_ node: Int, incoming: UInt64, outgoing: UInt64) {
      inDegrees.set(node, to: UInt32(clamping: incoming))
      if let totals { totals.set(node, to: UInt32(clamping: incoming + outgoing)) }
      if incoming >= UInt64(UInt32.max) { large[node] = incoming }
      nodes += 1
      edges += Int(incoming)
    }
  }

  /// Edges into a node, however many.
  @inline(__always) func inDegree(of node: Int) -> UInt64 {
    let degree = inDegrees[node]
    return degree == .max ? large[node] ?? UInt64(degree) : UInt64(degree)
  }

  /// Frees what only partitioners need.
  mutating func dropTotals() { totals = [] }
}
