/// Edges between compact input indices `0..<nodeCount`, in input order, held in memory.
///
/// An input index is a node's place in the input (its row in the node table, its rank among the
/// raw integers, or its first appearance); it exists only during preprocessing. 32 bits hold it:
/// a graph of more nodes does not fit the memory of this version anyway.
package struct EdgeList: Sendable {
  package var nodeCount: Int

  /// The input index of every edge's source. Shape `[e]`.
  package var sources: [UInt32]

  /// The input index of every edge's destination. Shape `[e]`.
  package var destinations: [UInt32]

  /// The most nodes that 32 bits number, one value kept free for "none".
  package static let nodeLimit = Int(UInt32.max)

  /// - Precondition: `sources` and `destinations` are equally long.
  package init(nodeCount: Int, sources: [UInt32], destinations: [UInt32]) {
    precondition(sources.count == destinations.count, "edges with one end")
    self.nodeCount = nodeCount
    self.sources = sources
    self.destinations = destinations
  }

  package var count: Int { sources.count }

  /// The number of edges into every node. Shape `[nodeCount]`.
  /// - Throws: ``PartitionError/endpointOutOfRange(edge:node:nodeCount:)`` for an end outside of
  ///   `0..<nodeCount`, be it a source or a destination.
  package func inDegrees() throws(PartitionError) -> [UInt64] {
    var degrees = [UInt64](repeating: 0, count: nodeCount)
    let limit = UInt32(truncatingIfNeeded: min(nodeCount, Self.nodeLimit))
    for (edge, node) in destinations.enumerated() {
      guard node < limit else {
        throw .endpointOutOfRange(edge: edge, node: node, nodeCount: nodeCount)
      }
      // Cannot overflow: a count of at most `destinations.count`.
      degrees[Int(node)] &+= 1
    }
    if let edge = sources.firstIndex(where: { $0 >= limit }) {
      throw .endpointOutOfRange(edge: edge, node: sources[edge], nodeCount: nodeCount)
    }
    return degrees
  }
}
