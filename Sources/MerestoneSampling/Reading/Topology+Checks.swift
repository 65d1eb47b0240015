import MerestoneCore
import MerestoneStorage

extension Topology {
  var edgeCount: Int { store.book.edgeCount(of: relation) }

  var relationName: String { store.manifest.relations[relation.rawValue].name }

  /// The node type that edges lead to.
  var destinationType: NodeTypeID { type(of: .destination) }

  /// The node type at one end of the relation.
  func type(of end: EdgeEnd) -> NodeTypeID {
    let entry = store.manifest.relations[relation.rawValue]
    return NodeTypeID(end == .source ? entry.sourceType : entry.destinationType)
  }

  func nodeCount(of end: EdgeEnd) -> Int { store.book.nodeCount(of: type(of: end)) }

  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)`` for the first node that the type
  ///   at this end does not have.
  func check(_ nodes: [NodeID], _ end: EdgeEnd = .destination) throws(SamplingError) {
    let nodeCount = self.nodeCount(of: end)
    for node in nodes where node.rawValue >= UInt64(nodeCount) {
      throw .seedOutOfRange(seed: node, nodeCount: nodeCount)
    }
  }

  /// - Throws: ``SamplingError/edgeOutOfRange(edge:edgeCount:)`` for the first edge that the
  ///   relation does not have.
  func check(_ edges: [EdgeID]) throws(SamplingError) {
    for edge in edges where edge.rawValue >= UInt64(edgeCount) {
      throw .edgeOutOfRange(edge: edge, edgeCount: edgeCount)
    }
  }

  /// - Throws: ``SamplingError/differentNodeTypes(relation:)``.
  func requireOneNodeType() throws(SamplingError) {
    guard type(of: .source) == type(of: .destination) else {
      throw .differentNodeTypes(relation: relationName)
    }
  }
}
