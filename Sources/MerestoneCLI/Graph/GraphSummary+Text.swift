import MerestoneCore
import MerestoneSampling
import MerestoneStorage

extension GraphSummary {
  var text: String {
    [
      "\(path): \(nodes.counted("node")), \(edges.counted("edge")), \(shards.counted("shard"))",
      sections.map { "\($0.title)\n\($0.table.text)" }.joined(separator: "\n\n"),
      advice,
    ].joined(separator: "\n\n")
  }

  private typealias Section = (title: String, table: TextTable)

  private var sections: [Section] {
    [
      typesSection, relationsSection, shardsSection, partitionSection, diskSection, mappingSection,
      readingSection,
    ]
      + (manifest.flags.isEmpty ? [] : [flagsSection])
  }

  private var typesSection: Section {
    var table = TextTable(.left, .right, .left, .left)
    table.indent = 2
    for type in manifest.nodeTypes {
      table.add(
        type.name, type.count.grouped,
        "\(type.idKind.rawValue) ids (\(type.rawIDStorage.rawValue))",
        columns(type.columns))
    }
    return ("Nodes", table)
  }

  private var relationsSection: Section {
    var table = TextTable(.left, .right, .left, .left)
    table.indent = 2
    for relation in manifest.relations {
      table.add(
        name(of: relation), relation.edgeCount.grouped,
        "in-degree up to \(relation.maxInDegree.grouped)", columns(relation.columns))
    }
    return ("Edges", table)
  }

  /// With the types of both ends, where there are several.
  private func name(of relation: RelationEntry) -> String {
    guard manifest.nodeTypes.count > 1 else { return relation.name }
    let (source, destination) = (
      manifest.nodeTypes[relation.sourceType].name,
      manifest.nodeTypes[relation.destinationType].name
    )
    return "(\(source), \(relation.name), \(destination))"
  }

  private func columns(_ columns: [ColumnEntry]) -> String {
    columns.map { column in
      let width = column.width == 1 ? "" : "[\(column.width)]"
      let words = column.categories.map { ", \($0.count.counted("word"))" } ?? ""
      return "\(column.name) (\(column.element.rawValue)\(width)\(words))"
    }
    .joined(separator: ", ")
  }

  /// Large graphs have many shards; the first few show the pattern, `--json` has them all.
  private var shardsSection: Section {
    var table = TextTable(.left, .right, .right)
    table.indent = 2
    table.add("shard", "nodes", "edges")
    let shown = shards <= 16 ? shards : 8
    for shard in 0..<shown {
      let id = ShardID(shard)
      let nodes = manifest.nodeTypes.indices.reduce(0) {
        $0 + manifest.book.nodes(of: NodeTypeID($1), in: id).count
      }
      let edges = manifest.relations.indices.reduce(0) {
        $0 + manifest.book.edges(of: RelationID($1), in: id).count
      }
      table.add("\(shard)", nodes.grouped, edges.grouped)
    }
    if shown < shards { table.add("... \(shards - shown) more: --json", "", "") }
    return ("Shards", table)
  }

  private var partitionSection: Section {
    let partition = manifest.partition
    var table = TextTable(.left, .right, .left)
    table.indent = 2
    table.add(
      "edges cut", partition.cutRatio.asPercent,
      "\(partition.cutEdges.grouped) of \(edges.grouped) join two shards")
    table.add("node imbalance", partition.nodeImbalance.asPercent, "largest shard over the mean")
    table.add("edge imbalance", partition.edgeImbalance.asPercent, "")
    if let train = partition.trainImbalance {
      table.add("training nodes", train.asPercent, "")
    }
    return ("Partition", table)
  }

  private var diskSection: Section {
    var table = TextTable(.left, .right, .right)
    table.indent = 2
    func edgeStream(_ name: String, _ bytes: Int) {
      table.add(
        name, ByteCount(bytes).description, "\(bits(bytes).formatted(decimals: 2)) bits/edge")
    }
    edgeStream(packedPageBytes == nil ? "edge pages" : "edge pages, lz4", pageBytes)
    if let packedPageBytes { edgeStream("edge pages, packed", packedPageBytes) }
    edgeStream("node index", nodeIndexBytes)
    edgeStream("headers", headerBytes)
    edgeStream("edges together", edgeFileBytes)
    if reverseBytes > 0 { edgeStream("out-edges and ids", reverseBytes) }
    table.add("edge columns", ByteCount(edgeColumnBytes).description, "")
    if cumulativeBytes > 0 { edgeStream("cumulative weights", cumulativeBytes) }
    if timeOrderBytes > 0 { edgeStream("order of times", timeOrderBytes) }
    table.add("node columns", ByteCount(nodeColumnBytes).description, "")
    let perNode = nodes == 0 ? 0 : Double(idBytes) / Double(nodes)
    table.add(
      "raw ids", ByteCount(idBytes).description, "\(perNode.formatted(decimals: 2)) bytes/node")
    table.add("on disk", ByteCount(diskBytes).description, "")
    return ("Bytes", table)
  }

  private var mappingSection: Section {
    var table = TextTable(.left, .right, .right)
    table.indent = 2
    let book = manifest.book.bytes
    table.add("partition book", ByteCount(book).description, "")
    for other in tables {
      let factor = "\((Double(other.bytes) / Double(max(book, 1))).asMagnitude) times"
      table.add(other.name, ByteCount(other.bytes).description, factor)
    }
    return ("Memory to find the shard of a node or edge, and what other designs need", table)
  }

  /// Of the relation with the most edges.
  private var readingSection: Section {
    var table = TextTable(.left, .right, .left)
    table.indent = 2
    let largest = manifest.relations.indices.max {
      manifest.relations[$0].edgeCount < manifest.relations[$1].edgeCount
    }
    guard let largest else { return ("Ways to sample", table) }
    let plan = reading[largest]
    func add(_ way: Reading, _ bytes: ByteCount?, _ what: String) {
      let chosen = way == plan.way ? "; --memory selects this" : ""
      table.add(way.rawValue, bytes?.description ?? "-", what + chosen)
    }
    add(.flat, plan.flatBytes, "decoded once, the fastest")
    if let packed = plan.packedBytes, let files = plan.packedFileBytes {
      add(.packed, ByteCount(packed.bytes + files.bytes), "read from the mapped pages")
    } else {
      add(.packed, nil, "needs --encoding packed or both")
    }
    add(.grouped, nil, "pages decoded for groups of mini-batches, nothing kept")
    return ("Memory to sample from \(name(of: manifest.relations[largest]))", table)
  }

  private var flagsSection: Section {
    var table = TextTable(.left, .left)
    table.indent = 2
    for (name, value) in manifest.flags.sorted(by: { $0.key < $1.key }) {
      table.add(name, value)
    }
    return ("Made with these flags", table)
  }

  private var advice: String {
    var table = TextTable([.left, .left])
    table.indent = 2
    table.add("merestone verify \(path)", "check every byte")
    table.add("merestone lookup \(path) --global 0,1,2", "see some nodes")
    return "Next\n" + table.text
  }
}
