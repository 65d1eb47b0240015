package import MerestoneCore
package import MerestoneStorage

/// One relation of an opened graph with the way to read it; shared by all samplers.
package final class Topology: Sendable {
  package let store: GraphStore
  package let relation: RelationID
  package let edgeSet: EdgeSet

  /// The decoded relation, or `nil` where it is read page by page.
  package let flat: FlatTopology?

  /// Whether `edgeSet` leaves anything out of this relation.
  package let isFiltered: Bool

  /// Whether pages that were read are given back, so that the edge files do not count as memory.
  package let dropsBehind: Bool

  /// - Parameters:
  ///   - flat: The decoded relation where memory allows it.
  ///   - edgeSet: The edges that may be used.
  ///   - dropsBehind: See ``dropsBehind``.
  ///   - joinsTypes: Allows a relation between two node types, for readers that take one hop only.
  /// - Throws: ``SamplingError/differentNodeTypes(relation:)`` for a relation between two types
  ///   that is not allowed.
  package init(
    store: GraphStore, relation: RelationID = RelationID(0), edgeSet: EdgeSet = .all,
    flat: FlatTopology? = nil, dropsBehind: Bool = false, joinsTypes: Bool = false
  ) throws(SamplingError) {
    self.dropsBehind = dropsBehind
    self.store = store
    self.relation = relation
    self.edgeSet = edgeSet
    self.flat = flat
    let entry = store.manifest.relations[relation.rawValue]
    guard joinsTypes || entry.sourceType == entry.destinationType else {
      throw .differentNodeTypes(relation: entry.name)
    }
    isFiltered = edgeSet != .all && entry.columns.contains { $0.name == "split" }
  }

  /// The node type at both ends of the relation; of its destinations where they differ.
  package var nodeType: NodeTypeID {
    NodeTypeID(store.manifest.relations[relation.rawValue].destinationType)
  }

  package var nodeCount: Int { store.book.nodeCount(of: nodeType) }

  /// Reads the relation by the fastest way that `memory` allows.
  ///
  /// - Parameter memory: What the decoded relation may take; less than it needs selects reading
  ///   page by page. Both give the same mini-batches.
  package static func open(
    _ store: GraphStore, relation: RelationID = RelationID(0), edgeSet: EdgeSet = .all,
    memory: ByteCount, pool: ThreadPool, cancellation: Cancellation = Cancellation(),
    joinsTypes: Bool = false
  ) throws(SamplingError) -> Topology {
    var flat: FlatTopology?
    if FlatTopology.byteCount(of: relation, in: store.manifest) <= memory.bytes {
      flat = try FlatTopology(
        decoding: relation, of: store, pool: pool, cancellation: cancellation)
    }
    return try Topology(
      store: store, relation: relation, edgeSet: edgeSet, flat: flat, joinsTypes: joinsTypes)
  }
}
