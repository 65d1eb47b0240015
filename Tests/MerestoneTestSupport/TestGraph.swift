package import MerestoneCore
package import MerestoneStorage

/// A small homogeneous graph that a test writes down, or draws at random, and stores.
///
/// Nodes are numbered as their global ids, and raw ids equal global ids.
package struct TestGraph: Sendable {
  /// The sources of every node's in-edges, ascending; repetitions are parallel edges.
  package var lists: [[UInt64]]

  /// Where shards begin, and the node count: `[0, ..., lists.count]`.
  package var bounds: [UInt64]

  /// Rows of the `features` column; empty for none.
  package var features: [[Float]] = []

  /// The `label` column, -1 for none; empty for no column.
  package var labels: [Int32] = []

  /// The `split` column of the nodes; empty for no column.
  package var splits: [Split] = []

  /// The `split` column of the edges, in the order of the lists; empty for no column.
  package var edgeSplits: [Split] = []

  /// Further columns of the edges, in the order of the lists.
  package var edgeColumns: [TestColumn] = []

  /// How the edge files hold ids.
  package var pageFormat = PageFormat.lz4

  /// What a second stream of packed pages holds: the lists, if all is well; `nil` for none.
  package var packedLists: [[UInt64]]?

  /// Whether out-edges are stored, too.
  package var storesReverse = false

  /// What is done to stored orders of times, positions and times, before they get their checksums.
  package var damage: (@Sendable (inout [UInt32], inout [Int64]) -> Void)?

  package init(lists: [[UInt64]], bounds: [UInt64]? = nil) {
    self.lists = lists
    self.bounds = bounds ?? [0, UInt64(lists.count)]
  }

  /// A graph whose in-degrees vary around a mean, with a few hubs and isolated nodes.
  package init(nodes: Int, meanInDegree: Int, shards: Int = 1, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var lists: [[UInt64]] = []
    for _ in 0..<nodes {
      let isHub = Int.random(in: 0..<50, using: &generator) == 0
      let degree = Int.random(in: 0...(isHub ? 12 : 2) * meanInDegree, using: &generator)
      let list = (0..<degree).map { _ in
        UInt64.random(in: 0..<UInt64(nodes), using: &generator)
      }
      lists.append(list.sorted())
    }
    self.init(lists: lists)
    cut(into: shards)
  }

  /// Cuts the nodes into shards of about equal node counts.
  package mutating func cut(into shards: Int) {
    bounds = (0...shards).map { UInt64(lists.count * $0 / shards) }
  }

  package var nodeCount: Int { lists.count }
  package var edgeCount: Int { lists.reduce(0) { $0 + $1.count } }

  /// The id of every edge's list start: `indptr` of the whole graph.
  package var indptr: [Int] {
    lists.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
  }

  /// Stores the graph and opens it.
  package func store(at path: String) throws -> GraphStore {
    let shards = bounds.count - 1
    let writer = try GraphWriter(output: path, shards: shards)
    let indptr = self.indptr
    var nodeColumns: [ColumnEntry] = []
    if !features.isEmpty {
      nodeColumns.append(
        ColumnEntry(name: "features", element: .f32, width: features[0].count))
    }
    if !labels.isEmpty { nodeColumns.append(ColumnEntry(name: "label", element: .i32)) }
    if !splits.isEmpty { nodeColumns.append(ColumnEntry(name: "split", element: .u8)) }
    let splitColumns =
      edgeSplits.isEmpty
      ? []
      : [TestColumn(name: "split", element: .u8, values: edgeSplits.map { Double($0.rawValue) })]
    var edgeColumns = splitColumns + self.edgeColumns
    var edgeBounds: [UInt64] = []
    var idBytes = 1
    for shard in 0..<shards {
      let nodes = Int(bounds[shard])..<Int(bounds[shard + 1])
      let edges = indptr[nodes.lowerBound]..<indptr[nodes.upperBound]
      edgeBounds.append(UInt64(edges.lowerBound))
      if !edges.isEmpty {
        writer.add(
          try storeEdges(
            of: nodes, at: writer.path(GraphLayout.edges(RelationID(0), shard: ShardID(shard)))))
        if packedLists != nil {
          writer.add(
            try storePackedEdges(
              of: nodes,
              at: writer.path(GraphLayout.packedEdges(RelationID(0), shard: ShardID(shard)))))
        }
      }
      for (number, column) in nodeColumns.enumerated() {
        let file = writer.path(
          GraphLayout.nodeColumn(number, of: NodeTypeID(0), shard: ShardID(shard)))
        let values: [[UInt8]] =
          switch column.name {
          case "features": features[nodes].map { Self.bytes($0.map(\.bitPattern)) }
          case "label": [Self.bytes(labels[nodes].map { UInt32(bitPattern: $0) })]
          default: [splits[nodes].map(\.rawValue)]
          }
        writer.add(
          try Self.storeColumn(column, rows: nodes.count, values.flatMap { $0 }, at: file))
      }
      for (number, column) in edgeColumns.enumerated() {
        let file = writer.path(
          GraphLayout.edgeColumn(number, of: RelationID(0), shard: ShardID(shard)))
        writer.add(
          try Self.storeColumn(
            column.entry, rows: edges.count, edges.flatMap(column.bytes(at:)), at: file))
      }
    }
    edgeBounds.append(UInt64(edgeCount))
    for number in edgeColumns.indices where edgeColumns[number].storesSums {
      edgeColumns[number].entry.cumulative = try storeSums(
        of: number, edgeColumns[number].entry.element, edgeBounds, writer)
    }
    for number in edgeColumns.indices where edgeColumns[number].storesOrder {
      edgeColumns[number].entry.order = try storeOrder(
        of: number, edgeColumns[number].entry.element, edgeBounds, writer)
    }
    let reverse = storesReverse ? try storeReverse(writer) : nil
    while idBytes < 8, UInt64(max(0, nodeCount - 1)) >> (8 * UInt64(idBytes)) != 0 { idBytes += 1 }
    var manifest = try GraphManifest(
      nodeTypes: [
        NodeTypeEntry(
          name: "node", count: nodeCount, idKind: .integer, rawIDStorage: .identity,
          columns: nodeColumns)
      ],
      relations: [
        RelationEntry(
          name: "edge", edgeCount: edgeCount, idBytes: idBytes,
          maxInDegree: lists.map(\.count).max() ?? 0, columns: edgeColumns.map(\.entry),
          pageFormat: pageFormat, hasPackedStream: packedLists != nil)
      ],
      book: PartitionBook(nodeBounds: [bounds], edgeBounds: [edgeBounds]))
    manifest.relations[0].reverse = reverse
    try writer.commit(manifest)
    return try GraphStore.open(path)
  }

  private func storeReverse(_ writer: GraphWriter) throws -> ReverseEntry {
    var out = [[(destination: UInt64, edge: UInt64)]](repeating: [], count: nodeCount)
    var edge: UInt64 = 0
    for (destination, sources) in lists.enumerated() {
      for source in sources {
        out[Int(source)].append((UInt64(destination), edge))
        edge += 1
      }
    }
    var entry = ReverseEntry(shardEdges: [], maxOutDegree: out.map(\.count).max() ?? 0)
    for shard in 0..<bounds.count - 1 {
      let owned = out[Int(bounds[shard])..<Int(bounds[shard + 1])]
      let all = owned.flatMap { $0 }
      entry.shardEdges.append(all.count)
      if all.isEmpty { continue }
      let (degrees, destinations) = (owned.map { UInt64($0.count) }, all.map(\.destination))
      var lists = try EdgeStoreWriter(
        path: writer.path(GraphLayout.reverse(RelationID(0), shard: ShardID(shard))),
        destinationCount: owned.count, edgeCount: all.count, maximumSource: UInt64(nodeCount - 1))
      try lists.append(inDegrees: degrees.span, sources: destinations.span)
      writer.add(try lists.finish())
      let edges = all.map(\.edge)
      var ids = try EdgeIDWriter(
        path: writer.path(GraphLayout.reverseIDs(RelationID(0), shard: ShardID(shard))),
        count: all.count, edgeCount: edgeCount)
      try ids.append(edges.span)
      writer.add(try ids.finish())
    }
    return entry
  }

  private func storeSums(
    of number: Int, _ element: ElementType, _ edgeBounds: [UInt64], _ writer: GraphWriter
  ) throws -> CumulativeWeights {
    var entry = CumulativeWeights(everyEdgeCounts: true)
    for shard in 0..<bounds.count - 1 where edgeBounds[shard] < edgeBounds[shard + 1] {
      let (id, edges) = (ShardID(shard), edgeBounds[shard]..<edgeBounds[shard + 1])
      let path = writer.path(GraphLayout.edgeSums(number, of: RelationID(0), shard: id))
      var sums: [Double] = []
      let outcome = try WeightSummation(
        edges: EdgeStore(path: writer.path(GraphLayout.edges(RelationID(0), shard: id))),
        weights: Column.open(
          path: writer.path(GraphLayout.edgeColumn(number, of: RelationID(0), shard: id)),
          element: element),
        firstEdge: edges.lowerBound, spacing: entry.spacing
      ).run { rows, _ in for index in rows.indices { sums.append(rows[index]) } }
      guard case .complete(let everyEdgeCounts) = outcome else {
        preconditionFailure("weights of a test that are none")
      }
      if !everyEdgeCounts { entry.everyEdgeCounts = false }
      var file = try ColumnWriter(path: path, element: .f64, rows: sums.count, width: 1)
      try file.append(sums.span)
      writer.add(try file.finish())
    }
    return entry
  }

  private func storeOrder(
    of number: Int, _ element: ElementType, _ edgeBounds: [UInt64], _ writer: GraphWriter
  ) throws -> TimeOrder {
    let entry = TimeOrder()
    for shard in 0..<bounds.count - 1 where edgeBounds[shard] < edgeBounds[shard + 1] {
      let (id, edges) = (ShardID(shard), edgeBounds[shard]..<edgeBounds[shard + 1])
      var (positions, times): ([UInt32], [Int64]) = ([], [])
      try TimeSorting(
        edges: EdgeStore(path: writer.path(GraphLayout.edges(RelationID(0), shard: id))),
        times: Column.open(
          path: writer.path(GraphLayout.edgeColumn(number, of: RelationID(0), shard: id)),
          element: element),
        firstEdge: edges.lowerBound, spacing: entry.spacing
      ).run { part, ordered in
        for index in part.indices { positions.append(part[index]) }
        for index in ordered.indices { times.append(ordered[index]) }
      }
      damage?(&positions, &times)
      var file = try ColumnWriter(
        path: writer.path(GraphLayout.edgeOrder(number, of: RelationID(0), shard: id)),
        element: .u32, rows: positions.count, width: 1)
      try file.append(positions.span)
      writer.add(try file.finish())
      var ordered = try ColumnWriter(
        path: writer.path(GraphLayout.edgeTimes(number, of: RelationID(0), shard: id)),
        element: .i64, rows: times.count, width: 1)
      try ordered.append(times.span)
      writer.add(try ordered.finish())
    }
    return entry
  }

  private func storeEdges(of nodes: Range<Int>, at path: String) throws -> FileEntry {
    var writer = try EdgeStoreWriter(
      path: path, destinationCount: nodes.count,
      edgeCount: lists[nodes].reduce(0) { $0 + $1.count }, maximumSource: UInt64(nodeCount - 1),
      pageFormat: pageFormat)
    let degrees = lists[nodes].map { UInt64($0.count) }
    let sources = lists[nodes].flatMap { $0 }
    try writer.append(inDegrees: degrees.span, sources: sources.span)
    return try writer.finish()
  }

  private func storePackedEdges(of nodes: Range<Int>, at path: String) throws -> FileEntry {
    let sources = packedLists![nodes].flatMap { $0 }
    var writer = try EdgeStoreWriter(
      path: path, destinationCount: 0, edgeCount: sources.count,
      maximumSource: UInt64(nodeCount - 1), pageFormat: .packed)
    try writer.append(sources: sources.span)
    return try writer.finish()
  }

  static func storeColumn(
    _ column: ColumnEntry, rows: Int, _ bytes: [UInt8], at path: String
  ) throws -> [FileEntry] {
    var writer = try ColumnWriter(
      path: path, element: column.element, rows: rows, width: column.width)
    try writer.append(bytes.span)
    return try writer.finish()
  }

  static func bytes(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }
}
