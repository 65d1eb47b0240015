internal import CMerestoneKernels
import MerestoneCore

/// What most draws from long lists read, a cache line each: see ``EdgeWeights``.
///
/// A list of more than 8 edges is cut into a cell for every six, each an equal part of its total. The
/// cell's line has the first ten edges whose sums are in it or later: where in the cell, in 65,536ths,
/// and their sources. A draw whose 65,536th equals an edge's, or that is behind all ten, asks the sums
/// themselves, so that lines change no sample.
final class DrawLines: Sendable {
  /// Sixteen words a line, as `mrs_draw_line` has them.
  let words: SharedTable<UInt32>

  /// By node; those of short lists are not read.
  let lists: SharedTable<mrs_lined_list>

  /// In bytes.
  var byteCount: Int {
    words.count * MemoryLayout<UInt32>.size
      + lists.count * MemoryLayout<mrs_lined_list>.stride
  }

  private static let lineWords = MemoryLayout<mrs_draw_line>.size / MemoryLayout<UInt32>.size
  private static let endWords = 1
  private static let sourceWords = 6

  /// - Parameters:
  ///   - guided: The sums of all edges.
  ///   - memory: What the lines may take, in bytes.
  /// - Returns: `nil` where memory does not hold them, or no list is long.
  /// - Complexity: O(edges) on all threads.
  static func make(
    _ guided: SharedTable<mrs_guided_edge>, of edges: EdgeColumn, memory: Int, pool: ThreadPool,
    cancellation: Cancellation
  ) throws(SamplingError) -> DrawLines? {
    let listBytes = edges.topology.nodeCount * MemoryLayout<mrs_lined_list>.stride
    guard listBytes <= memory else { return nil }
    // Where the lines of each tile's lists begin.
    var firsts = [Int](repeating: 0, count: edges.tileCount)
    try firsts.withSharedBuffer { firsts throws(SamplingError) in
      try edges.forEachTile(pool, cancellation) { tile, nodes throws(SamplingError) in
        let count = try Self.longLists(of: nodes, edges).reduce(0) { $0 + Self.cells(of: $1.list) }
        firsts.withPart(tile..<tile + 1) { $0[0] = count }
      }
    }
    var count = 0
    for tile in firsts.indices { (firsts[tile], count) = (count, count + firsts[tile]) }
    guard count > 0, listBytes + count * MemoryLayout<mrs_draw_line>.size <= memory else {
      return nil
    }
    return try DrawLines(
      guided, of: edges, firsts: firsts, count: count, pool: pool, cancellation: cancellation)
  }

  private init(
    _ guided: SharedTable<mrs_guided_edge>, of edges: EdgeColumn, firsts: [Int], count: Int,
    pool: ThreadPool, cancellation: Cancellation
  ) throws(SamplingError) {
    var words: SharedTable<UInt32>?
    lists = try SharedTable(
      count: edges.topology.nodeCount, zero: mrs_lined_list()
    ) { lists throws(SamplingError) in
      words = try SharedTable(count: count * Self.lineWords, zero: 0) {
        words throws(SamplingError) in
        try edges.forEachTile(pool, cancellation) { tile, nodes throws(SamplingError) in
          var first = firsts[tile]
          for (node, list) in try Self.longLists(of: nodes, edges) {
            let cells = Self.cells(of: list)
            let lines = first * Self.lineWords..<(first + cells) * Self.lineWords
            let total = words.withPart(lines) { Self.fill(&$0, cells: cells, guided, list) }
            lists.withPart(node..<node + 1) {
              $0[0] = mrs_lined_list(total: total, first: UInt64(first))
            }
            first += cells
          }
        }
      }
    }
    self.words = words!
  }

  private static func longLists(
    of nodes: Range<Int>, _ edges: EdgeColumn
  ) throws(SamplingError) -> [(node: Int, list: EdgeList)] {
    var reader = InEdgeReader(edges.topology)
    var lists: [EdgeList] = []
    try reader.readLists(of: nodes.map { NodeID(UInt64($0)) }, into: &lists)
    return zip(nodes, lists).filter { $1.count > UInt64(MRS_LINED) }.map { ($0, $1) }
  }

  private static func cells(of list: EdgeList) -> Int { Int(mrs_line_cells(list.count)) }

  /// Fills in the lines of a list.
  /// - Returns: Its total.
  private static func fill(
    _ words: inout MutableSpan<UInt32>, cells: Int, _ guided: SharedTable<mrs_guided_edge>,
    _ list: EdgeList
  ) -> Double {
    guided.withPart(Int(list.start)..<Int(list.start + list.count)) { edges in
      let last = edges.count - 1
      let total = edges[last].sum
      guard total > 0 else { return total }
      let scale = mrs_line_scale(UInt64(cells), total)
      func place(_ position: Int) -> Int {
        Int(mrs_line_place(edges[position].sum, scale, UInt64(cells)))
      }
      var position = 0
      for cell in 0..<cells {
        while position < last, place(position) < cell << 16 { position += 1 }
        let line = cell * lineWords
        words[line] = UInt32(position)
        for entry in 0..<Int(MRS_LINE_EDGES) {
          let edge = position + entry
          let end = edge <= last ? place(edge) : .max
          let part = end >> 16 == cell ? UInt32(end & 0xFFFF) : 0xFFFF
          words[line + endWords + entry / 2] |= part << UInt32(entry % 2 * 16)
          words[line + sourceWords + entry] = edges[min(edge, last)].source
        }
      }
      return total
    }
  }
}
