public import MerestoneCore
import MerestoneStorage

/// An edge as its source sees it.
public struct OutEdge: Sendable, Hashable {
  public var destination: NodeID

  /// The edge's id, for reading edge columns.
  public var edge: EdgeID
}

extension Graph {
  /// Whether the graph was made with `--reverse`, so that ``outEdges(of:)`` has answers.
  public var hasOutEdges: Bool { store.manifest.relations[0].reverse != nil }

  /// The edges that leave a node, by ascending destination, parallel edges each.
  ///
  /// - Throws: ``GraphError/noOutEdges`` for a graph that was made without `--reverse`;
  ///   ``GraphError/nodeOutOfRange(_:nodeCount:)`` for a node that does not exist.
  /// - Complexity: O(edges of the node), and one page of 4,096 edges for each that they touch.
  public func outEdges(of node: NodeID) throws(GraphError) -> [OutEdge] {
    guard hasOutEdges else { throw .noOutEdges }
    let type = NodeTypeID(store.manifest.relations[0].sourceType)
    guard let owner = store.book.locate(node, type: type) else {
      throw .nodeOutOfRange(node, nodeCount: store.book.nodeCount(of: type))
    }
    var destinations: [NodeID] = []
    var edges: [EdgeID] = []
    do throws(StorageError) {
      guard let piece = try store.outEdges(RelationID(0), shard: owner.shard) else { return [] }
      var scratch = PageScratch()
      try piece.copyOutEdges(
        of: owner.local, destinations: &destinations, edges: &edges, scratch: &scratch)
    } catch {
      throw GraphError(error)
    }
    return zip(destinations, edges).map { OutEdge(destination: $0, edge: $1) }
  }
}
