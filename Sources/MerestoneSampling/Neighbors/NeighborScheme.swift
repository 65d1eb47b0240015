import MerestoneCore

/// Which in-edges a ``NeighborSampler`` keeps of every destination.
///
/// In all schemes a fanout of -1 keeps every edge that the scheme may keep, once, and a fanout of 0
/// none; the kept edges of one destination are in ascending edge order; and the draws are a
/// function of the ``RandomKey`` and of the entity named here, so that equal keys give equal
/// mini-batches whatever the threads, the memory and the way of reading.
///
/// | scheme | entity of the draws | edges kept of a list of *n* with fanout *k* |
/// |---|---|---|
/// | ``uniform`` | destination | min(*k*, *n*) |
/// | ``uniformWithReplacement`` | destination | *k*, repetitions kept, where *n* > 0 |
package enum NeighborScheme: Sendable {
  /// Every set of *k* edges is equally likely. Hamilton et al., "Inductive Representation Learning
  /// on Large Graphs", NeurIPS 2017.
  case uniform

  /// *k* independent draws, so that an edge may be kept several times.
  case uniformWithReplacement
}

extension NeighborScheme {
  var isUniform: Bool { if case .uniform = self { true } else { false } }

  /// What picks the edges; `nil` for the uniform scheme, which the sampler has built in.
  func makePick() -> (any NeighborPick)? {
    switch self {
    case .uniform: nil
    case .uniformWithReplacement: ReplacementPick()
    }
  }
}

/// The edges that one hop keeps.
struct PickedEdges {
  /// Where each destination's edges start. Shape `[d + 1]`.
  var indptr: [Int] = [0]

  /// Ascending for each destination. Shape `[e]`.
  var edges: [EdgeID] = []

  /// See ``Block/weights``. Shape `[e]`, or empty.
  var weights: [Float] = []
}

/// Picks the edges of one hop by one scheme; a value with buffers of its own.
protocol NeighborPick {
  /// Picks in-edges of every node.
  ///
  /// - Parameters:
  ///   - nodes: The destinations. Shape `[d]`.
  ///   - lists: Where their in-edges lie. At least `d` elements.
  ///   - fanout: -1 for all.
  ///   - draws: Those of the hop and relation.
  ///   - reader: Reads sources and the edge set.
  mutating func pick(
    _ nodes: [NodeID], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader
  ) throws(SamplingError) -> PickedEdges
}
