public import MerestoneCore
import MerestoneStorage

extension Graph {
  /// The node with a raw id, or `nil`.
  ///
  /// - Complexity: A few page reads of a mapped file; nothing stays in memory.
  public func node(_ raw: RawID) throws(GraphError) -> NodeID? {
    do throws(StorageError) {
      defer { store.touchMappedFiles() }
      return try store.ids(nodeType).global(of: raw)
    } catch {
      throw GraphError(error)
    }
  }

  /// The nodes with these raw ids, in order.
  /// - Throws: ``GraphError/unknownNode(_:)`` for the first that does not exist.
  public func nodes(_ raws: [RawID]) throws(GraphError) -> [NodeID] {
    var nodes: [NodeID] = []
    nodes.reserveCapacity(raws.count)
    for raw in raws {
      guard let node = try node(raw) else { throw .unknownNode(raw) }
      nodes.append(node)
    }
    return nodes
  }

  /// The raw id of a node.
  /// - Throws: ``GraphError/nodeOutOfRange(_:nodeCount:)`` for a node that does not exist.
  public func rawID(of node: NodeID) throws(GraphError) -> RawID {
    guard node.rawValue < UInt64(nodeCount) else {
      throw .nodeOutOfRange(node, nodeCount: nodeCount)
    }
    do throws(StorageError) {
      defer { store.touchMappedFiles() }
      return try store.ids(nodeType).raw(of: node)
    } catch {
      throw GraphError(error)
    }
  }

  /// The raw ids of several nodes, in order.
  public func rawIDs(of nodes: [NodeID]) throws(GraphError) -> [RawID] {
    for node in nodes where node.rawValue >= UInt64(nodeCount) {
      throw .nodeOutOfRange(node, nodeCount: nodeCount)
    }
    do throws(StorageError) {
      return try store.rawIDs(of: nodes, type: nodeType)
    } catch {
      throw GraphError(error)
    }
  }
}
