/// A subgraph that GraphSAINT drew, with the coefficients that make up for how likely its nodes and
/// edges were to be drawn.
public struct SaintSubgraph: Sendable, Equatable {
  /// All edges among the nodes drawn.
  public var graph: LocalSubgraph

  /// The probability of each node to be in a subgraph: divide its loss by this, and by the number of
  /// nodes of the graph for a mean. The paper's lambda. Shape `[n]`, in (0, 1].
  public var nodeNormalization: [Double]

  /// The probability of each edge's source to be in a subgraph that its destination is in: divide
  /// its message by this. The paper's alpha. Shape `[e]`, in (0, 1].
  public var edgeNormalization: [Double]

  public init(
    graph: LocalSubgraph, nodeNormalization: [Double], edgeNormalization: [Double]
  ) {
    self.graph = graph
    self.nodeNormalization = nodeNormalization
    self.edgeNormalization = edgeNormalization
  }
}
