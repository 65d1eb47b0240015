import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport

/// A graph of three node types and three relations in three shards, small enough to flip every byte.
///
/// Papers have strings as raw ids, authors sparse integers, topics dense ones; papers cite papers,
/// authors write papers, and no topic points at an author. One shard has no papers.
struct TestGraph {
  static let paperBounds: [UInt64] = [0, 600, 600, 1000]
  static let authorBounds: [UInt64] = [0, 10, 20, 30]
  static let topicBounds: [UInt64] = [0, 5, 6, 7]
  static let width = 3

  var cites: EdgeLists
  var writes: EdgeLists
  var seed: UInt64

  init(seed: UInt64) {
    self.seed = seed
    cites = EdgeLists(destinations: 1000, meanInDegree: 6, maximumSource: 999, seed: seed)
    writes = EdgeLists(destinations: 1000, meanInDegree: 2, maximumSource: 29, seed: seed + 1)
  }

  func paper(_ node: Int) -> String { node == 7 ? "" : "paper-\((node * 7919) % 1000)é" }
  func author(_ node: Int) -> UInt64 {
    RandomKey(seed: seed, stream: .generator).draws.wideWords(entity: UInt64(node), number: 0).x
  }
  func topic(_ node: Int) -> UInt64 { UInt64(9 - node) }
  func feature(_ node: Int, _ index: Int) -> Float { Float(node * 10 + index) }
  func label(_ node: Int) -> Int32 { node % 5 == 0 ? -1 : Int32(node % 4) }
  func split(_ index: Int) -> UInt8 { UInt8(index % 4) }

  /// Writes the graph.
  /// - Parameter change: Alters the manifest before it is committed.
  @discardableResult
  func write(
    to path: String, change: (inout GraphManifest) -> Void = { _ in },
    values: (split: (Int) -> UInt8, label: (Int) -> Int32)? = nil
  ) throws -> GraphManifest {
    let writer = try GraphWriter(output: path, shards: 3)
    var citeBounds: [UInt64] = [0]
    var writeBounds: [UInt64] = [0]
    var cut = 0
    for shard in 0..<3 {
      let lower = Int(Self.paperBounds[shard])
      let upper = Int(Self.paperBounds[shard + 1])
      for (number, lists) in [cites, writes].enumerated() {
        let part = EdgeLists(Array(lists.lists[lower..<upper]), maximumSource: lists.maximumSource)
        let bounds = number == 0 ? Self.paperBounds : Self.authorBounds
        cut += part.sources.filter { $0 < bounds[shard] || $0 >= bounds[shard + 1] }.count
        if number == 0 {
          citeBounds.append(citeBounds.last! + UInt64(part.sources.count))
        } else {
          writeBounds.append(writeBounds.last! + UInt64(part.sources.count))
        }
        if part.sources.isEmpty { continue }
        writer.add(
          try part.write(
            to: writer.path(GraphLayout.edges(RelationID(number), shard: ShardID(shard)))))
      }
      let column = { (index: Int) in
        writer.path(
          GraphLayout.nodeColumn(index, of: NodeTypeID(0), shard: ShardID(shard)))
      }
      let papers = lower..<upper
      try Self.write(
        papers.flatMap { node in (0..<Self.width).map { feature(node, $0) } }, .f32,
        width: Self.width, to: column(0), writer)
      try Self.write(papers.map(values?.label ?? label), .i32, to: column(1), writer)
      try Self.write(papers.map(values?.split ?? split), .u8, to: column(2), writer)
      let edges = citeBounds[shard]..<citeBounds[shard + 1]
      try Self.write(
        edges.map { split(Int($0)) }, .u8,
        to: writer.path(
          GraphLayout.edgeColumn(0, of: RelationID(0), shard: ShardID(shard))), writer)
    }
    let paperIDs = try IDMapWriter.write(
      strings: 1000, to: writer.path(GraphLayout.ids(NodeTypeID(0))), .deferred
    ) { node, body throws(StorageError) in
      let utf8 = Array(paper(node).utf8)
      try body(utf8.span.bytes)
    }
    let authors = (0..<30).map(author)
    let authorIDs = try IDMapWriter.write(
      integers: authors.span, to: writer.path(GraphLayout.ids(NodeTypeID(1))), .deferred)
    let topics = (0..<7).map(topic)
    let topicIDs = try IDMapWriter.write(
      integers: topics.span, to: writer.path(GraphLayout.ids(NodeTypeID(2))), .deferred)
    for ids in [paperIDs, authorIDs, topicIDs] { writer.add(ids.files) }
    let total = cites.sources.count + writes.sources.count
    var manifest = GraphManifest(
      nodeTypes: [
        NodeTypeEntry(
          name: "paper", count: 1000, idKind: paperIDs.kind, rawIDStorage: paperIDs.storage,
          columns: [
            ColumnEntry(name: "features", element: .f32, width: Self.width),
            ColumnEntry(name: "label", element: .i32, categories: ["a", "b", "c", "d"]),
            ColumnEntry(name: "split", element: .u8),
          ]),
        NodeTypeEntry(
          name: "author", count: 30, idKind: authorIDs.kind, rawIDStorage: authorIDs.storage),
        NodeTypeEntry(
          name: "topic", count: 7, idKind: topicIDs.kind, rawIDStorage: topicIDs.storage),
      ],
      relations: [
        RelationEntry(
          name: "cites", edgeCount: cites.sources.count, idBytes: 2,
          maxInDegree: cites.lists.map(\.count).max()!,
          columns: [ColumnEntry(name: "split", element: .u8)]),
        RelationEntry(
          sourceType: 1, name: "writes", edgeCount: writes.sources.count, idBytes: 1,
          maxInDegree: writes.lists.map(\.count).max()!),
        RelationEntry(
          sourceType: 2, name: "of", destinationType: 1, edgeCount: 0, idBytes: 1, maxInDegree: 0),
      ],
      book: try PartitionBook(
        nodeBounds: [Self.paperBounds, Self.authorBounds, Self.topicBounds],
        edgeBounds: [citeBounds, writeBounds, [0, 0, 0, 0]]),
      partition: PartitionSummary(cutEdges: cut, cutRatio: Double(cut) / Double(total)),
      flags: ["shards": "3"])
    change(&manifest)
    try writer.writeReport(Array("{}".utf8))
    return try writer.commit(manifest)
  }

  private static func write<T: BitwiseCopyable>(
    _ values: [T], _ element: ElementType, width: Int = 1, to path: String, _ writer: GraphWriter
  ) throws {
    var column = try ColumnWriter(
      path: path, element: element, rows: values.count / width, width: width)
    try column.append(values.span)
    writer.add(try column.finish(.deferred))
  }
}
