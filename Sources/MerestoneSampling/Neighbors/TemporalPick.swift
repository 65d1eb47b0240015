internal import CMerestoneKernels
import MerestoneCore
import MerestoneStorage

/// Picks among the edges that are not later than the time as of which their destination is seen:
/// uniformly without replacement, or the most recent ones.
///
/// The edges in question are those from some place on in the list's ``EdgeOrder``: the latest first,
/// among equal times the earlier in the list. The most recent are the first of them;
/// ``PositionPicker`` picks among them by their places in that order. The draws' entity is the pair
/// of node and time: the time names a family of draws of its own in the hop, whose entity is the
/// node.
struct TemporalPick: NeighborPick {
  private let order: EdgeOrder
  private let isRecent: Bool
  private var search = TimeSearch()
  private var sorter = PositionSorter()
  private var best = BestPositions<Int64>()
  private var edges = TimedEdges()
  private var window: [UInt64] = []

  // Lists that are searched at once, fewer where many places are drawn of each.
  private static let width = 32
  private static let windowSize = 4096

  init(order: EdgeOrder, isRecent: Bool) {
    self.order = order
    self.isRecent = isRecent
  }

  /// - Complexity: O(log list + *k*) reads and O(*k*^2) moves per destination where the order is
  ///   kept or stored, else O(list).
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout HopEdges
  ) throws(SamplingError) {
    precondition(
      reader.topology === order.edges.topology, "a column of another topology than the sampler's")
    picked.clear()
    guard fanout != 0 else {
      picked.indptr.resize(to: nodes.count + 1, filling: 0)
      return
    }
    if order.isKept || order.isStored {
      try pickByOrder(nodes, times, lists, fanout, TimedDraws(draws), into: &picked)
    } else {
      try pickByScan(nodes, times, lists, fanout, TimedDraws(draws), into: &picked)
    }
  }

  private mutating func pickByOrder(
    _ nodes: [NodeID], _ times: [Int64], _ lists: [EdgeList], _ fanout: Int, _ draws: TimedDraws,
    into picked: inout HopEdges
  ) throws(SamplingError) {
    var draws = draws
    let limit = fanout == -1 ? Int.max : fanout
    let relation = order.edges.topology.relation
    let longest = order.edges.topology.store.manifest.relations[relation.rawValue].maxInDegree
    let drawn = isRecent || fanout == -1 || fanout >= longest ? 0 : fanout
    let width = max(1, min(Self.width, Self.windowSize / max(1, drawn)))
    if window.count < width * drawn { window = [UInt64](repeating: 0, count: width * drawn) }
    var first = 0
    while first < nodes.count {
      let part = first..<min(first + width, nodes.count)
      try search.run(order, lists, times, part)
      // What is drawn or the first places are on their way before any of them is read.
      for place in part {
        let index = place &- first
        let (begin, end) = (search.found[index].first, search.found[index].end)
        // SAFETY: places below `end` are those of the list's edges.
        guard end > begin, let positions = unsafe search.found[index].positions else { continue }
        guard drawn > 0, end &- begin > drawn else {
          unsafe mrs_prefetch(positions + begin)
          continue
        }
        let timed = draws.asOf(times[place])
        unsafe window.withUnsafeMutableBufferPointer { window in
          // SAFETY: there is room for `drawn` places of each list of a part.
          let ranks = unsafe window.baseAddress! + index &* drawn
          unsafe PositionPicker.pick(
            drawn, of: UInt64(end &- begin), entity: nodes[place].rawValue, draws: timed,
            into: ranks)
          for rank in 0..<drawn { unsafe mrs_prefetch(positions + begin + Int(ranks[rank])) }
        }
      }
      for place in part {
        let index = place &- first
        let (begin, end) = (search.found[index].first, search.found[index].end)
        // SAFETY: as above.
        if end > begin, let positions = unsafe search.found[index].positions {
          let edgesBefore = picked.edges.count
          if drawn > 0, end &- begin > drawn {
            let ranks = index &* drawn
            sorter.append(to: &picked.edges, of: lists[place], count: drawn) {
              unsafe positions[begin &+ Int(window[ranks &+ $0])]
            }
          } else {
            sorter.append(to: &picked.edges, of: lists[place], count: min(limit, end &- begin)) {
              unsafe positions[begin &+ $0]
            }
          }
          // The last one is the largest; a damaged file may hold any.
          if !order.isKept, picked.edges.count > edgesBefore,
            picked.edges[picked.edges.count - 1].rawValue >= lists[place].range.upperBound
          {
            let bad = (begin..<end).first { UInt64(unsafe positions[$0]) >= lists[place].count }
            throw order.edges.badPosition(
              unsafe positions[bad ?? begin], in: lists[place], place: bad ?? begin)
          }
        }
        picked.indptr.append(picked.edges.count)
      }
      first = part.upperBound
    }
    if !order.isKept { try order.edges.checkIntact() }
  }

  private mutating func pickByScan(
    _ nodes: [NodeID], _ times: [Int64], _ lists: [EdgeList], _ fanout: Int, _ draws: TimedDraws,
    into picked: inout HopEdges
  ) throws(SamplingError) {
    var draws = draws
    if window.count < fanout { window = [UInt64](repeating: 0, count: fanout) }
    for place in nodes.indices {
      let list = lists[place]
      if list.count > 0 {
        var reading = Reading(
          column: order.edges, list: list, time: times[place], recent: isRecent ? fanout : -1,
          best: best, edges: edges)
        (best, edges) = (BestPositions(), TimedEdges())
        defer { (best, edges) = (reading.best, reading.edges) }
        try order.edges.element.with(&reading)
        if !isRecent, fanout != -1, reading.edges.count > fanout {
          let timed = draws.asOf(times[place])
          unsafe window.withUnsafeMutableBufferPointer { window in
            // SAFETY: the window has room for `fanout` places.
            unsafe PositionPicker.pick(
              fanout, of: UInt64(reading.edges.count), entity: nodes[place].rawValue,
              draws: timed, into: window.baseAddress!)
          }
          reading.edges.keep(places: window[..<fanout])
        }
        for position in reading.edges.positions {
          picked.edges.append(EdgeID(list.start &+ UInt64(position)))
        }
      }
      picked.indptr.append(picked.edges.count)
    }
    try order.edges.checkIntact()
  }

  /// Reads the times of one list.
  private struct Reading: EdgeValueBody {
    let column: EdgeColumn
    let list: EdgeList
    let time: Int64
    /// The most recent edges to keep; -1 for all.
    let recent: Int
    var best: BestPositions<Int64>
    var edges: TimedEdges

    mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
      edges.removeAll()
      if recent >= 0 { best.reset(keeping: recent) }
      // SAFETY: the list is a node's, and not empty; positions are below its count.
      let values = unsafe try column.values(of: list, as: type)
      for position in 0..<Int(list.count) {
        let edgeTime = unsafe values[position].time
        guard unsafe edgeTime <= time && values.allows(position) else { continue }
        if recent >= 0 {
          best.offer(edgeTime, at: position)
        } else {
          edges.append(edgeTime, at: position)
        }
      }
      if recent >= 0 { edges.collect(best) }
    }
  }
}

/// The draws for nodes that are seen as of a time: keyed by a word of the hop's draws that no node
/// uses.
struct TimedDraws {
  private let draws: RandomDraws
  // Many nodes are seen as of the same time.
  private var last: (time: Int64, draws: RandomDraws)?

  init(_ draws: RandomDraws) { self.draws = draws }

  mutating func asOf(_ time: Int64) -> RandomDraws {
    if let last, last.time == time { return last.draws }
    let words = draws.words(entity: UInt64(bitPattern: time), number: .max)
    let timed = RandomDraws(key: SIMD2(words.x, words.y))
    last = (time, timed)
    return timed
  }
}

/// The edges of one list that are not later than a time.
struct TimedEdges {
  private struct Edge: BitwiseCopyable {
    var time: Int64
    var position: Int

    /// Whether it is before another in the list's ``EdgeOrder``.
    @inline(__always) static func < (left: Self, right: Self) -> Bool {
      left.time == right.time ? left.position < right.position : left.time > right.time
    }
  }

  private var edges: [Edge] = []

  /// Ascending, once all were appended.
  private(set) var positions: [Int] = []

  var count: Int { positions.count }

  mutating func removeAll() {
    edges.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
  }

  mutating func append(_ time: Int64, at position: Int) {
    edges.append(Edge(time: time, position: position))
    positions.append(position)
  }

  /// Takes over the kept positions.
  mutating func collect(_ best: BestPositions<Int64>) { best.collect(into: &positions) }

  /// Leaves only the edges at some places of the order, which are ascending.
  /// - Complexity: O(edges log places) on average.
  mutating func keep(places: ArraySlice<UInt64>) {
    positions.removeAll(keepingCapacity: true)
    select(edges.startIndex..<edges.endIndex, places)
    positions.sort()
  }

  /// Sorts as far as it takes to know which edges are at the places, all of them in the range.
  private mutating func select(_ range: Range<Int>, _ places: ArraySlice<UInt64>) {
    guard !places.isEmpty else { return }
    if range.count == places.count {
      for index in range { positions.append(edges[index].position) }
      return
    }
    let pivot = edges[(range.lowerBound + range.upperBound) / 2]
    var (low, high) = (range.lowerBound, range.upperBound - 1)
    while low <= high {
      while edges[low] < pivot { low += 1 }
      while pivot < edges[high] { high -= 1 }
      guard low <= high else { break }
      edges.swapAt(low, high)
      low += 1
      high -= 1
    }
    // Between the two halves there may be the pivot.
    let first = places.firstIndex { Int($0) > high } ?? places.endIndex
    let last = places.firstIndex { Int($0) >= low } ?? places.endIndex
    if first < last { positions.append(edges[Int(places[first])].position) }
    if high >= range.lowerBound { select(range.lowerBound..<high + 1, places[..<first]) }
    if low < range.upperBound { select(low..<range.upperBound, places[last...]) }
  }
}
