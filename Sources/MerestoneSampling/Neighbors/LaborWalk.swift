internal import CMerestoneKernels
import MerestoneCore

/// Finds what a hop of LABOR-0 keeps of long lists along the out-edges of the sources whose numbers are
/// small enough: see ``LongLists``.
///
/// Every node's number is computed, four by one call of Philox; a list is touched for each edge that it keeps,
/// whatever its length. Lists that the hop does not look at are met as well.
struct LaborWalk {
  let longLists: LongLists

  /// What is kept, list by list in the order of the hop. ``starts`` says where.
  private(set) var edges: [EdgeID] = []

  /// Where the edges of each of the hop's long lists start, and the end of the last.
  private(set) var starts: [Int] = []

  // Below which number each long list keeps an edge, with a bit for those that the hop does not look at.
  private var limits: [UInt32] = []
  // Of the long lists that the hop looks at: which each is, and the other way round.
  private var looked: [Int] = []
  private var slots: [UInt32] = []
  private var rows: [Row] = []
  private var found: [UInt64] = []

  // What a candidate costs, and an entry that is met, where the number of a node in a row costs 1.
  private static let candidate = 60.0
  private static let entry = 5.0

  init(_ longLists: LongLists) {
    self.longLists = longLists
  }

  func isLong(_ list: EdgeList) -> Bool { list.count >= longLists.shortest }

  /// What a hop costs; infinite where it cannot be walked.
  func cost(fanout: Int) -> Double {
    let share = Double(fanout) / Double(longLists.shortest)
    guard share < 0.5 else { return .infinity }
    return Double(longLists.sourceCount) * (1 + share * Self.candidate)
      + Double(longLists.lists.count) * Double(fanout) * Self.entry
  }

  /// Finds what is kept of the long ones of some lists.
  ///
  /// - Parameters:
  ///   - nodes: Distinct. Shape `[d]`.
  ///   - lists: Those of the nodes. Shape `[d]`.
  ///   - fanout: Less than half of ``LongLists/shortest``.
  /// - Complexity: O(nodes of the graph + long lists * *fanout*).
  mutating func find(
    _ nodes: [NodeID], _ lists: ArraySlice<EdgeList>, fanout: Int, draws: RandomDraws
  ) {
    if rows.isEmpty { rows = Array(repeating: Row(), count: 3) }
    let all = longLists.lists
    limits.resize(to: all.count, filling: 0)
    slots.resize(to: all.count, filling: 0)
    for (index, list) in all.enumerated() {
      limits[index] = UInt32(LaborNumber.limit(fanout, of: list.count)) | MRS_LIST_IS_ABSENT
    }
    looked.removeAll(keepingCapacity: true)
    for (node, list) in zip(nodes, lists) where isLong(list) {
      let index = longLists.index(of: node)
      limits[index] &= ~MRS_LIST_IS_ABSENT
      slots[index] = UInt32(looked.count)
      looked.append(index)
    }
    let limit = LaborNumber.limit(fanout, of: longLists.shortest)
    settle(walk(below: UInt32(limit), draws))
  }

  /// Fills `found` with what is kept, by ascending source; returns how many.
  private mutating func walk(below limit: UInt32, _ draws: RandomDraws) -> Int {
    let limits = limits
    let rowCount = (longLists.sourceCount + Row.length - 1) / Row.length
    var count = 0
    unsafe limits.withUnsafeBufferPointer { limits in
      // SAFETY: all of them live until the last row was walked.
      var edges = unsafe mrs_out_edges(
        offsets: longLists.offsets.address, entries: longLists.entries.address,
        limits: limits.baseAddress)
      // A row's candidates ask for their offsets, in the next turn for their out-edges, which are there in the
      // turn after that.
      for turn in 0..<rowCount + 2 {
        let first = turn * Row.length
        let nodes = first..<max(first, min(first + Row.length, longLists.sourceCount))
        unsafe rows[turn % 3].findCandidates(of: nodes, below: limit, draws, &edges)
        unsafe rows[(turn + 2) % 3].fetch(&edges)
        unsafe rows[(turn + 1) % 3].walk(&edges, into: &found, behind: &count)
      }
      for row in rows.indices { rows[row].clear() }
    }
    return count
  }

  /// Sorts what was found by list, in the order of the hop; it stays in the order of sources.
  private mutating func settle(_ count: Int) {
    starts.resize(to: looked.count + 1, filling: 0)
    edges.resize(to: count, filling: EdgeID(0))
    Self.settle(found[..<count], longLists.lists, looked, slots, into: &starts, &edges)
  }

  private static func settle(
    _ found: ArraySlice<UInt64>, _ lists: [EdgeList], _ looked: [Int], _ slots: [UInt32],
    into starts: inout [Int], _ edges: inout [EdgeID]
  ) {
    // Element s + 1 counts the edges of list s, is then where the next of them goes, and in the end where
    // those of the next list start.
    var starts = starts.mutableSpan
    var edges = edges.mutableSpan
    for slot in starts.indices { starts[slot] = 0 }
    for entry in found {
      let slot = Int(slots[Int(UInt32(truncatingIfNeeded: entry))])
      starts[slot + 1] += 1
    }
    var sum = 0
    for slot in looked.indices { (starts[slot + 1], sum) = (sum, sum + starts[slot + 1]) }
    for entry in found {
      let slot = Int(slots[Int(UInt32(truncatingIfNeeded: entry))])
      edges[starts[slot + 1]] = EdgeID(lists[looked[slot]].start + entry >> 32)
      starts[slot + 1] += 1
    }
  }

  /// Some nodes in a row, and those of them whose numbers are small enough for some long list.
  private struct Row {
    static let length = 1 << 13

    private var nodes = [UInt32](repeating: 0, count: length)
    private var numbers = [UInt32](repeating: 0, count: length)
    private var count = 0

    mutating func clear() { count = 0 }

    /// - Precondition: `range` starts at a multiple of ``length`` and has at most so many nodes.
    @unsafe mutating func findCandidates(
      of range: Range<Int>, below limit: UInt32, _ draws: RandomDraws, _ edges: inout mrs_out_edges
    ) {
      precondition(range.count <= Self.length)
      count = unsafe nodes.withUnsafeMutableBufferPointer { nodes in
        unsafe numbers.withUnsafeMutableBufferPointer { numbers in
          // SAFETY: there is room for a row.
          unsafe mrs_labor_candidates(
            UInt64(range.lowerBound), range.count, limit, draws.key.x, draws.key.y, edges.offsets,
            nodes.baseAddress, numbers.baseAddress)
        }
      }
    }

    @unsafe func fetch(_ edges: inout mrs_out_edges) {
      // SAFETY: the candidates are sources.
      unsafe mrs_labor_fetch(&edges, nodes, count)
    }

    /// Writes what the candidates keep behind the first `end` elements of `found`, which grows where it is
    /// too short.
    @unsafe func walk(
      _ edges: inout mrs_out_edges, into found: inout [UInt64], behind end: inout Int
    ) {
      var place = mrs_walk_place()
      while place.candidate < count {
        if found.count - end < 1 << 10 {
          found.resize(to: 2 * found.count + 1 << 12, filling: 0)
        }
        end += unsafe found.withUnsafeMutableBufferPointer { found in
          // SAFETY: the candidates are sources; every entry is of a list that has a limit.
          unsafe mrs_labor_walk(
            &edges, nodes, numbers, count, &place, found.baseAddress! + end, found.count - end)
        }
      }
    }
  }
}
