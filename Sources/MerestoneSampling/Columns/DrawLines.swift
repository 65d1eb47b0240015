internal import CMerestoneKernels
import MerestoneCore

/// What most draws from lists of 6 to 65,536 edges read, a cache line each: see ``EdgeWeights``.
///
/// There is a line for every six edges of the relation, and the list of the edges `start..<end` has the
/// lines `start / 6..<end / 6`. The 2^32 words that a draw can be are cut into as many cells of the same
/// width. A line has the first ten edges that a word of its cell or a later one hits: where in the cell,
/// in 65,536ths, the words begin that are behind each edge, and the sources. A draw whose 65,536th equals
/// an edge's, or that is behind all ten, asks the sums themselves, so that lines change no sample.
final class DrawLines: Sendable {
  /// Sixteen words a line, as `mrs_draw_line` has them.
  let words: SharedTable<UInt32>

  /// In bytes.
  var byteCount: Int { words.count * MemoryLayout<UInt32>.size }

  private static let lineWords = MemoryLayout<mrs_draw_line>.size / MemoryLayout<UInt32>.size
  private static let endWords = 1
  private static let sourceWords = 6
  private static let share = Int(MRS_LINE_SHARE)

  /// - Parameters:
  ///   - guided: The sums of all edges.
  ///   - memory: What the lines may take, in bytes.
  /// - Returns: `nil` where memory does not hold them, or there are none.
  /// - Complexity: O(edges) on all threads.
  static func make(
    _ guided: SharedTable<mrs_guided_edge>, of edges: EdgeColumn, memory: Int, pool: ThreadPool,
    cancellation: Cancellation
  ) throws(SamplingError) -> DrawLines? {
    let count = guided.count / share
    guard count > 0, count * MemoryLayout<mrs_draw_line>.size <= memory else { return nil }
    return try DrawLines(guided, of: edges, count: count, pool: pool, cancellation: cancellation)
  }

  private init(
    _ guided: SharedTable<mrs_guided_edge>, of edges: EdgeColumn, count: Int, pool: ThreadPool,
    cancellation: Cancellation
  ) throws(SamplingError) {
    words = try SharedTable(count: count * Self.lineWords, zero: 0) {
      words throws(SamplingError) in
      try edges.forEachTile(pool, cancellation) { _, nodes throws(SamplingError) in
        var reader = InEdgeReader(edges.topology)
        var lists: [EdgeList] = []
        try reader.readLists(of: nodes.map { NodeID(UInt64($0)) }, into: &lists)
        var ends: [Int] = []
        for list in lists
        where list.count >= UInt64(Self.share) && list.count <= PositionPicker.narrowLimit {
          let edges = Int(list.start)..<Int(list.start + list.count)
          let lines = edges.lowerBound / Self.share..<edges.upperBound / Self.share
          guided.withPart(edges) { edges in
            words.withPart(lines.lowerBound * Self.lineWords..<lines.upperBound * Self.lineWords) {
              Self.fill(&$0, cells: lines.count, edges, &ends)
            }
          }
        }
      }
    }
  }

  /// Fills in the lines of a list; those of one that weighs nothing tell nothing.
  ///
  /// - Parameter ends: Scratch: in 65,536ths, where the words begin that are behind each edge.
  private static func fill(
    _ words: inout MutableSpan<UInt32>, cells: Int, _ edges: Span<mrs_guided_edge>,
    _ ends: inout [Int]
  ) {
    let last = edges.count - 1
    let total = edges[last].sum
    guard total > 0 else { return }
    ends.removeAll(keepingCapacity: true)
    for position in edges.indices {
      let words = Int(mrs_words_below(edges[position].sum, total))
      ends.append((words * (cells << 16)) >> 32)
    }
    var position = 0
    for cell in 0..<cells {
      while position < last, ends[position] < cell << 16 { position += 1 }
      let line = cell * lineWords
      words[line] = UInt32(position)
      for entry in 0..<Int(MRS_LINE_EDGES) {
        let edge = position + entry
        let end = edge <= last ? ends[edge] : .max
        let part = end >> 16 == cell ? UInt32(end & 0xFFFF) : 0xFFFF
        words[line + endWords + entry / 2] |= part << UInt32(entry % 2 * 16)
        words[line + sourceWords + entry] = edges[min(edge, last)].source
      }
    }
  }
}
