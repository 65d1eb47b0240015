package import MerestoneCore
package import MerestoneStorage

/// Fanouts of some relations, checked against a graph.
package struct TypedFanouts: Sendable {
  /// Ascending by relation, each once.
  package let relations: [(relation: RelationID, fanouts: [Int])]
  package let hopCount: Int

  /// - Parameter named: Edges kept per node and hop by relation; in any order.
  /// - Throws: What ``GraphManifest/relation(named:)`` throws,
  ///   ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``, and
  ///   ``SamplingError/fanoutsUnequal(relation:hops:other:otherHops:)``.
  package init(
    _ named: [(name: String, fanouts: [Int])], of manifest: GraphManifest
  ) throws(SamplingError) {
    var found: [(relation: RelationID, fanouts: [Int])] = []
    for (name, fanouts) in named {
      let relation = try manifest.relation(named: name)
      if found.contains(where: { $0.relation == relation }) {
        throw .relationTwice(name: manifest.spelling(of: relation))
      }
      for (hop, fanout) in fanouts.enumerated() where fanout < -1 {
        throw .fanoutBelowMinusOne(fanout: fanout, hop: hop)
      }
      if fanouts.count != named[0].fanouts.count {
        throw .fanoutsUnequal(
          relation: name, hops: fanouts.count, other: named[0].name,
          otherHops: named[0].fanouts.count)
      }
      found.append((relation, fanouts))
    }
    relations = found.sorted { $0.relation < $1.relation }
    hopCount = named.first?.fanouts.count ?? 0
  }

  /// Opens the relations, each to be read as its share of `memory` allows: all decoded, or none.
  ///
  /// - Parameters:
  ///   - way: Chooses by hand.
  ///   - scheme: Which edges of a relation are kept.
  package func open(
    _ store: GraphStore, memory: ByteCount, way: Reading? = nil, pool: ThreadPool,
    scheme: (Topology) throws(SamplingError) -> NeighborScheme
  ) throws(SamplingError) -> [FollowedRelation] {
    let sizes = relations.map { FlatTopology.byteCount(of: $0.relation, in: store.manifest) }
    let total = Double(max(1, sizes.reduce(0, +)))
    var result: [FollowedRelation] = []
    for (place, entry) in relations.enumerated() {
      let share = Int(Double(memory.bytes) * (Double(sizes[place]) / total))
      let topology = try Topology.open(
        store, relation: entry.relation, memory: ByteCount(share), way: way, pool: pool,
        joinsTypes: true)
      result.append(
        FollowedRelation(
          topology: topology, fanouts: entry.fanouts, scheme: try scheme(topology)))
    }
    return result
  }
}
