import MerestoneCore
import MerestoneSampling
import MerestoneStorage

extension GraphSummary {
  var json: JSON {
    .object([
      "graph": .string(path),
      "nodes": .integer(nodes),
      "edges": .integer(edges),
      "shards": .integer(shards),
      "bitsPerEdge": .number(bitsPerEdge),
      "cutRatio": .number(manifest.partition.cutRatio),
      "cutEdges": .integer(manifest.partition.cutEdges),
      "nodeImbalance": .number(manifest.partition.nodeImbalance),
      "edgeImbalance": .number(manifest.partition.edgeImbalance),
      "trainImbalance": manifest.partition.trainImbalance.map { .number($0) } ?? .null,
      "partitionBookBytes": .integer(manifest.book.bytes),
      "diskBytes": .integer(diskBytes),
      "formatVersion": .integer(manifest.formatVersion),
      "streams": .object([
        "pages": stream(pageBytes),
        "packedPages": packedPageBytes.map(stream) ?? .null,
        "nodeIndex": stream(nodeIndexBytes),
        "headers": stream(headerBytes),
      ]),
      "parts": .object([
        "edges": .integer(edgeFileBytes),
        "reverse": .integer(reverseBytes),
        "edgeColumns": .integer(edgeColumnBytes),
        "cumulativeWeights": .integer(cumulativeBytes),
        "timeOrders": .integer(timeOrderBytes),
        "nodeColumns": .integer(nodeColumnBytes),
        "ids": .integer(idBytes),
      ]),
      "tableBytes": .members(tables.map { JSON.Member(key: $0.key, value: .integer($0.bytes)) }),
      "reading": .array(reading.map(Self.reading)),
      "nodeTypes": .array(manifest.nodeTypes.indices.map(nodeType)),
      "relations": .array(manifest.relations.indices.map(relation)),
      "flags": .members(
        manifest.flags.sorted { $0.key < $1.key }.map {
          JSON.Member(key: $0.key, value: .string($0.value))
        }),
      "inputs": .array(
        manifest.inputs.map {
          .object(["path": .string($0.path), "bytes": .integer($0.bytes)])
        }),
    ])
  }

  private static func reading(_ plan: ReadingPlan) -> JSON {
    .object([
      "memory": .integer(plan.memory.bytes),
      "way": .string(plan.way.rawValue),
      "flatBytes": .integer(plan.flatBytes.bytes),
      "packedBytes": plan.packedBytes.map { .integer($0.bytes) } ?? .null,
      "fileBytes": .integer(plan.fileBytes.bytes),
      "packedFileBytes": plan.packedFileBytes.map { .integer($0.bytes) } ?? .null,
      "dropsBehind": .bool(plan.dropsBehind),
    ])
  }

  private func stream(_ bytes: Int) -> JSON {
    .object(["bytes": .integer(bytes), "bitsPerEdge": .number(bits(bytes))])
  }

  private func nodeType(_ number: Int) -> JSON {
    let type = manifest.nodeTypes[number]
    let bounds = (0..<shards).map { manifest.book.nodes(of: NodeTypeID(number), in: ShardID($0)) }
    return .object([
      "name": .string(type.name),
      "nodes": .integer(type.count),
      "ids": .string(type.idKind.rawValue),
      "idStorage": .string(type.rawIDStorage.rawValue),
      "shardNodes": .array(bounds.map { .integer(Int($0.upperBound - $0.lowerBound)) }),
      "columns": .array(type.columns.map(column)),
    ])
  }

  private func relation(_ number: Int) -> JSON {
    let relation = manifest.relations[number]
    let bounds = (0..<shards).map { manifest.book.edges(of: RelationID(number), in: ShardID($0)) }
    return .object([
      "name": .string(relation.name),
      "source": .string(manifest.nodeTypes[relation.sourceType].name),
      "destination": .string(manifest.nodeTypes[relation.destinationType].name),
      "edges": .integer(relation.edgeCount),
      "idBytes": .integer(relation.idBytes),
      "maxInDegree": .integer(relation.maxInDegree),
      "shardEdges": .array(bounds.map { .integer(Int($0.upperBound - $0.lowerBound)) }),
      "columns": .array(relation.columns.map(column)),
      "weights": .array(
        relation.columns.filter { $0.cumulative != nil }.map { .string($0.name) }),
      "times": .array(relation.columns.filter { $0.order != nil }.map { .string($0.name) }),
    ])
  }

  private func column(_ column: ColumnEntry) -> JSON {
    .object([
      "name": .string(column.name),
      "type": .string(column.element.rawValue),
      "width": .integer(column.width),
      "categories": column.categories.map { .integer($0.count) } ?? .null,
    ])
  }
}
