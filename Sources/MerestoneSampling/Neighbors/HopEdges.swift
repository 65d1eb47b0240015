import MerestoneCore

/// The edges that one hop keeps of one relation: what a ``Block`` and a ``RelationBlock`` have in
/// common.
package struct HopEdges: Sendable {
  /// Where each destination's edges start. Shape `[d + 1]`.
  var indptr: [Int] = [0]

  /// Ascending for each destination. Shape `[e]`.
  var edges: [EdgeID] = []

  /// See ``Block/weights``. Shape `[e]`, or empty.
  var weights: [Float] = []

  /// The block index of every edge's source; before they are numbered, the sources themselves where
  /// the pick has met them anyway and they have at most 32 bits. Shape `[e]`, or empty.
  var indices: [BlockIndex] = []

  /// Forgets all edges, and keeps the memory.
  mutating func clear() {
    indptr.removeAll(keepingCapacity: true)
    indptr.append(0)
    edges.removeAll(keepingCapacity: true)
    weights.removeAll(keepingCapacity: true)
    indices.removeAll(keepingCapacity: true)
  }

  /// Exchanges the edges with those of a block.
  mutating func swapEdges(with block: inout some EdgeBlock) {
    swap(&indptr, &block.indptr)
    swap(&edges, &block.edges)
    swap(&weights, &block.weights)
    swap(&indices, &block.indices)
  }

  var byteCount: Int {
    indptr.byteCapacity + edges.byteCapacity + weights.byteCapacity + indices.byteCapacity
  }
}

/// What holds the edges of a hop in public.
protocol EdgeBlock {
  var indptr: [Int] { get set }
  var indices: [BlockIndex] { get set }
  var edges: [EdgeID] { get set }
  var weights: [Float] { get set }
}

extension Block: EdgeBlock {}
extension RelationBlock: EdgeBlock {}
