import MerestoneCore
import MerestoneStorage

/// What is known about one node.
struct NodeRecord {
  var raw: RawID
  var global: NodeID
  var shard: ShardID
  var local: LocalNodeID
  var inDegree: Int
  var columns: [(name: String, value: JSON)]

  var json: JSON {
    .object([
      "raw": raw.json,
      "global": .unsigned(global.rawValue),
      "shard": .integer(shard.rawValue),
      "local": .unsigned(local.rawValue),
      "inDegree": .integer(inDegree),
      "columns": .members(columns.map { JSON.Member(key: $0.name, value: $0.value) }),
    ])
  }
}

/// Reads nodes of one type with their degrees and columns of width 1.
struct NodeReader {
  let entry: NodeTypeEntry
  private let store: GraphStore
  private let type: NodeTypeID
  private let ids: IDMap

  init(_ store: GraphStore, type: NodeTypeID) throws(StorageError) {
    self.store = store
    self.type = type
    entry = store.manifest.nodeTypes[type.rawValue]
    ids = try store.ids(type)
  }

  /// - Precondition: The graph has the node.
  func record(of node: NodeID) throws(StorageError) -> NodeRecord {
    guard let place = store.book.locate(node, type: type) else {
      preconditionFailure("node \(node) of \(entry.count)")
    }
    return NodeRecord(
      raw: try ids.raw(of: node), global: node, shard: place.shard, local: place.local,
      inDegree: try inDegree(place.local, place.shard),
      columns: try columns(place.local, place.shard))
  }

  /// Over all relations that end at this type.
  private func inDegree(_ local: LocalNodeID, _ shard: ShardID) throws(StorageError) -> Int {
    var sum = 0
    for (number, relation) in store.manifest.relations.enumerated()
    where relation.destinationType == type.rawValue {
      guard let edges = try store.edges(RelationID(number), shard: shard) else { continue }
      sum += try edges.edgeRange(of: local).count
    }
    return sum
  }

  private func columns(
    _ local: LocalNodeID, _ shard: ShardID
  ) throws(StorageError) -> [(name: String, value: JSON)] {
    var result: [(name: String, value: JSON)] = []
    for column in entry.columns where column.width == 1 {
      guard let rows = try store.nodeColumn(column.name, type: type, shard: shard) else { continue }
      result.append((column.name, try value(of: column, rows, Int(local.rawValue))))
    }
    return result
  }

  private func value(
    of column: ColumnEntry, _ rows: Column, _ row: Int
  ) throws(StorageError) -> JSON {
    if let categories = column.categories {
      let code = Int(try rows.integer(at: row))
      return categories.indices.contains(code) ? .string(categories[code]) : .null
    }
    if column.name == "split" {
      let code = UInt8(truncatingIfNeeded: try rows.integer(at: row))
      return (Split(rawValue: code)?.word).map { .string($0) } ?? .null
    }
    switch column.element {
    case .f16, .f32, .f64: return .number(try rows.value(at: row))
    default: return .integer(Int(try rows.integer(at: row)))
    }
  }
}
