import MerestoneCore
import MerestonePartition

/// Self-loops, duplicates, missing reverses: what is counted, dropped and added.
struct EdgePolicies {
  let columns: [NamedColumn]
  let options: PreprocessOptions
  let pool: ThreadPool
  let cancellation: Cancellation

  /// The columns that tell equal edges apart: all but split.
  private let distinguishing: [ColumnData]

  init(
    columns: [NamedColumn], options: PreprocessOptions, pool: ThreadPool,
    cancellation: Cancellation
  ) {
    self.columns = columns
    self.options = options
    self.pool = pool
    self.cancellation = cancellation
    distinguishing = columns.filter { $0.name != "split" }.map(\.data)
  }

  /// Applies all policies: self-loops first, then duplicates, then reverses.
  ///
  /// Duplicates that are kept are counted later, by ``countDuplicates(_:)`` on the sorted edges,
  /// unless edges are grouped here anyway.
  func apply(
    to edges: inout GraphEdges, counts: inout PolicyCounts
  ) throws(PreprocessError) {
    counts.selfLoops = zip(edges.list.sources, edges.list.destinations).count { $0 == $1 }
    if options.selfLoops == .drop, counts.selfLoops > 0 {
      counts.selfLoopsDropped = edges.drop(keepsRows: !columns.isEmpty) { $0 == $1 }
    }
    guard options.isUndirected || options.duplicates == .drop else { return }
    let marks = try marksOfGroups(edges, counts: &counts)
    edges.apply(marks, keepsRows: !columns.isEmpty)
    guard edges.list.count < Int(UInt32.max) else {
      throw .tooManyEdges(count: edges.list.count, limit: Int(UInt32.max))
    }
  }

  /// Groups the edges by their two ends, and each group by its columns.
  ///
  /// With `--undirected`, the edges between two nodes are one group, whichever way they run, and
  /// after it m(u, v) = m(v, u) = the larger of both: the last edges of the more frequent
  /// direction get a reverse each.
  private func marksOfGroups(
    _ edges: GraphEdges, counts: inout PolicyCounts
  ) throws(PreprocessError) -> [UInt8] {
    let list = edges.list
    let bits = SortedEdges.bits(nodeCount: list.nodeCount)
    let isUndirected = options.isUndirected
    var keys = [UInt64](filling: list.count, pool: pool) { tile, part in
      for offset in 0..<part.count {
        let source = UInt64(list.sources[tile.lowerBound &+ offset])
        let destination = UInt64(list.destinations[tile.lowerBound &+ offset])
        part[offset] =
          isUndirected
          ? max(source, destination) &<< bits | min(source, destination)
          : destination &<< bits | source
      }
    }
    var order = [UInt32](filling: list.count, pool: pool) { tile, part in
      for offset in 0..<part.count {
        part[offset] = UInt32(truncatingIfNeeded: tile.lowerBound &+ offset)
      }
    }
    KeySort.sort(&keys, payload: &order, pool: pool, cancellation: cancellation)
    if cancellation.isCancelled { throw .interrupted }

    let lowMask = (1 as UInt64) << bits - 1
    var marks = [UInt8](repeating: 0, count: list.count)
    var lower = 0
    while lower < keys.count {
      let key = keys[lower]
      let isLoop = key >> bits == key & lowMask
      var upper = lower + 1
      while upper < keys.count, keys[upper] == key { upper += 1 }
      if upper - lower == 1 {
        if isUndirected, !isLoop {
          marks[Int(order[lower])] = GraphEdges.Mark.reversed.rawValue
          counts.reversesAdded += 1
        }
      } else if distinguishing.isEmpty {
        settle(order[lower..<upper], isLoop: isLoop, list: list, marks: &marks, counts: &counts)
      } else {
        for group in classes(order[lower..<upper], rows: edges.rows) {
          settle(group[...], isLoop: isLoop, list: list, marks: &marks, counts: &counts)
        }
      }
      lower = upper
    }
    return marks
  }

  /// Marks the edges of one group of equal edges, which are in input order.
  private func settle(
    _ group: ArraySlice<UInt32>, isLoop: Bool, list: EdgeList, marks: inout [UInt8],
    counts: inout PolicyCounts
  ) {
    let isDropping = options.duplicates == .drop
    let mayRunBack = options.isUndirected && !isLoop
    let firstSource = mayRunBack ? list.sources[Int(group[group.startIndex])] : 0
    func runsAhead(_ edge: UInt32) -> Bool {
      !mayRunBack || list.sources[Int(edge)] == firstSource
    }
    // How many edges run in the direction of the first one, and against it.
    var ahead = 0
    var back = 0
    for edge in group {
      let isAhead = runsAhead(edge)
      if (isAhead ? ahead : back) > 0 {
        counts.duplicates += 1
        if isDropping {
          counts.duplicatesDropped += 1
          marks[Int(edge)] = GraphEdges.Mark.dropped.rawValue
          continue
        }
      }
      if isAhead { ahead += 1 } else { back += 1 }
    }
    guard mayRunBack, ahead != back else { return }
    var missing = abs(ahead - back)
    counts.reversesAdded += missing
    for edge in group.reversed() where missing > 0 && marks[Int(edge)] == 0 {
      if runsAhead(edge) == (ahead > back) {
        marks[Int(edge)] = GraphEdges.Mark.reversed.rawValue
        missing -= 1
      }
    }
  }

  /// Splits edges between the same nodes into those with equal columns, each in input order.
  private func classes(_ group: ArraySlice<UInt32>, rows: [UInt32]?) -> [[UInt32]] {
    let sorted = group.sorted { a, b in
      let (left, right) = (row(a, rows), row(b, rows))
      for column in distinguishing {
        let (x, y) = (column.bits(left), column.bits(right))
        if x != y { return x < y }
      }
      return a < b
    }
    var result: [[UInt32]] = []
    for edge in sorted {
      if let last = result.last?.last, equal(row(last, rows), row(edge, rows)) {
        result[result.count - 1].append(edge)
      } else {
        result.append([edge])
      }
    }
    return result
  }

  private func row(_ edge: UInt32, _ rows: [UInt32]?) -> Int { Int(rows?[Int(edge)] ?? edge) }

  private func equal(_ left: Int, _ right: Int) -> Bool {
    distinguishing.allSatisfy { $0.bits(left) == $0.bits(right) }
  }

  /// How many of the sorted edges equal an earlier one.
  func countDuplicates(_ sorted: SortedEdges) -> Int {
    let keys = sorted.keys
    var count = 0
    var lower = 0
    while lower < keys.count {
      var upper = lower + 1
      while upper < keys.count, keys[upper] == keys[lower] { upper += 1 }
      if upper - lower > 1 {
        if distinguishing.isEmpty {
          count += upper - lower - 1
        } else {
          let group = sorted.rows[lower..<upper]
          count += group.count - classes(group, rows: nil).count
        }
      }
      lower = upper
    }
    return count
  }
}
