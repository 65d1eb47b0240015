internal import CMerestoneKernels
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
/// | ``weighted(by:)`` | destination | *k*, or all that weigh more than 0 where they are fewer |
/// | ``weightedWithReplacement(by:)`` | destination | *k*, repetitions kept, where one weighs more than 0 |
/// | ``top(by:)`` | no draws | min(*k*, *n*) |
/// | ``temporal(by:)`` | (destination, time) | *k*, or all that are not later where they are fewer |
/// | ``recent(by:)`` | no draws | the same |
/// | ``labor``, ``laborStar`` | source | about *k* on average; all where *n* <= *k* |
package enum NeighborScheme: Sendable {
  /// Every set of *k* edges is equally likely. Hamilton et al., "Inductive Representation Learning
  /// on Large Graphs", NeurIPS 2017.
  case uniform

  /// *k* independent draws, so that an edge may be kept several times.
  case uniformWithReplacement

  /// In proportion to weights, one after the other among those not kept yet (successive sampling,
  /// the law of exponential races): see ``WeightedPick``.
  case weighted(by: EdgeWeights)

  /// *k* independent draws in proportion to weights.
  case weightedWithReplacement(by: EdgeWeights)

  /// The edges of the largest weight; among equal ones the earlier: see ``TopPick``.
  case top(by: EdgeOrder)

  /// Uniform without replacement among the edges that are not later than the time of the seed from
  /// which the destination was reached.
  ///
  /// The sources of the blocks are pairs of node and time: see ``Block/sourceTimes``.
  case temporal(by: EdgeOrder)

  /// The most recent of the edges that are not later than that time; among equal times the earlier
  /// in the list.
  case recent(by: EdgeOrder)

  /// Layer-neighbour sampling, LABOR-0: see ``LaborPick``. Blocks have ``Block/weights``.
  ///
  /// The long lists, where memory holds them, make it faster.
  case labor(LongLists?)

  /// Layer-neighbour sampling with optimised probabilities, LABOR-*: see ``LaborPick``. Blocks have
  /// ``Block/weights``.
  case laborStar
}

extension NeighborScheme {
  var isUniform: Bool { if case .uniform = self { true } else { false } }

  /// Whether which edges are kept depends on their sources.
  var readsSources: Bool {
    switch self {
    case .labor, .laborStar: true
    default: false
    }
  }

  /// The column whose values are read from the files while sampling with these fanouts, where one is.
  func readColumn(fanouts: [Int]) -> EdgeColumn? {
    switch self {
    case .weighted(let weights), .weightedWithReplacement(let weights):
      let isDrawnByKernel = fanouts.allSatisfy { (0...Int(MRS_WEIGHTED_FANOUT)).contains($0) }
      return weights.guided.count > 0 && isDrawnByKernel ? nil : weights.edges
    case .top(let order), .temporal(let order), .recent(let order):
      return order.isKept && order.shift == 0 ? nil : order.edges
    default: return nil
    }
  }

  /// The column of times, where the scheme is temporal.
  var times: EdgeColumn? {
    switch self {
    case .temporal(let order), .recent(let order): order.edges
    default: nil
    }
  }

  /// What picks the edges; `nil` for the uniform scheme, which the sampler has built in.
  ///
  /// - Parameter stampBudget: What a table with one entry per node may take, where the pick needs one.
  func makePick(stampBudget: ByteCount = ByteCount(0)) -> (any NeighborPick)? {
    switch self {
    case .uniform: nil
    case .uniformWithReplacement: ReplacementPick()
    case .weighted(let weights): WeightedPick(weights: weights, replaces: false)
    case .weightedWithReplacement(let weights): WeightedPick(weights: weights, replaces: true)
    case .top(let order): TopPick(order: order)
    case .temporal(let order): TemporalPick(order: order, isRecent: false)
    case .recent(let order): TemporalPick(order: order, isRecent: true)
    case .labor(let longLists):
      LaborPick(isOptimized: false, longLists: longLists, stampBudget: stampBudget)
    case .laborStar: LaborPick(isOptimized: true, stampBudget: stampBudget)
    }
  }
}

/// Picks the edges of one hop by one scheme; a value with buffers of its own.
protocol NeighborPick {
  /// Picks in-edges of every node.
  ///
  /// - Parameters:
  ///   - nodes: The destinations. Shape `[d]`.
  ///   - times: As of when each destination is seen, where the scheme is temporal. Shape `[d]`, or
  ///     empty.
  ///   - lists: Where their in-edges lie. At least `d` elements.
  ///   - fanout: -1 for all.
  ///   - draws: Those of the hop and relation.
  ///   - reader: Reads sources and the edge set.
  ///   - picked: Receives the edges, in place of what it holds.
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout HopEdges
  ) throws(SamplingError)
}
