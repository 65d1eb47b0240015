import MerestoneCore

/// Picks among the edges that are not later than the time as of which their destination is seen:
/// uniformly without replacement, or the most recent ones.
///
/// The draws' entity is the pair of node and time: the time names a family of draws of its own in
/// the hop, whose entity is the node. ``PositionPicker`` then picks among the edges that are not
/// later. Most recent means largest time; among equal times the earlier positions are kept.
struct TemporalPick: NeighborPick {
  private let column: EdgeColumn
  private let isRecent: Bool
  private var best = BestPositions<Int64>()
  private var positions: [Int] = []
  private var window: [UInt64] = []

  init(column: EdgeColumn, isRecent: Bool) {
    self.column = column
    self.isRecent = isRecent
  }

  /// - Complexity: O(list) per destination, one pass over its times.
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout PickedEdges
  ) throws(SamplingError) {
    precondition(
      reader.topology === column.topology, "a column of another topology than the sampler's")
    if window.count < fanout { window = [UInt64](repeating: 0, count: fanout) }
    for place in nodes.indices {
      let list = lists[place]
      if list.count > 0, fanout != 0 {
        var reading = Reading(
          column: column, list: list, time: times[place], recent: isRecent ? fanout : -1,
          best: best, positions: positions)
        (best, positions) = (BestPositions(), [])
        defer { (best, positions) = (reading.best, reading.positions) }
        try column.element.with(&reading)
        if fanout == -1 || reading.positions.count <= fanout {
          for position in reading.positions {
            picked.edges.append(EdgeID(list.start &+ UInt64(position)))
          }
        } else {
          let timed = Self.draws(draws, asOf: times[place])
          unsafe window.withUnsafeMutableBufferPointer { window in
            // SAFETY: the window has room for `fanout` positions.
            unsafe PositionPicker.pick(
              fanout, of: UInt64(reading.positions.count), entity: nodes[place].rawValue,
              draws: timed, into: window.baseAddress!)
          }
          for rank in window[..<fanout] {
            picked.edges.append(
              EdgeID(list.start &+ UInt64(reading.positions[Int(rank)])))
          }
        }
      }
      picked.indptr.append(picked.edges.count)
    }
    try column.checkIntact()
  }

  /// The draws for nodes that are seen as of a time: keyed by a word of the hop's draws that no
  /// node uses.
  static func draws(_ draws: RandomDraws, asOf time: Int64) -> RandomDraws {
    let words = draws.words(entity: UInt64(bitPattern: time), number: .max)
    return RandomDraws(key: SIMD2(words.x, words.y))
  }

  /// Reads the times of one list.
  private struct Reading: EdgeValueBody {
    let column: EdgeColumn
    let list: EdgeList
    let time: Int64
    /// The most recent edges to keep; -1 for all.
    let recent: Int
    var best: BestPositions<Int64>
    var positions: [Int]

    mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
      positions.removeAll(keepingCapacity: true)
      if recent >= 0 { best.reset(keeping: recent) }
      // SAFETY: the list is a node's, and not empty; positions are below its count.
      let values = unsafe try column.values(of: list, as: type)
      for position in 0..<Int(list.count) {
        let edgeTime = unsafe values[position].time
        guard unsafe edgeTime <= time && values.allows(position) else { continue }
        if recent >= 0 {
          best.offer(edgeTime, at: position)
        } else {
          positions.append(position)
        }
      }
      if recent >= 0 { best.collect(into: &positions) }
    }
  }
}
