package import MerestoneCore
import Synchronization

/// An opened GRAPH directory.
///
/// Opening reads the manifest and the headers of the files and compares sizes: milliseconds at any
/// size. Files are mapped on first use and stay mapped. Any thread may read.
package final class GraphStore: Sendable {
  package let path: String
  package let manifest: GraphManifest
  /// The CRC-32C of the manifest's bytes: equal for graphs with equal bytes.
  package let fingerprint: UInt32

  /// The manifest's files, by path.
  let listed: [String: FileEntry]
  private let opened = Mutex(Opened())
  let mappedMemory = MappedMemory()
  /// What node columns may stay mapped, and what else lives as long as the graph shares.
  package let columnBudget = MemoryBudget()
  package let spareMemory = SpareMemory()

  /// Files in use, by path.
  private struct Opened {
    var edges: [String: EdgeStore] = [:]
    var reverse: [String: ReverseStore] = [:]
    var columns: [String: Column] = [:]
    // Of the columns in the budget, by path.
    var mappedShares: [String: Double] = [:]
    var ids: [NodeTypeID: IDMap] = [:]
  }

  package var book: PartitionBook { manifest.book }

  /// Opens a graph.
  ///
  /// - Throws: ``StorageError/missing(path:)`` for a directory without manifest or a listed file
  ///   that is not there; ``StorageError/wrongVersion(path:byteOffset:expected:found:)``;
  ///   ``StorageError/wrongSize(path:expected:found:)``; other cases for a damaged manifest or
  ///   header.
  /// - Complexity: O(files), the manifest and 128 bytes of each file are read.
  package static func open(_ path: String) throws(StorageError) -> GraphStore {
    let store = try GraphStore(readingManifestOf: path)
    for file in store.manifest.files { try store.checkSize(of: file) }
    for piece in store.pieces { try store.checkHeader(of: piece) }
    for type in store.manifest.nodeTypes.indices { _ = try store.openIDs(NodeTypeID(type)) }
    return store
  }

  /// Reads the manifest and nothing else.
  init(readingManifestOf path: String) throws(StorageError) {
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
    self.path = String(trimmed)
    let manifestPath = self.path + "/" + GraphManifest.fileName
    let bytes = try MappedFile(path: manifestPath).withBytes { bytes throws(StorageError) in
      // SAFETY: the bytes are copied while the span is lent.
      unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    }
    manifest = try GraphManifest(decoding: bytes, path: manifestPath)
    fingerprint = bytes.checksumOfLast(bytes.count)
    listed = Dictionary(
      manifest.files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// One shard's in-edges of a relation; `nil` where it has none.
  package func edges(
    _ relation: RelationID, shard: ShardID
  ) throws(StorageError) -> EdgeStore? {
    let name = GraphLayout.edges(relation, shard: shard)
    if let store = opened.withLock({ $0.edges[name] }) { return store }
    let store = try openEdges(relation, manifest.relations[relation.rawValue], shard)
    guard let store else { return nil }
    return opened.withLock { opened in
      if let earlier = opened.edges[name] { return earlier }
      opened.edges[name] = store
      return store
    }
  }

  /// The packed pages of one shard's in-edges of a relation, without an index where they are a second
  /// stream; `nil` where it has none.
  ///
  /// - Precondition: The manifest says that the relation has packed pages.
  package func packedEdges(
    _ relation: RelationID, shard: ShardID
  ) throws(StorageError) -> EdgeStore? {
    let entry = manifest.relations[relation.rawValue]
    precondition(entry.isPacked, "packed pages that are not stored")
    guard entry.hasPackedStream else { return try edges(relation, shard: shard) }
    let name = GraphLayout.packedEdges(relation, shard: shard)
    if let store = opened.withLock({ $0.edges[name] }) { return store }
    guard let store = try openPackedEdges(relation, shard) else { return nil }
    return opened.withLock { opened in
      if let earlier = opened.edges[name] { return earlier }
      opened.edges[name] = store
      return store
    }
  }

  /// The out-edges of a relation from one shard's nodes; `nil` where there are none.
  ///
  /// - Precondition: The manifest says that the relation has its out-edges stored.
  package func outEdges(
    _ relation: RelationID, shard: ShardID
  ) throws(StorageError) -> ReverseStore? {
    precondition(
      manifest.relations[relation.rawValue].reverse != nil, "out-edges that are not stored")
    let name = GraphLayout.reverse(relation, shard: shard)
    if let store = opened.withLock({ $0.reverse[name] }) { return store }
    guard let store = try openReverse(relation, shard) else { return nil }
    return opened.withLock { opened in
      if let earlier = opened.reverse[name] { return earlier }
      opened.reverse[name] = store
      return store
    }
  }

  /// A shard's part of a node column: row = local id. `nil` where the shard has no such nodes.
  ///
  /// Columns stay mapped while ``columnBudget`` lasts, an equal part of every shard's rows.
  ///
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` for a name that the type
  ///   does not have; what opening a ``Column`` throws.
  package func nodeColumn(
    _ name: String, type: NodeTypeID, shard: ShardID
  ) throws(StorageError) -> Column? {
    let entry = manifest.nodeTypes[type.rawValue]
    let number = try position(of: name, in: entry.columns, owner: entry.name)
    let column = entry.columns[number]
    let path = GraphLayout.nodeColumn(number, of: type, shard: shard)
    return try self.column(path, column, rows: book.nodes(of: type, in: shard)) {
      opened.withLock { opened in
        if let known = opened.mappedShares[path] { return known }
        let bytes = entry.count * column.width * column.element.byteCount
        spareMemory.drop()
        let share = bytes == 0 ? 1 : Double(columnBudget.take(upTo: bytes)) / Double(bytes)
        for shard in 0..<book.shardCount {
          let path = GraphLayout.nodeColumn(number, of: type, shard: ShardID(shard))
          opened.mappedShares[path] = share
        }
        return share
      }
    }
  }

  /// What the manifest says of a node column.
  ///
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` for a name that the type
  ///   does not have.
  func columnEntry(_ name: String, of type: NodeTypeID) throws(StorageError) -> ColumnEntry {
    let entry = manifest.nodeTypes[type.rawValue]
    return entry.columns[try position(of: name, in: entry.columns, owner: entry.name)]
  }

  /// A shard's part of an edge column: row = position in the shard's CSC. `nil` where the shard has
  /// no such edges.
  package func edgeColumn(
    _ name: String, relation: RelationID, shard: ShardID
  ) throws(StorageError) -> Column? {
    let (number, entry) = try edgeEntry(name, of: relation)
    return try column(
      GraphLayout.edgeColumn(number, of: relation, shard: shard), entry,
      rows: book.edges(of: relation, in: shard))
  }

  /// A shard's part of the cumulative weights of an edge column: see ``CumulativeWeights``. `nil` where it
  /// has no rows.
  ///
  /// - Precondition: The manifest says that the column has them.
  package func edgeSums(
    _ name: String, relation: RelationID, shard: ShardID
  ) throws(StorageError) -> Column? {
    let (number, entry) = try edgeEntry(name, of: relation)
    guard let sums = entry.cumulative else {
      preconditionFailure("cumulative weights that are not stored")
    }
    return try column(
      GraphLayout.edgeSums(number, of: relation, shard: shard), CumulativeWeights.entry,
      rows: sums.rows(of: book.edges(of: relation, in: shard)))
  }

  /// A shard's part of the order of an edge column of times, its positions and its times: see
  /// ``TimeOrder``. `nil` where it has no rows.
  ///
  /// - Precondition: The manifest says that the column has an order.
  package func edgeOrder(
    _ name: String, relation: RelationID, shard: ShardID
  ) throws(StorageError) -> (positions: Column?, times: Column?) {
    let (number, entry) = try edgeEntry(name, of: relation)
    guard let order = entry.order else { preconditionFailure("an order that is not stored") }
    let edges = book.edges(of: relation, in: shard)
    return (
      try column(
        GraphLayout.edgeOrder(number, of: relation, shard: shard), TimeOrder.positions, rows: edges),
      try column(
        GraphLayout.edgeTimes(number, of: relation, shard: shard), TimeOrder.times,
        rows: order.rows(of: edges))
    )
  }

  /// The raw ids of a node type, both ways.
  package func ids(_ type: NodeTypeID) throws(StorageError) -> IDMap {
    if let ids = opened.withLock({ $0.ids[type] }) { return ids }
    let ids = try openIDs(type)
    return opened.withLock { opened in
      if let earlier = opened.ids[type] { return earlier }
      opened.ids[type] = ids
      return ids
    }
  }

  /// Gives the memory of mapped files back, but for what ``columnBudget`` has for node columns; later
  /// reads fault it in again.
  func dropMappedFiles() {
    let opened = opened.withLock { $0 }
    for edges in opened.edges.values { edges.drop() }
    for edges in opened.reverse.values { edges.drop() }
    for (name, column) in opened.columns {
      // Node columns have a part of the memory of their own.
      if opened.mappedShares[name] == nil { column.drop() } else { column.dropUnmapped() }
    }
    for ids in opened.ids.values {
      for column in ids.columns { column.drop() }
    }
  }

  func openIDs(_ type: NodeTypeID) throws(StorageError) -> IDMap {
    let entry = manifest.nodeTypes[type.rawValue]
    let prefix = path + "/"
    return try IDMap.open(
      prefix: prefix + GraphLayout.ids(type), kind: entry.idKind, storage: entry.rawIDStorage,
      count: entry.count
    ) { listed[String($0.dropFirst(prefix.count))]?.checksum }
  }

  /// An edge column's number, and what the manifest says of it.
  private func edgeEntry(
    _ name: String, of relation: RelationID
  ) throws(StorageError) -> (Int, ColumnEntry) {
    let entry = manifest.relations[relation.rawValue]
    let number = try position(of: name, in: entry.columns, owner: entry.name)
    return (number, entry.columns[number])
  }

  private func position(
    of name: String, in columns: [ColumnEntry], owner: String
  ) throws(StorageError) -> Int {
    if let number = GraphManifest.position(of: name, in: columns) { return number }
    throw .invalid(
      path: path, what: "column of \(owner)",
      expected: columns.isEmpty
        ? "none, it has no columns" : "one of " + columns.map(\.name).joined(separator: ", "),
      found: name, mend: "choose a column that the graph has, or preprocess with it")
  }

  private func column(
    _ name: String, _ entry: ColumnEntry, rows: Range<UInt64>, mappedShare: () -> Double = { 1 }
  ) throws(StorageError) -> Column? {
    if let column = opened.withLock({ $0.columns[name] }) { return column }
    guard
      let column = try openColumn(name, entry, rows: rows, mappedShare: mappedShare())
    else { return nil }
    return opened.withLock { opened in
      if let earlier = opened.columns[name] { return earlier }
      opened.columns[name] = column
      return column
    }
  }

  /// Maps a column and compares its headers with the manifest.
  func openColumn(
    _ name: String, _ entry: ColumnEntry, rows: Range<UInt64>, mappedShare: Double = 1
  ) throws(StorageError) -> Column? {
    guard let file = listed[name] else {
      if rows.isEmpty { return nil }
      throw .missing(path: path + "/" + name)
    }
    return try Column.open(
      path: path + "/" + name, element: entry.element, rows: rows.count, width: entry.width,
      checksum: file.checksum, mappedShare: mappedShare)
  }

  /// Maps an edge file and compares its header with the manifest.
  func openEdges(
    _ relation: RelationID, _ entry: RelationEntry, _ shard: ShardID
  ) throws(StorageError) -> EdgeStore? {
    let destinations = book.nodes(of: NodeTypeID(entry.destinationType), in: shard)
    return try openEdgeFile(
      GraphLayout.edges(relation, shard: shard), relation, shard, destinations: destinations.count)
  }

  /// Maps a second stream and compares its header with the manifest.
  func openPackedEdges(
    _ relation: RelationID, _ shard: ShardID
  ) throws(StorageError) -> EdgeStore? {
    let store = try openEdgeFile(
      GraphLayout.packedEdges(relation, shard: shard), relation, shard, destinations: 0)
    guard let store, store.pageFormat != .packed else { return store }
    throw .corrupt(
      path: store.path, byteOffset: 96, field: "page format", expected: "1, packed",
      found: "\(store.pageFormat.code)")
  }

  private func openEdgeFile(
    _ name: String, _ relation: RelationID, _ shard: ShardID, destinations: Int
  ) throws(StorageError) -> EdgeStore? {
    let entry = manifest.relations[relation.rawValue]
    let owned = book.edges(of: relation, in: shard)
    guard let file = listed[name] else {
      if owned.isEmpty { return nil }
      throw .missing(path: path + "/" + name)
    }
    let store = try EdgeStore(path: path + "/" + name, expectedBytes: file.bytes)
    guard store.header.checksum == file.checksum else {
      throw .wrongChecksum(
        path: store.path, byteOffset: 0, byteCount: EdgeFileHeader.byteCount,
        expected: file.checksum, found: store.header.checksum)
    }
    let sources = UInt64(manifest.nodeTypes[entry.sourceType].count)
    let checks: [(offset: Int, field: String, expected: UInt64, found: UInt64)] = [
      (12, "bytes of an id", UInt64(entry.idBytes), UInt64(store.idBytes)),
      (24, "destinations", UInt64(destinations), UInt64(store.destinationCount)),
      (32, "edges", UInt64(owned.count), UInt64(store.edgeCount)),
      (40, "largest source id", sources == 0 ? 0 : sources - 1, store.maximumSource),
    ]
    for check in checks where check.expected != check.found {
      throw .corrupt(
        path: store.path, byteOffset: check.offset, field: check.field,
        expected: "\(check.expected)", found: "\(check.found)")
    }
    return store
  }
}
