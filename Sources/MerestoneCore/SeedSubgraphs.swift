/// One subgraph for each seed, side by side without edges between them.
///
/// A node that several seeds reach is there once for each.
public struct SeedSubgraphs: Sendable, Equatable {
  /// All subgraphs as one.
  public var graph: LocalSubgraph

  /// Where each seed's nodes begin in the graph's nodes; its first node is the seed itself.
  /// Shape `[seeds + 1]`.
  public var bounds: [Int]

  public init(graph: LocalSubgraph = LocalSubgraph(), bounds: [Int] = [0]) {
    self.graph = graph
    self.bounds = bounds
  }

  /// How many seeds there are.
  public var count: Int { bounds.count - 1 }

  /// The subgraph of one seed alone.
  public subscript(seed: Int) -> LocalSubgraph {
    let nodes = bounds[seed]..<bounds[seed + 1]
    let edges = graph.indptr[nodes.lowerBound]..<graph.indptr[nodes.upperBound]
    let first = UInt32(nodes.lowerBound)
    return LocalSubgraph(
      nodes: Array(graph.nodes[nodes]),
      indptr: graph.indptr[nodes.lowerBound...nodes.upperBound].map { $0 - edges.lowerBound },
      indices: graph.indices[edges].map { BlockIndex($0.rawValue - first) },
      edges: Array(graph.edges[edges]))
  }
}
