package import MerestoneCore
import MerestoneStorage

/// The order that `auto` stands for: the one that stores a sample of the graph in the fewest bits.
package struct OrderChoice: Sendable {
  package let sequence: NodeSequence
  package let ordering: NodeOrdering
  /// Bits per neighbour of the sample, by order, the smallest first.
  package let bits: [(ordering: NodeOrdering, bits: Double)]

  /// Why: one line for the user.
  package var reason: String {
    let sizes = bits.map { "\($0.ordering.rawValue) \($0.bits.formatted(decimals: 1))" }
    return "auto chose the \(ordering.rawValue) order: on a sample, bits per neighbour are "
      + sizes.joined(separator: ", ")
  }

  /// Compares `degree`, `locality` and `input`, of equals the first.
  ///
  /// The sample is made of windows of consecutive global ids, their neighbourhoods encoded in pages
  /// as edges are. These are in- and out-neighbours, so the sizes are not those of the stored
  /// in-edges, but they compare alike.
  ///
  /// - Complexity: one locality order, and one reading of the source and 16 bytes per node for
  ///   each order.
  package init(
    neighbors: some NeighborSource, inDegrees: [UInt32], pool: ThreadPool,
    cancellation: Cancellation? = nil
  ) throws(PartitionError) {
    let locality = try LocalityOrder.sequence(
      of: neighbors, inDegrees: inDegrees, cancellation: cancellation)
    var candidates: [(sequence: NodeSequence, ordering: NodeOrdering, bits: Double)] = []
    for (sequence, ordering) in [
      (NodeSequence.degree, NodeOrdering.degree), (.given(locality), .locality), (.input, .input),
    ] {
      let order = try GlobalOrder(
        sequence, inDegrees: inDegrees, assignment: nil, shards: 1, pool: pool)
      let bits = try OrderCost.bitsPerNeighbor(
        of: neighbors, globals: order.globals, pool: pool, cancellation: cancellation)
      candidates.append((sequence, ordering, bits))
    }
    var best = 0
    for index in candidates.indices where candidates[index].bits < candidates[best].bits {
      best = index
    }
    sequence = candidates[best].sequence
    ordering = candidates[best].ordering
    bits = candidates.enumerated().sorted {
      ($0.element.bits, $0.offset) < ($1.element.bits, $1.offset)
    }
    .map { ($0.element.ordering, $0.element.bits) }
  }
}
