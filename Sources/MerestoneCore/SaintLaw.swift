/// How GraphSAINT draws the nodes of a subgraph; all draws are with replacement.
///
/// Zeng et al., "GraphSAINT: Graph Sampling Based Inductive Learning Method", ICLR 2020.
public enum SaintLaw: Sendable, Hashable {
  /// Draws `count` nodes, each as likely as its in-degree (all stored edges count).
  case nodes(count: Int)

  /// Draws `count` edges and takes both ends: a node uniformly, then one of its in-edges uniformly
  /// (a node without in-edges gives nothing). Where every edge is stored in both directions, a
  /// pair of nodes is drawn as likely as `1 / degree(u) + 1 / degree(v)`, the paper's law.
  case edges(count: Int)

  /// Draws `roots` nodes uniformly and takes the nodes of a uniform walk of `length` steps from
  /// each.
  case walks(roots: Int, length: Int)
}
