package import MerestoneCore
package import MerestoneStorage

/// One relation of an opened graph with the way to read it; shared by all samplers.
package final class Topology: Sendable {
  package let store: GraphStore
  package let relation: RelationID
  package let edgeSet: EdgeSet

  /// The decoded relation, or `nil` where it is read page by page.
  package let flat: FlatTopology?

  /// The packed pages, or `nil` where they are not read in place.
  package let packed: PackedTopology?

  /// Whether `edgeSet` leaves anything out of this relation, by its `split` column.
  package let isSplit: Bool

  /// Edges that count as not there, whatever the edge set.
  package let exclusion: EdgeExclusion

  /// Whether edges of this relation are left out, by the edge set or one by one.
  package var isFiltered: Bool { isSplit || !exclusion.isEmpty }

  /// How much memory reading may take.
  package let plan: ReadingPlan

  /// - Parameters:
  ///   - flat: The decoded relation where memory allows it.
  ///   - packed: The packed pages, where they are read in place.
  ///   - edgeSet: The edges that may be used.
  ///   - memory: The cap on what reading and sampling take.
  ///   - joinsTypes: Allows a relation between two node types, for readers that take one hop only.
  /// - Throws: ``SamplingError/differentNodeTypes(relation:)`` for a relation between two types
  ///   that is not allowed.
  package init(
    store: GraphStore, relation: RelationID = RelationID(0), edgeSet: EdgeSet = .all,
    flat: FlatTopology? = nil, packed: PackedTopology? = nil,
    memory: ByteCount = ByteCount(1 << 30), joinsTypes: Bool = false
  ) throws(SamplingError) {
    plan = ReadingPlan(
      store.manifest, relation: relation, memory: memory,
      way: flat != nil ? .flat : packed != nil ? .packed : .grouped)
    if let bound = plan.mappedBound { store.boundMappedFiles(to: bound.bytes) }
    self.store = store
    self.relation = relation
    self.edgeSet = edgeSet
    self.flat = flat
    self.packed = packed
    let entry = store.manifest.relations[relation.rawValue]
    guard joinsTypes || entry.sourceType == entry.destinationType else {
      throw .differentNodeTypes(relation: entry.name)
    }
    exclusion = EdgeExclusion()
    isSplit = edgeSet != .all && entry.columns.contains { $0.name == "split" }
  }

  /// The same relation, read the same way, without some edges; for readers that ask
  /// ``InEdgeReader/readAllowed(of:into:)`` or ``exclusion`` which edges there are.
  /// - Complexity: O(1): what was decoded is shared.
  package init(_ topology: Topology, without exclusion: EdgeExclusion) {
    store = topology.store
    relation = topology.relation
    edgeSet = topology.edgeSet
    flat = topology.flat
    packed = topology.packed
    isSplit = topology.isSplit
    plan = topology.plan
    self.exclusion = exclusion
  }

  /// The node type at both ends of the relation; of its destinations where they differ.
  package var nodeType: NodeTypeID {
    NodeTypeID(store.manifest.relations[relation.rawValue].destinationType)
  }

  package var nodeCount: Int { store.book.nodeCount(of: nodeType) }

  /// Whether the ids of sources have at most 32 bits.
  var isNarrow: Bool { nodeCount(of: .source) <= 1 << 32 }

  /// Whether any edge can be read alone, without decoding others.
  var isInPlace: Bool { flat != nil || packed != nil }

  /// Lends where each destination's list starts; only where edges are read in place.
  @unsafe func withListStarts<R>(_ body: (UnsafePointer<UInt64>?) -> R) -> R {
    if let packed {
      return unsafe packed.indptr.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }
    return unsafe body(flat?.indptr.baseAddress)
  }

  /// Opens a relation by the fastest way that `memory` allows.
  ///
  /// - Parameters:
  ///   - memory: The cap on what reading and sampling take; see ``ReadingPlan``.
  ///   - way: Chooses by hand.
  package static func open(
    _ store: GraphStore, relation: RelationID = RelationID(0), edgeSet: EdgeSet = .all,
    memory: ByteCount, way: Reading? = nil, pool: ThreadPool,
    cancellation: Cancellation = Cancellation(), joinsTypes: Bool = false
  ) throws(SamplingError) -> Topology {
    store.spareMemory.drop()
    let plan = ReadingPlan(store.manifest, relation: relation, memory: memory, way: way)
    var flat: FlatTopology?
    if plan.way == .flat {
      flat = try FlatTopology(
        decoding: relation, of: store, pool: pool, cancellation: cancellation)
    }
    let packed =
      plan.way == .packed ? try PackedTopology(store, relation: relation, pool: pool) : nil
    return try Topology(
      store: store, relation: relation, edgeSet: edgeSet, flat: flat, packed: packed,
      memory: memory,
      joinsTypes: joinsTypes)
  }
}
