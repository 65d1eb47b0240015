internal import CMerestoneKernels
import MerestoneCore

/// Picks the edges of the largest weight; among equal weights the earlier ones. No draws are made.
///
/// Weights may be negative and infinite here. They are compared as doubles, so that integers past
/// 2^53 that round alike count as equal.
struct TopPick: NeighborPick {
  private let order: EdgeOrder
  private var best = BestPositions<Double>()
  private var positions: [Int] = []
  private var sorter = PositionSorter()

  init(order: EdgeOrder) { self.order = order }

  /// - Complexity: O(*k*) reads and O(*k*^2) moves per destination where the order is kept, else
  ///   O(list).
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout HopEdges
  ) throws(SamplingError) {
    precondition(
      reader.topology === order.edges.topology, "a column of another topology than the sampler's")
    picked.clear()
    if order.isKept {
      pickByOrder(nodes.count, lists, fanout, into: &picked)
      return
    }
    for place in nodes.indices {
      if lists[place].count > 0, fanout != 0 {
        try pick(from: lists[place], nodes[place], fanout, into: &picked.edges)
      }
      picked.indptr.append(picked.edges.count)
    }
    try order.edges.checkIntact()
  }

  private mutating func pickByOrder(
    _ count: Int, _ lists: [EdgeList], _ fanout: Int, into picked: inout HopEdges
  ) {
    let limit = fanout == -1 ? Int.max : fanout
    let ahead = 16
    for place in 0..<count {
      if place + ahead < count {
        // SAFETY: nothing is read.
        unsafe mrs_prefetch(order.positions(of: lists[place + ahead]))
      }
      let list = lists[place]
      let kept = min(limit, order.allowedCount(of: list))
      if kept > 0 {
        // SAFETY: the list has at least so many edges, and the order lives as long as this value.
        let positions = unsafe order.positions(of: list)
        sorter.append(to: &picked.edges, of: list, count: kept) { unsafe positions[$0] }
      }
      picked.indptr.append(picked.edges.count)
    }
  }

  private mutating func pick(
    from list: EdgeList, _ node: NodeID, _ fanout: Int, into edges: inout [EdgeID]
  ) throws(SamplingError) {
    var offering = Offering(
      column: order.edges, list: list, node: node,
      fanout: fanout == -1 ? Int(list.count) : fanout, best: best)
    best = BestPositions()
    defer { best = offering.best }
    try order.edges.element.with(&offering)
    offering.best.collect(into: &positions)
    for position in positions { edges.append(EdgeID(list.start &+ UInt64(position))) }
  }

  /// Offers the weights of one list.
  private struct Offering: EdgeValueBody {
    let column: EdgeColumn
    let list: EdgeList
    let node: NodeID
    let fanout: Int
    var best: BestPositions<Double>

    mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
      best.reset(keeping: fanout)
      // SAFETY: the list is a node's, and not empty; positions are below its count.
      let values = unsafe try column.values(of: list, as: type)
      for position in 0..<Int(list.count) where unsafe values.allows(position) {
        let weight = unsafe values[position].double
        if weight.isNaN { throw column.badWeight(weight, at: position, of: list, node) }
        best.offer(weight, at: position)
      }
    }
  }
}
