import MerestoneCore

extension GraphStore {
  /// A file that the manifest's types, relations and columns call for.
  enum Piece {
    case edges(RelationID, ShardID)
    /// The second stream of the in-edges.
    case packedEdges(RelationID, ShardID)
    /// Out-edges, in two files.
    case reverse(RelationID, ShardID)
    case nodeColumn(Int, NodeTypeID, ShardID)
    case edgeColumn(Int, RelationID, ShardID)
    /// The cumulative weights of an edge column.
    case edgeSums(Int, RelationID, ShardID)
    /// The order of an edge column of times: positions, and times.
    case edgeOrder(Int, RelationID, ShardID)
    case edgeTimes(Int, RelationID, ShardID)
  }

  /// Every piece, those that are empty and have no file included.
  var pieces: [Piece] {
    var pieces: [Piece] = []
    for shard in (0..<book.shardCount).map({ ShardID($0) }) {
      for (number, type) in manifest.nodeTypes.enumerated() {
        pieces += type.columns.indices.map { .nodeColumn($0, NodeTypeID(number), shard) }
      }
      for (number, relation) in manifest.relations.enumerated() {
        pieces.append(.edges(RelationID(number), shard))
        if relation.hasPackedStream { pieces.append(.packedEdges(RelationID(number), shard)) }
        if relation.reverse != nil { pieces.append(.reverse(RelationID(number), shard)) }
        pieces += relation.columns.indices.map { .edgeColumn($0, RelationID(number), shard) }
        for (column, entry) in relation.columns.enumerated() {
          if entry.cumulative != nil {
            pieces.append(.edgeSums(column, RelationID(number), shard))
          }
          if entry.order != nil {
            pieces.append(.edgeOrder(column, RelationID(number), shard))
            pieces.append(.edgeTimes(column, RelationID(number), shard))
          }
        }
      }
    }
    return pieces
  }

  /// The piece's path in the graph.
  func name(of piece: Piece) -> String {
    switch piece {
    case .edges(let relation, let shard): GraphLayout.edges(relation, shard: shard)
    case .packedEdges(let relation, let shard): GraphLayout.packedEdges(relation, shard: shard)
    case .reverse(let relation, let shard): GraphLayout.reverse(relation, shard: shard)
    case .nodeColumn(let number, let type, let shard):
      GraphLayout.nodeColumn(number, of: type, shard: shard)
    case .edgeColumn(let number, let relation, let shard):
      GraphLayout.edgeColumn(number, of: relation, shard: shard)
    case .edgeSums(let number, let relation, let shard):
      GraphLayout.edgeSums(number, of: relation, shard: shard)
    case .edgeOrder(let number, let relation, let shard):
      GraphLayout.edgeOrder(number, of: relation, shard: shard)
    case .edgeTimes(let number, let relation, let shard):
      GraphLayout.edgeTimes(number, of: relation, shard: shard)
    }
  }

  /// Opens a column's part, newly; `nil` where it is empty or where the piece is no column.
  func openColumn(_ piece: Piece) throws(StorageError) -> Column? {
    switch piece {
    case .edges, .packedEdges, .reverse: return nil
    case .nodeColumn(let number, let type, let shard):
      return try openColumn(
        name(of: piece), manifest.nodeTypes[type.rawValue].columns[number],
        rows: book.nodes(of: type, in: shard))
    case .edgeColumn(let number, let relation, let shard):
      return try openColumn(
        name(of: piece), manifest.relations[relation.rawValue].columns[number],
        rows: book.edges(of: relation, in: shard))
    case .edgeSums(let number, let relation, let shard):
      let sums = manifest.relations[relation.rawValue].columns[number].cumulative
      guard let sums else { return nil }
      return try openColumn(
        name(of: piece), CumulativeWeights.entry,
        rows: sums.rows(of: book.edges(of: relation, in: shard)))
    case .edgeOrder(_, let relation, let shard):
      return try openColumn(
        name(of: piece), TimeOrder.positions, rows: book.edges(of: relation, in: shard))
    case .edgeTimes(let number, let relation, let shard):
      let order = manifest.relations[relation.rawValue].columns[number].order
      guard let order else { return nil }
      return try openColumn(
        name(of: piece), TimeOrder.times, rows: order.rows(of: book.edges(of: relation, in: shard)))
    }
  }

  /// Compares a piece's headers with the manifest.
  func checkHeader(of piece: Piece) throws(StorageError) {
    if case .reverse(let relation, let shard) = piece {
      _ = try openReverse(relation, shard)
      return
    }
    if case .packedEdges(let relation, let shard) = piece {
      _ = try openPackedEdges(relation, shard)
      return
    }
    guard case .edges(let relation, let shard) = piece else {
      _ = try openColumn(piece)
      return
    }
    let entry = manifest.relations[relation.rawValue]
    let store = try openEdges(relation, entry, shard)
    guard let store, store.maximumInDegree > entry.maxInDegree else { return }
    throw .corrupt(
      path: store.path, byteOffset: 48, field: "largest in-degree",
      expected: "at most \(entry.maxInDegree)", found: "\(store.maximumInDegree)")
  }

  /// Compares a listed file's size with the manifest.
  func checkSize(of file: FileEntry) throws(StorageError) {
    let whole = path + "/" + file.path
    guard let bytes = FolderTree.size(of: whole) else { throw .missing(path: whole) }
    guard bytes == file.bytes else {
      throw .wrongSize(path: whole, expected: file.bytes, found: bytes)
    }
  }
}
