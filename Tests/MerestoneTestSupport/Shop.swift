internal import MerestoneCore
package import MerestoneStorage

/// Users who know each other, items that they buy, and items seen by users: three relations between
/// two types, and one without edges. Edges have a weight and a time, items have features.
package struct Shop {
  package static let types = ["user", "item"]
  package static let counts = [120, 60]
  package static let relations: [(source: Int, name: String, destination: Int)] = [
    (0, "knows", 0), (0, "buys", 1), (1, "seen", 0), (1, "like", 1),
  ]

  /// The sources of every destination's in-edges, by relation.
  package var lists: [[[UInt64]]]

  package init(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    lists = Self.relations.map { relation in
      (0..<Self.counts[relation.destination]).map { _ in
        guard relation.name != "like" else { return [] }
        let degree = Int.random(in: 0..<9, using: &generator)
        return (0..<degree).map { _ in
          UInt64.random(in: 0..<UInt64(Self.counts[relation.source]), using: &generator)
        }.sorted()
      }
    }
  }

  /// When an edge came about: 0 to 19.
  package static func time(of edge: Int, relation: Int) -> Int64 {
    Int64((edge * edge + 7 * relation) % 20)
  }

  /// The features of an item.
  package static func features(of item: Int) -> [Float] { [Float(item), -Float(item) / 4] }

  package func store(at path: String) throws -> GraphStore {
    let writer = try GraphWriter(output: path, shards: 1)
    let features = ColumnEntry(name: "features", element: .f32, width: 2)
    var edgeColumns: [ColumnEntry] = []
    for (number, lists) in lists.enumerated() {
      let count = lists.reduce(0) { $0 + $1.count }
      let columns = [
        TestColumn(
          name: "weight", element: .f32, values: (0..<count).map { Double($0 % 5) + 0.5 }),
        TestColumn(
          name: "time", element: .i64,
          values: (0..<count).map { Double(Self.time(of: $0, relation: number)) }),
      ]
      edgeColumns = columns.map(\.entry)
      if count > 0 {
        writer.add(
          try Self.write(
            lists, sources: Self.counts[Self.relations[number].source],
            to: writer.path(GraphLayout.edges(RelationID(number), shard: ShardID(0)))))
      }
      for (place, column) in columns.enumerated() {
        writer.add(
          try TestGraph.storeColumn(
            column.entry, rows: count, (0..<count).flatMap(column.bytes(at:)),
            at: writer.path(
              GraphLayout.edgeColumn(place, of: RelationID(number), shard: ShardID(0)))))
      }
    }
    writer.add(
      try TestGraph.storeColumn(
        features, rows: Self.counts[1],
        (0..<Self.counts[1]).flatMap {
          TestGraph.bytes(Self.features(of: $0).map(\.bitPattern))
        },
        at: writer.path(GraphLayout.nodeColumn(0, of: NodeTypeID(1), shard: ShardID(0)))))
    try writer.commit(
      GraphManifest(
        nodeTypes: zip(Self.types, Self.counts).map {
          NodeTypeEntry(
            name: $0, count: $1, idKind: .integer, rawIDStorage: .identity,
            columns: $0 == "item" ? [features] : [])
        },
        relations: Self.relations.enumerated().map { number, relation in
          RelationEntry(
            sourceType: relation.source, name: relation.name,
            destinationType: relation.destination,
            edgeCount: lists[number].reduce(0) { $0 + $1.count }, idBytes: 1,
            maxInDegree: lists[number].map(\.count).max() ?? 0, columns: edgeColumns)
        },
        book: PartitionBook(
          nodeBounds: Self.counts.map { [0, UInt64($0)] },
          edgeBounds: lists.map { [0, UInt64($0.reduce(0) { $0 + $1.count })] })))
    return try GraphStore.open(path)
  }

  private static func write(
    _ lists: [[UInt64]], sources count: Int, to path: String
  ) throws -> FileEntry {
    let sources = lists.flatMap { $0 }
    let degrees = lists.map { UInt64($0.count) }
    var file = try EdgeStoreWriter(
      path: path, destinationCount: lists.count, edgeCount: sources.count,
      maximumSource: UInt64(count - 1))
    try file.append(inDegrees: degrees.span, sources: sources.span)
    return try file.finish()
  }
}
