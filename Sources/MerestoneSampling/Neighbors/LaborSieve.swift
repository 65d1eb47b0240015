internal import CMerestoneKernels
import MerestoneCore

/// Which sources may have a number as small as a list of LABOR-0 asks for, in one hop.
///
/// A hop of LABOR-0 looks at every in-edge of its destinations and keeps few of them. Where those
/// edges are many times the nodes, sources recur: it is faster to compute each node's number once, and
/// to keep one bit of it for each power of two. For small numbers a bit stands for several nodes, few
/// of which are as small: what long lists ask for fits into the first cache.
///
/// In a graph in degree order most sources are among the first nodes; the sieve is of as many as pay,
/// and the numbers of the others are computed edge by edge.
struct LaborSieve {
  private let budget: ByteCount
  private var words: [UInt32] = []
  private var nodeCount = 0

  // What an edge costs that is looked up, where the number of a node in a row costs 1, and what one costs
  // whose number is computed on its own.
  private static let lookup = mrs_has_avx512() != 0 ? 1.5 : 2.7
  private static let number = 3.75

  // Parts of the nodes that a sieve may end after.
  private static let parts = 64

  /// - Parameter budget: What a sampler's table over nodes, of four bytes each, may take. A sieve takes
  ///   about a fifth of one, and none is made for a graph that is too large for such a table.
  init(budget: ByteCount) {
    self.budget = budget
  }

  /// Whether a list is looked up: of others, too many edges are left, so that all are computed at once.
  static func sifts(_ list: EdgeList, fanout: Int) -> Bool { list.count / 4 >= UInt64(fanout) }

  /// Whether a hop might have a sieve.
  ///
  /// - Parameter scanned: The edges of the lists that are looked up.
  func mayPay(nodeCount: Int, scanned: UInt64) -> Bool {
    nodeCount <= budget.bytes / MemoryLayout<UInt32>.size
      && scanned >= UInt64(nodeCount / Self.parts)
  }

  /// Of how many of the first nodes a sieve should be, 0 for none, and what it and the edges then cost.
  typealias Plan = (nodes: Int, cost: Double)

  /// What costs the least.
  ///
  /// - Parameters:
  ///   - nodeCount: Of the sources' type, at most 2^32.
  ///   - scanned: The edges of the lists that are looked up.
  ///   - sample: Sources of some of them; where it is empty, all are taken to be equally frequent.
  func plan(nodeCount: Int, scanned: UInt64, sample: [UInt32]) -> Plan {
    mayPay(nodeCount: nodeCount, scanned: scanned)
      ? Self.cheapest(nodeCount: nodeCount, scanned: scanned, sample: sample)
      : (0, Double(scanned) * Self.number)
  }

  /// Makes the sieve of a hop, where one is planned.
  /// - Complexity: O(nodes).
  mutating func prepare(_ plan: Plan, draws: RandomDraws) {
    nodeCount = plan.nodes
    guard plan.nodes > 0 else { return }
    let needed = mrs_labor_sieve_words(plan.nodes)
    if words.count < needed { words = [UInt32](inHugePages: 0, count: needed) }
    unsafe words.withUnsafeMutableBufferPointer { words in
      // SAFETY: a sieve of this many nodes has at most this many words.
      unsafe mrs_labor_sift(plan.nodes, draws.key.x, draws.key.y, words.baseAddress)
    }
  }

  /// ``plan(nodeCount:scanned:sample:)`` where a sieve might pay.
  static func cheapest(nodeCount: Int, scanned: UInt64, sample: [UInt32]) -> Plan {
    var frequencies = [Double](repeating: sample.isEmpty ? 1 : 0, count: parts)
    for source in sample { frequencies[Int(source) * parts / nodeCount] += 1 }
    var rest = 1.0
    var best = (nodes: 0, cost: Double(scanned) * number)
    for part in 0..<parts {
      rest -= frequencies[part] / Double(sample.isEmpty ? parts : sample.count)
      let count = (nodeCount * (part + 1) + parts - 1) / parts
      let cost = Double(count) + Double(scanned) * (lookup + max(0, rest) * number)
      if cost < best.cost { best = (count, cost) }
    }
    return best
  }

  /// Finds the edges of a range whose source's number is below a limit.
  ///
  /// - Parameters:
  ///   - sources: Those of the edges.
  ///   - limit: From 1 to 2^32.
  ///   - sifts: Whether the sieve is asked.
  ///   - kept: Receives the edges from `place` on; has room for one more than there are.
  /// - Returns: How many they are.
  /// - Precondition: `draws` are those of the hop.
  @unsafe func keep(
    _ sources: UnsafePointer<UInt32>, of range: Range<UInt64>, below limit: UInt64,
    draws: RandomDraws, sifts: Bool, into kept: inout [EdgeID], at place: Int
  ) -> Int {
    precondition(place + range.count < kept.count)
    return unsafe words.withUnsafeBufferPointer { words in
      unsafe kept.withUnsafeMutableBufferPointer { kept in
        // SAFETY: an edge id is one word; there is room for one more than a range.
        let edges = unsafe UnsafeMutableRawPointer(kept.baseAddress! + place)
          .assumingMemoryBound(to: UInt64.self)
        // SAFETY: the sieve has all its nodes.
        return unsafe mrs_labor_keep_sieved(
          sources, range.lowerBound, range.count, limit, draws.key.x, draws.key.y,
          sifts ? nodeCount : 0,
          words.baseAddress, edges)
      }
    }
  }
}
