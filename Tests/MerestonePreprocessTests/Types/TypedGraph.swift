import MerestoneCore
import MerestoneStorage

/// Everything that a typed graph holds, under the user's ids, relation by relation.
struct TypedGraph {
  /// One stored edge.
  struct Edge: Hashable {
    var relation: String
    var source: String
    var destination: String
    var values: [String]
  }

  let store: GraphStore
  /// Raw ids by type and global id.
  var nodes: [[String]] = []
  var edges: [Edge] = []
  /// Edges whose ends are in two shards.
  var cutEdges = 0

  /// Reads a graph, once it is verified.
  init(_ path: String) throws {
    if let problem = try Verification.run(path, pool: ThreadPool(threads: 1)).first {
      throw problem.error
    }
    store = try GraphStore.open(path)
    for (type, entry) in store.manifest.nodeTypes.enumerated() {
      let ids = try store.ids(NodeTypeID(type))
      nodes.append([])
      for node in 0..<UInt64(entry.count) {
        let raw = try ids.raw(of: NodeID(node))
        guard try ids.global(of: raw) == NodeID(node) else {
          throw StorageError.missing(path: "the way back of id \(raw)")
        }
        nodes[type].append(raw.description)
      }
    }
    for number in store.manifest.relations.indices { try readEdges(number) }
  }

  private mutating func readEdges(_ number: Int) throws {
    let relation = store.manifest.relations[number]
    let types = store.manifest.nodeTypes
    let name =
      "\(types[relation.sourceType].name) \(relation.name) \(types[relation.destinationType].name)"
    var scratch = PageScratch()
    for shard in (0..<store.book.shardCount).map({ ShardID($0) }) {
      guard let lists = try store.edges(RelationID(number), shard: shard) else { continue }
      let owned = store.book.nodes(of: NodeTypeID(relation.destinationType), in: shard)
      let values = try relation.columns.map { column in
        try text(
          store.edgeColumn(column.name, relation: RelationID(number), shard: shard)!, column)
      }
      for local in 0..<lists.destinationCount {
        let range = try lists.edgeRange(of: LocalNodeID(UInt64(local)))
        var sources: [NodeID] = []
        try lists.copySources(of: range, into: &sources, scratch: &scratch)
        for (position, source) in zip(range, sources) {
          let home = store.book.locate(source, type: NodeTypeID(relation.sourceType))
          if home!.shard != shard { cutEdges += 1 }
          edges.append(
            Edge(
              relation: name, source: nodes[relation.sourceType][Int(source.rawValue)],
              destination: nodes[relation.destinationType][Int(owned.lowerBound) + local],
              values: values.map { $0[position] }))
        }
      }
    }
  }

  /// The names of a type's columns.
  func columns(of type: String) -> [String] {
    store.manifest.nodeTypes.first { $0.name == type }!.columns.map(\.name)
  }

  /// The values of a column of width 1 by raw id.
  func column(_ name: String, of type: String) throws -> [String: String] {
    let number = store.manifest.nodeTypes.firstIndex { $0.name == type }!
    let entry = store.manifest.nodeTypes[number].columns.first { $0.name == name }!
    var result: [String: String] = [:]
    try forEachPart(of: name, number) { column, raws in
      for (raw, text) in zip(raws, try text(column, entry)) { result[raw] = text }
    }
    return result
  }

  /// The rows of features by raw id.
  func features(of type: String) throws -> [String: [Double]] {
    let number = store.manifest.nodeTypes.firstIndex { $0.name == type }!
    let width = store.manifest.nodeTypes[number].columns.first { $0.name == "features" }!.width
    let all = (0..<UInt64(nodes[number].count)).map { NodeID($0) }
    var rows = [Float](repeating: 0, count: all.count * width)
    var span = rows.mutableSpan
    try NodeRows("features", of: NodeTypeID(number), in: store).copyRows(of: all.span, into: &span)
    var result: [String: [Double]] = [:]
    for (row, raw) in nodes[number].enumerated() {
      result[raw] = rows[row * width..<(row + 1) * width].map(Double.init)
    }
    return result
  }

  private func forEachPart(
    of name: String, _ type: Int, _ body: (Column, ArraySlice<String>) throws -> Void
  ) throws {
    for shard in (0..<store.book.shardCount).map({ ShardID($0) }) {
      let owned = store.book.nodes(of: NodeTypeID(type), in: shard)
      guard let column = try store.nodeColumn(name, type: NodeTypeID(type), shard: shard)
      else { continue }
      try body(column, nodes[type][Int(owned.lowerBound)..<Int(owned.upperBound)])
    }
  }

  private func text(_ column: Column, _ entry: ColumnEntry) throws -> [String] {
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
