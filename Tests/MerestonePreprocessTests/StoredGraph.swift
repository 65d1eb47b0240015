import MerestoneCore
import MerestoneStorage

/// Everything that a graph directory holds, under the user's ids, read edge by edge.
struct StoredGraph {
  /// One stored edge, in the order of edge ids.
  struct Edge: Hashable {
    var source: String
    var destination: String
    /// Column values as text, by column.
    var values: [String]
  }

  let store: GraphStore
  /// Raw ids by global id.
  var nodes: [String] = []
  var edges: [Edge] = []
  /// Global ids of the edges' ends, in the order of edge ids.
  var ends: [(source: UInt64, destination: UInt64)] = []

  /// Reads a graph, once it is verified.
  init(_ path: String) throws {
    if let problem = try Verification.run(path, pool: ThreadPool(threads: 1)).first {
      throw problem.error
    }
    store = try GraphStore.open(path)
    let type = store.manifest.nodeTypes[0]
    let ids = try store.ids(NodeTypeID(0))
    for node in 0..<UInt64(type.count) {
      let raw = try ids.raw(of: NodeID(node))
      guard try ids.global(of: raw) == NodeID(node) else {
        throw StorageError.missing(path: "the way back of id \(raw)")
      }
      nodes.append(raw.description)
    }
    let columns = store.manifest.relations[0].columns
    var scratch = PageScratch()
    for shard in 0..<store.book.shardCount {
      guard let lists = try store.edges(RelationID(0), shard: ShardID(shard)) else { continue }
      let owned = store.book.nodes(of: NodeTypeID(0), in: ShardID(shard))
      let values = try columns.map { column in
        try Self.text(
          store.edgeColumn(column.name, relation: RelationID(0), shard: ShardID(shard))!, column)
      }
      for local in 0..<lists.destinationCount {
        let range = try lists.edgeRange(of: LocalNodeID(UInt64(local)))
        var sources: [NodeID] = []
        try lists.copySources(of: range, into: &sources, scratch: &scratch)
        let destination = owned.lowerBound + UInt64(local)
        for (position, source) in zip(range, sources) {
          ends.append((source.rawValue, destination))
          edges.append(
            Edge(
              source: nodes[Int(source.rawValue)], destination: nodes[Int(destination)],
              values: values.map { $0[position] }))
        }
      }
    }
  }

  /// The values of a node column by raw id.
  func nodeColumn(_ name: String) throws -> [String: String] {
    let columns = store.manifest.nodeTypes[0].columns
    let entry = columns.first { $0.name == name }!
    var result: [String: String] = [:]
    for shard in 0..<store.book.shardCount {
      let owned = store.book.nodes(of: NodeTypeID(0), in: ShardID(shard))
      let column = try store.nodeColumn(name, type: NodeTypeID(0), shard: ShardID(shard))
      guard let column else { continue }
      for (local, text) in try Self.text(column, entry).enumerated() {
        result[nodes[Int(owned.lowerBound) + local]] = text
      }
    }
    return result
  }

  private static func text(_ column: Column, _ entry: ColumnEntry) throws -> [String] {
    try (0..<column.rows).map { row in
      if entry.name == "split" {
        return Split(rawValue: UInt8(try column.integer(at: row)))!.word
      }
      if let words = entry.categories {
        let code = try column.integer(at: row)
        return code < 0 ? "-" : words[Int(code)]
      }
      if entry.element.isFloatingPoint { return try column.value(at: row).description }
      return try column.integer(at: row).description
    }
  }
}
