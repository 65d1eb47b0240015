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

  /// Opens the relations, all to be read in the fastest way that `memory` allows for them together.
  ///
  /// What one of them alone could have would not help where others are read page by page: mini-batches
  /// are made in groups then, which decode every page once.
  ///
  /// - Parameters:
  ///   - memory: Each relation has its share, by its size.
  ///   - way: Chooses by hand.
  ///   - scheme: Which edges of a relation are kept.
  package func open(
    _ store: GraphStore, memory: ByteCount, way: Reading? = nil, pool: ThreadPool,
    scheme: (Topology) throws(SamplingError) -> NeighborScheme
  ) throws(SamplingError) -> [FollowedRelation] {
    let way = way ?? self.way(of: store.manifest, memory: memory)
    let sizes = relations.map { FlatTopology.byteCount(of: $0.relation, in: store.manifest) }
    let total = Double(max(1, sizes.reduce(0, +)))
    var result: [FollowedRelation] = []
    for (entry, size) in zip(relations, sizes) {
      let topology = try Topology.open(
        store, relation: entry.relation,
        memory: ByteCount(Int(Double(memory.bytes) * (Double(size) / total))), way: way,
        pool: pool, joinsTypes: true)
      result.append(
        FollowedRelation(
          topology: topology, fanouts: entry.fanouts, scheme: try scheme(topology)))
    }
    if result.contains(where: { $0.topology.plan.mappedBound != nil }) {
      store.boundMappedFiles(to: ReadingPlan.mappedBound(of: memory).bytes)
    }
    return result
  }

  /// What stands in the way of reading all relations as asked for by hand; `nil` for nothing.
  package func obstacle(
    to asked: Reading, of manifest: GraphManifest, memory: ByteCount
  ) -> ReadingPlan.Obstacle? {
    guard let needed = needed(asked, of: manifest) else { return .notPacked }
    return needed > memory ? .takes(needed) : nil
  }

  private func way(of manifest: GraphManifest, memory: ByteCount) -> Reading {
    for way in [Reading.flat, .packed] {
      if let needed = needed(way, of: manifest), needed.bytes <= memory.bytes / 4 * 3 {
        return way
      }
    }
    return .grouped
  }

  /// What a way of reading all relations needs beside mini-batches; `nil` where some are not stored so.
  private func needed(_ way: Reading, of manifest: GraphManifest) -> ByteCount? {
    var sum = 0
    for entry in relations {
      let plan = ReadingPlan(
        manifest, relation: entry.relation, memory: ByteCount(0), way: way)
      guard plan.way == way else { return nil }
      sum += plan.needed.bytes
    }
    return ByteCount(sum)
  }
}
