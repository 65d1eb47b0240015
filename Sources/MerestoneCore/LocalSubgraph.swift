/// A piece of a graph: some of its nodes and edges among them, all under their global ids.
///
/// A subgraph is a plain value: samplers write it, layers read it through ``block``.
public struct LocalSubgraph: Sendable, Equatable {
  /// The nodes, each with its position as its index. Shape `[n]`.
  public var nodes: [NodeID]

  /// Where each node's in-edges start in ``indices``. Shape `[n + 1]`.
  public var indptr: [Int]

  /// The source of every edge, as its position in ``nodes``. Shape `[e]`.
  public var indices: [BlockIndex]

  /// The global id of every edge, ascending for each destination. Shape `[e]`.
  public var edges: [EdgeID]

  @inlinable public init(
    nodes: [NodeID] = [], indptr: [Int] = [0], indices: [BlockIndex] = [], edges: [EdgeID] = []
  ) {
    self.nodes = nodes
    self.indptr = indptr
    self.indices = indices
    self.edges = edges
  }

  @inlinable public var nodeCount: Int { nodes.count }

  @inlinable public var edgeCount: Int { indices.count }

  /// The subgraph as a hop whose destinations are all of its nodes: every layer of a model runs on
  /// this one block.
  @inlinable public var block: Block {
    Block(
      sources: nodes, destinationCount: nodes.count, indptr: indptr, indices: indices,
      edges: edges)
  }
}
