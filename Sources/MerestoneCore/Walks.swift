/// Random walks, each from its start until its length is reached or until it cannot go on.
///
/// A step goes from a node to the source of one of its in-edges: to where its messages come from.
public struct Walks: Sendable, Equatable {
  /// The nodes of all walks, one walk after the other, each with its start first. Shape `[n]`.
  public var nodes: [NodeID]

  /// Where each walk begins in ``nodes``. Shape `[walks + 1]`.
  public var indptr: [Int]

  /// The edge of every step, or ``returned`` for a step back to the start. Shape `[n - walks]`.
  public var edges: [EdgeID]

  /// Stands among ``edges`` for a step that took no edge: the walk went back to its start.
  public static let returned = EdgeID(UInt64.max)

  public init(nodes: [NodeID], indptr: [Int], edges: [EdgeID]) {
    self.nodes = nodes
    self.indptr = indptr
    self.edges = edges
  }

  /// How many walks there are.
  public var count: Int { indptr.count - 1 }

  /// The nodes of one walk, its start first.
  public subscript(walk: Int) -> ArraySlice<NodeID> { nodes[indptr[walk]..<indptr[walk + 1]] }

  /// The edges of one walk: element `i` leads from its node `i` to its node `i + 1`.
  public func edges(of walk: Int) -> ArraySlice<EdgeID> {
    edges[indptr[walk] - walk..<indptr[walk + 1] - walk - 1]
  }
}
