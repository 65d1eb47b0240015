import MerestoneCore

/// Uniform picks with replacement: `k` independent draws from every list that is not empty.
///
/// Draw `i` takes word `i` of the destination, 32 bits wide where the list has at most 65,536
/// edges (bias below 2^-16 of a probability), else 64 bits, as ``PositionPicker`` does.
struct ReplacementPick: NeighborPick {
  private var allowed: [EdgeID] = []
  private var scratch: [UInt32] = []

  /// - Complexity: O(*k* log *k*) per destination; with an edge set also O(list).
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout HopEdges
  ) throws(SamplingError) {
    picked.clear()
    let topology = reader.topology
    if fanout >= 0, !topology.isFiltered, topology.nodeCount <= 1 << 32 {
      picked.pick(
        nodes, lists, fanout: fanout, replaces: true, draws: draws, isWide: false, scratch: &scratch
      )
      return
    }
    picked.indptr.reserveCapacity(nodes.count + 1)
    picked.edges.reserveCapacity(nodes.count * max(0, fanout))
    let isFiltered = topology.isFiltered
    var positions = [UInt64](repeating: 0, count: max(0, fanout))
    for place in nodes.indices {
      let list = lists[place]
      var count = list.count
      if isFiltered {
        try reader.readAllowed(of: list, into: &allowed)
        count = UInt64(allowed.count)
      }
      if fanout == -1 {
        if isFiltered {
          picked.edges.append(contentsOf: allowed)
        } else {
          for edge in list.range { picked.edges.append(EdgeID(edge)) }
        }
      } else if count > 0 {
        Self.draw(from: count, entity: nodes[place].rawValue, draws: draws, into: &positions)
        for position in positions {
          picked.edges.append(
            isFiltered ? allowed[Int(position)] : EdgeID(list.start &+ position))
        }
      }
      picked.indptr.append(picked.edges.count)
    }
  }

  /// Fills `positions` with draws from `0..<count`, ascending.
  private static func draw(
    from count: UInt64, entity: UInt64, draws: RandomDraws, into positions: inout [UInt64]
  ) {
    let k = positions.count
    var i = 0
    var number: UInt32 = 0
    var sorted = positions.mutableSpan
    while i < k {
      if count <= PositionPicker.narrowLimit {
        let words = draws.words(entity: entity, number: number)
        for lane in 0..<min(4, k &- i) {
          insert((UInt64(words[lane]) &* count) &>> 32, into: &sorted, at: i &+ lane)
        }
        i &+= 4
      } else {
        let words = draws.wideWords(entity: entity, number: number)
        for lane in 0..<min(2, k &- i) {
          insert(words[lane].multipliedFullWidth(by: count).high, into: &sorted, at: i &+ lane)
        }
        i &+= 2
      }
      number &+= 1
    }
  }

  /// Puts a number in its place among the first `count` ascending ones.
  @inline(__always)
  private static func insert(
    _ number: UInt64, into sorted: inout MutableSpan<UInt64>, at count: Int
  ) {
    var place = count
    while place > 0, sorted[place &- 1] > number {
      sorted[place] = sorted[place &- 1]
      place &-= 1
    }
    sorted[place] = number
  }
}
