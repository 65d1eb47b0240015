import MerestoneCore

/// Picks the edges of the largest weight; among equal weights the earlier ones. No draws are made.
///
/// Weights may be negative and infinite here. They are compared as doubles, so that integers past
/// 2^53 that round alike count as equal. What was kept of long lists is remembered, up to a fixed
/// number of edges, since it is the same every time.
struct TopPick: NeighborPick {
  private let column: EdgeColumn
  private var best = BestPositions<Double>()
  private var positions: [Int] = []
  private var known: [KnownList: [EdgeID]] = [:]
  private var knownEdges = 0

  private struct KnownList: Hashable {
    let start: UInt64
    let fanout: Int
  }

  // Lists from this length on are remembered, and as many of their edges.
  private static let longList: UInt64 = 512
  private static let knownLimit = 1 << 18

  init(column: EdgeColumn) { self.column = column }

  /// - Complexity: O(list) per destination; O(*k*) for a long list that is remembered.
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout PickedEdges
  ) throws(SamplingError) {
    precondition(
      reader.topology === column.topology, "a column of another topology than the sampler's")
    for place in nodes.indices {
      let list = lists[place]
      if list.count >= Self.longList, fanout > 0 {
        let key = KnownList(start: list.start, fanout: fanout)
        if let edges = known[key] {
          picked.edges.append(contentsOf: edges)
        } else {
          let before = picked.edges.count
          try pick(from: list, nodes[place], fanout, into: &picked.edges)
          if knownEdges < Self.knownLimit {
            known[key] = Array(picked.edges[before...])
            knownEdges += picked.edges.count - before
          }
        }
      } else if list.count > 0, fanout != 0 {
        try pick(from: list, nodes[place], fanout, into: &picked.edges)
      }
      picked.indptr.append(picked.edges.count)
    }
    try column.checkIntact()
  }

  private mutating func pick(
    from list: EdgeList, _ node: NodeID, _ fanout: Int, into edges: inout [EdgeID]
  ) throws(SamplingError) {
    var offering = Offering(
      column: column, list: list, node: node, fanout: fanout == -1 ? Int(list.count) : fanout,
      best: best)
    best = BestPositions()
    defer { best = offering.best }
    try column.element.with(&offering)
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
