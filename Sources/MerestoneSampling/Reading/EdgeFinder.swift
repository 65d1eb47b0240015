package import MerestoneCore
import MerestoneStorage

/// Finds edges by their ends: an exact test whether an edge exists.
///
/// In-edges are sorted by source, so the edges from one source are consecutive and a binary search
/// finds them. A finder belongs to one thread.
package struct EdgeFinder {
  private let topology: Topology
  private var reader: InEdgeReader
  private var cursor: PageCursor<UInt64>
  private var order: [Int] = []
  private var lists: [EdgeList] = []
  private var allowed: [EdgeID] = []

  package init(_ topology: Topology) {
    self.topology = topology
    reader = InEdgeReader(topology)
    cursor = PageCursor(topology)
  }

  /// Finds the edges `sources[i] -> destinations[i]`, whatever the edge set.
  ///
  /// - Parameter found: Receives the consecutive edges of every pair, in order; count 0 where there
  ///   is none. Shape `[n]`.
  /// - Precondition: Every destination exists; there are as many sources.
  /// - Complexity: O(log in-degree) reads a pair; page by page, pairs are visited in the order of
  ///   their lists, and a list inside one page costs one decoded page or none.
  package mutating func find(
    _ sources: [NodeID], _ destinations: [NodeID], into found: inout [EdgeList]
  ) throws(SamplingError) {
    try reader.readLists(of: destinations, into: &lists)
    found.removeAll(keepingCapacity: true)
    if let flat = topology.flat {
      for place in destinations.indices {
        found.append(
          Self.run(of: sources[place].rawValue, in: lists[place]) { flat.source(of: $0) })
      }
      return
    }
    order.removeAll(keepingCapacity: true)
    for place in destinations.indices {
      found.append(EdgeList(start: 0, count: 0))
      order.append(place)
    }
    let lists = self.lists
    order.sort { (lists[$0].start, $0) < (lists[$1].start, $1) }
    for place in order {
      found[place] = try Self.run(of: sources[place].rawValue, in: lists[place]) {
        edge throws(SamplingError) in try cursor.source(of: edge)
      }
    }
  }

  /// Whether the edge set contains an edge `sources[i] -> destinations[i]`. Shape `[n]`.
  ///
  /// - Precondition, complexity: as ``find(_:_:into:)``, and the splits of the edges found.
  package mutating func contains(
    _ sources: [NodeID], _ destinations: [NodeID]
  ) throws(SamplingError) -> [Bool] {
    var found: [EdgeList] = []
    try find(sources, destinations, into: &found)
    guard topology.isFiltered else { return found.map { $0.count > 0 } }
    var answers: [Bool] = []
    answers.reserveCapacity(found.count)
    for run in found {
      try reader.readAllowed(of: run, into: &allowed)
      answers.append(!allowed.isEmpty)
    }
    return answers
  }

  /// The part of a sorted list that equals `target`: a binary search for where it begins, then
  /// steps that double for where it ends.
  @inline(__always) private static func run<E: Error>(
    of target: UInt64, in list: EdgeList, source: (UInt64) throws(E) -> UInt64
  ) throws(E) -> EdgeList {
    let end = list.start &+ list.count
    let start = try partition(list.start, end) { edge throws(E) in
      try source(edge) < target
    }
    guard start < end, try source(start) == target else {
      return EdgeList(start: start, count: 0)
    }
    var last = start
    var step: UInt64 = 1
    while end &- last > step, try source(last &+ step) == target {
      last &+= step
      step &*= 2
    }
    let limit = end &- last > step ? last &+ step : end
    let stop = try partition(last &+ 1, limit) { edge throws(E) in
      try source(edge) == target
    }
    return EdgeList(start: start, count: stop &- start)
  }

  /// The first place of `lower..<upper` where `isBefore` does not hold.
  @inline(__always) private static func partition<E: Error>(
    _ lower: UInt64, _ upper: UInt64, _ isBefore: (UInt64) throws(E) -> Bool
  ) throws(E) -> UInt64 {
    var lower = lower
    var upper = upper
    while lower < upper {
      let middle = lower &+ (upper &- lower) / 2
      if try isBefore(middle) { lower = middle &+ 1 } else { upper = middle }
    }
    return lower
  }
}

extension FlatTopology {
  /// The source of one edge.
  @inline(__always) func source(of edge: UInt64) -> UInt64 {
    precondition(edge < UInt64(unsafe low.count), "edge \(edge) is out of range")
    // SAFETY: checked above; where there are high parts, there is one per edge.
    var source = unsafe UInt64(low[Int(edge)])
    if unsafe !high.isEmpty { source |= unsafe UInt64(high[Int(edge)]) &<< 32 }
    return source
  }
}
