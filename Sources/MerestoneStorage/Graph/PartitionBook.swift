public import MerestoneCore

/// The map between global ids and (shard, local id): the boundaries of the shards and nothing else.
///
/// Shard `s` owns nodes `[bounds[t][s], bounds[t][s + 1])` of type `t`, and edges
/// `[edgeBounds[r][s], edgeBounds[r][s + 1])` of relation `r`. `(types + relations) * (shards + 1)`
/// numbers of 8 bytes are all that is resident, whatever the size of the graph.
@frozen @usableFromInline package struct PartitionBook: Sendable, Equatable {
  /// All boundaries, type by type: `shardCount + 1` numbers each.
  @usableFromInline let nodeBounds: [UInt64]
  /// All edge boundaries, relation by relation.
  @usableFromInline let edgeBounds: [UInt64]
  @usableFromInline package let shardCount: Int
  @usableFromInline package let typeCount: Int
  @usableFromInline package let relationCount: Int

  /// - Parameters:
  ///   - nodeBounds: For each node type, where each shard starts, and the number of nodes: shape
  ///     `[types][shards + 1]`, from 0, ascending, at most `2^63 - 1`.
  ///   - edgeBounds: The same for the edges of each relation, shape `[relations][shards + 1]`.
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` for anything else.
  package init(nodeBounds: [[UInt64]], edgeBounds: [[UInt64]]) throws(StorageError) {
    guard let first = nodeBounds.first, first.count >= 2 else {
      throw Self.refused("shards", expected: "at least one node type and one shard", found: "none")
    }
    shardCount = first.count - 1
    typeCount = nodeBounds.count
    relationCount = edgeBounds.count
    self.nodeBounds = try Self.flattened(nodeBounds, count: first.count, kind: "node type")
    self.edgeBounds = try Self.flattened(edgeBounds, count: first.count, kind: "relation")
  }

  private static func flattened(
    _ bounds: [[UInt64]], count: Int, kind: String
  ) throws(StorageError) -> [UInt64] {
    var flat: [UInt64] = []
    for (number, list) in bounds.enumerated() {
      guard list.count == count else {
        throw refused(
          "\(kind) \(number)", expected: "\(count) boundaries", found: "\(list.count)")
      }
      guard list[0] == 0 else {
        throw refused("\(kind) \(number)", expected: "a first boundary of 0", found: "\(list[0])")
      }
      for shard in 1..<count where list[shard] < list[shard - 1] {
        throw refused(
          "\(kind) \(number), shard \(shard - 1)",
          expected: "an end at \(list[shard - 1]) or later",
          found: "\(list[shard])")
      }
      guard list[count - 1] <= UInt64(Int.max) else {
        throw refused(
          "\(kind) \(number)", expected: "at most \(Int.max)", found: "\(list[count - 1])")
      }
      flat.append(contentsOf: list)
    }
    return flat
  }

  private static func refused(_ what: String, expected: String, found: String) -> StorageError {
    .invalid(
      path: "partition book", what: "boundaries of \(what)", expected: expected, found: found,
      mend: "make the graph again")
  }

  /// The memory that the book takes.
  package var bytes: Int { (typeCount + relationCount) * (shardCount + 1) * 8 }

  package func nodeCount(of type: NodeTypeID) -> Int {
    Int(nodeBounds[start(type.rawValue, typeCount) + shardCount])
  }

  package func edgeCount(of relation: RelationID) -> Int {
    Int(edgeBounds[start(relation.rawValue, relationCount) + shardCount])
  }

  /// The global ids of the nodes that a shard owns.
  @inlinable package func nodes(of type: NodeTypeID, in shard: ShardID) -> Range<UInt64> {
    let index = start(type.rawValue, typeCount) + checked(shard)
    return nodeBounds[index]..<nodeBounds[index + 1]
  }

  /// The ids of the edges that a shard owns.
  @inlinable package func edges(of relation: RelationID, in shard: ShardID) -> Range<UInt64> {
    let index = start(relation.rawValue, relationCount) + checked(shard)
    return edgeBounds[index]..<edgeBounds[index + 1]
  }

  /// The shard that owns a node, and the node's id there; `nil` for a node that does not exist.
  /// - Complexity: O(log shards), no allocation.
  @inlinable package func locate(
    _ node: NodeID, type: NodeTypeID
  ) -> (shard: ShardID, local: LocalNodeID)? {
    let first = start(type.rawValue, typeCount)
    guard let shard = search(nodeBounds, first, node.rawValue) else { return nil }
    return (ShardID(shard), LocalNodeID(node.rawValue &- nodeBounds[first &+ shard]))
  }

  /// The shard that owns an edge, and its position in the shard's CSC; `nil` for an edge that does
  /// not exist.
  @inlinable package func locate(
    edge: EdgeID, relation: RelationID
  ) -> (shard: ShardID, position: Int)? {
    let first = start(relation.rawValue, relationCount)
    guard let shard = search(edgeBounds, first, edge.rawValue) else { return nil }
    return (ShardID(shard), Int(edge.rawValue &- edgeBounds[first &+ shard]))
  }

  /// Where the boundaries of a type or relation start.
  @inlinable @inline(__always) func start(_ number: Int, _ count: Int) -> Int {
    precondition(number >= 0 && number < count, "no such type or relation")
    return number &* (shardCount &+ 1)
  }

  @inlinable @inline(__always) func checked(_ shard: ShardID) -> Int {
    precondition(shard.rawValue >= 0 && shard.rawValue < shardCount, "no such shard")
    return shard.rawValue
  }

  /// The shard whose range holds `value`: the last one that starts at or before it, so that empty
  /// shards never match.
  @inlinable @inline(__always)
  func search(_ bounds: [UInt64], _ first: Int, _ value: UInt64) -> Int? {
    guard value < bounds[first &+ shardCount] else { return nil }
    var lower = 0
    var upper = shardCount
    while upper &- lower > 1 {
      let middle = (lower &+ upper) >> 1
      if bounds[first &+ middle] <= value { lower = middle } else { upper = middle }
    }
    return lower
  }
}

extension PartitionBook: Codable {
  private enum CodingKeys: String, CodingKey { case nodeBounds, edgeBounds }

  /// Reads boundaries and checks them as ``init(nodeBounds:edgeBounds:)`` does.
  @usableFromInline package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      nodeBounds: container.decode([[UInt64]].self, forKey: .nodeBounds),
      edgeBounds: container.decode([[UInt64]].self, forKey: .edgeBounds))
  }

  @usableFromInline package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rows(nodeBounds, typeCount), forKey: .nodeBounds)
    try container.encode(rows(edgeBounds, relationCount), forKey: .edgeBounds)
  }

  private func rows(_ flat: [UInt64], _ count: Int) -> [[UInt64]] {
    (0..<count).map { Array(flat[$0 * (shardCount + 1)..<($0 + 1) * (shardCount + 1)]) }
  }
}
