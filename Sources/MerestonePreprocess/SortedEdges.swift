import MerestoneCore
import MerestonePartition

/// All edges under global ids in the order of the store: by destination, then source, then
/// relation, then input order.
struct SortedEdges {
  /// `destination << lowBits | source`, ascending.
  let keys: [UInt64]
  let lowBits: UInt64
  /// The input row of each edge; empty where no column rides along.
  let rows: [UInt32]

  /// The bits that hold an id of `0..<nodeCount`.
  static func bits(nodeCount: Int) -> UInt64 {
    UInt64(UInt64.bitWidth - UInt64(max(nodeCount, 1)).leadingZeroBitCount)
  }

  /// - Parameter relation: The code of each input row's relation, where edges have one.
  init(
    _ edges: consuming GraphEdges, globals: [UInt32], hasColumns: Bool, relation: ColumnData?,
    pool: ThreadPool, cancellation: Cancellation
  ) throws(PreprocessError) {
    let edges = edges
    let list = edges.list
    let bits = Self.bits(nodeCount: globals.count)
    // The sort is stable, so edges that come in the order of their relations stay in it.
    let feed = relation.map { Self.order(edges, by: $0) }
    var keys = [UInt64](filling: list.count, pool: pool) { tile, part in
      for offset in 0..<part.count {
        let position = tile.lowerBound &+ offset
        let edge = feed.map { Int($0[position]) } ?? position
        let destination = UInt64(globals[Int(list.destinations[edge])])
        part[offset] = destination &<< bits | UInt64(globals[Int(list.sources[edge])])
      }
    }
    var rows: [UInt32] = []
    if hasColumns {
      rows = [UInt32](filling: list.count, pool: pool) { tile, part in
        for offset in 0..<part.count {
          let position = tile.lowerBound &+ offset
          let edge = feed.map { Int($0[position]) } ?? position
          part[offset] = edges.rows?[edge] ?? UInt32(truncatingIfNeeded: edge)
        }
      }
    }
    if cancellation.isCancelled { throw .interrupted }
    KeySort.sort(&keys, payload: &rows, pool: pool, cancellation: cancellation)
    if cancellation.isCancelled { throw .interrupted }
    self.keys = keys
    self.rows = rows
    lowBits = bits
  }

  /// The edges by relation code, those of one relation in input order.
  private static func order(_ edges: GraphEdges, by relation: ColumnData) -> [UInt32] {
    let count = edges.list.count
    guard case .categories(let codes, let words) = relation else {
      return (0..<UInt32(count)).map { $0 }
    }
    var places = [Int](repeating: 0, count: words.count + 1)
    func code(_ edge: Int) -> Int { Int(codes[Int(edges.rows?[edge] ?? UInt32(edge))]) }
    for edge in 0..<count { places[code(edge) + 1] += 1 }
    for code in 0..<words.count { places[code + 1] += places[code] }
    var order = [UInt32](repeating: 0, count: count)
    for edge in 0..<count {
      let code = code(edge)
      order[places[code]] = UInt32(edge)
      places[code] += 1
    }
    return order
  }
}
