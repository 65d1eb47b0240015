import MerestoneCore

/// What a GRAPH directory holds: the content of its `manifest.json`.
///
/// The manifest is written last, so a directory without one is not a graph. Column names live only
/// here; files carry numbers.
package struct GraphManifest: Codable, Sendable, Equatable {
  /// The version that this program writes and reads.
  package static let currentVersion = 2

  package var formatVersion: Int
  package var nodeTypes: [NodeTypeEntry]
  package var relations: [RelationEntry]
  package var book: PartitionBook
  package var partition: PartitionSummary
  /// Flags that shaped the result, by name without dashes.
  package var flags: [String: String]
  package var inputs: [InputFingerprint]
  /// Every file of the graph but `manifest.json` and `report.json`, by path.
  package var files: [FileEntry]

  package init(
    nodeTypes: [NodeTypeEntry], relations: [RelationEntry], book: PartitionBook,
    partition: PartitionSummary = PartitionSummary(), flags: [String: String] = [:],
    inputs: [InputFingerprint] = [], files: [FileEntry] = []
  ) {
    formatVersion = Self.currentVersion
    self.nodeTypes = nodeTypes
    self.relations = relations
    self.book = book
    self.partition = partition
    self.flags = flags
    self.inputs = inputs
    self.files = files
  }

  /// The position of a column among those of its type or relation; `nil` where there is none.
  package static func position(of name: String, in columns: [ColumnEntry]) -> Int? {
    columns.firstIndex { $0.name == name }
  }

  /// The first thing in the manifest that contradicts another, as (what, expected, found).
  package var contradiction: (what: String, expected: String, found: String)? {
    if book.typeCount != nodeTypes.count {
      return ("node types in the book", "\(nodeTypes.count)", "\(book.typeCount)")
    }
    if book.relationCount != relations.count {
      return ("relations in the book", "\(relations.count)", "\(book.relationCount)")
    }
    for (number, type) in nodeTypes.enumerated() {
      let count = book.nodeCount(of: .init(number))
      if type.count != count {
        return ("nodes of type \(type.name)", "\(count)", "\(type.count)")
      }
      if let problem = Self.contradiction(in: type.columns, of: "type \(type.name)") {
        return problem
      }
      if let column = type.columns.first(where: { $0.cumulative != nil }) {
        return ("cumulative weights of \(column.name)", "none, nodes have no lists", "some")
      }
      if let column = type.columns.first(where: { $0.order != nil }) {
        return ("order of the times \(column.name)", "none, nodes have no lists", "some")
      }
    }
    for (number, relation) in relations.enumerated() {
      for type in [relation.sourceType, relation.destinationType]
      where !nodeTypes.indices.contains(type) {
        return ("node type of relation \(relation.name)", "0..<\(nodeTypes.count)", "\(type)")
      }
      let count = book.edgeCount(of: .init(number))
      if relation.edgeCount != count {
        return ("edges of relation \(relation.name)", "\(count)", "\(relation.edgeCount)")
      }
      if !(1...8).contains(relation.idBytes) {
        return ("bytes of an id of relation \(relation.name)", "1...8", "\(relation.idBytes)")
      }
      if relation.hasPackedStream, relation.pageFormat == .packed {
        return ("streams of relation \(relation.name)", "packed pages once", "twice")
      }
      if let problem = relation.reverse?.contradiction(
        relation: relation.name, shards: book.shardCount, edges: relation.edgeCount)
      {
        return problem
      }
      if let problem = Self.contradiction(in: relation.columns, of: "relation \(relation.name)") {
        return problem
      }
      if relation.maxInDegree > TimeOrder.longestList,
        let column = relation.columns.first(where: { $0.order != nil })
      {
        return (
          "longest list of relation \(relation.name) with an order of \(column.name)",
          "at most \(TimeOrder.longestList) edges", "\(relation.maxInDegree)"
        )
      }
    }
    for file in files
    where file.path.hasPrefix("/") || file.path.split(separator: "/").contains("..") {
      return ("file", "a path inside the graph", file.path)
    }
    return nil
  }

  private static func contradiction(
    in columns: [ColumnEntry], of owner: String
  ) -> (what: String, expected: String, found: String)? {
    for (number, column) in columns.enumerated() {
      if column.width < 1 || column.width > 1 << 40 {
        return ("width of column \(column.name) of \(owner)", "1 or more", "\(column.width)")
      }
      if let problem = column.cumulative?.contradiction(in: column) { return problem }
      if let problem = column.order?.contradiction(in: column) { return problem }
      if position(of: column.name, in: columns) != number {
        return ("columns of \(owner)", "names of their own", "\(column.name) twice")
      }
    }
    return nil
  }
}

/// One node type.
package struct NodeTypeEntry: Codable, Sendable, Equatable {
  package var name: String
  package var count: Int
  /// What the user's files call a node of this type.
  package var idKind: IDMap.Kind
  package var rawIDStorage: IDMap.Storage
  package var columns: [ColumnEntry]

  package init(
    name: String, count: Int, idKind: IDMap.Kind, rawIDStorage: IDMap.Storage,
    columns: [ColumnEntry] = []
  ) {
    self.name = name
    self.count = count
    self.idKind = idKind
    self.rawIDStorage = rawIDStorage
    self.columns = columns
  }
}

/// One relation: the triple (source type, name, destination type).
package struct RelationEntry: Codable, Sendable, Equatable {
  package var sourceType: Int
  package var name: String
  package var destinationType: Int
  package var edgeCount: Int
  /// Bytes of a source id in its edge files.
  package var idBytes: Int
  package var maxInDegree: Int
  package var columns: [ColumnEntry]
  /// `nil` where out-edges are not stored.
  package var reverse: ReverseEntry?
  /// How its edge files hold ids; `nil` for LZ4, as graphs have it that were made before there was a
  /// choice.
  private var encoding: PageFormat?
  /// `true` where the edges are stored once more in packed pages; else `nil`.
  private var packedStream: Bool?

  package init(
    sourceType: Int = 0, name: String, destinationType: Int = 0, edgeCount: Int, idBytes: Int,
    maxInDegree: Int, columns: [ColumnEntry] = [], pageFormat: PageFormat = .lz4,
    hasPackedStream: Bool = false
  ) {
    encoding = pageFormat == .lz4 ? nil : pageFormat
    packedStream = hasPackedStream ? true : nil
    self.sourceType = sourceType
    self.name = name
    self.destinationType = destinationType
    self.edgeCount = edgeCount
    self.idBytes = idBytes
    self.maxInDegree = maxInDegree
    self.columns = columns
  }

  /// How its edge files hold ids.
  package var pageFormat: PageFormat { encoding ?? .lz4 }

  /// Whether the edges are stored twice: in the edge files, and beside them in packed pages.
  package var hasPackedStream: Bool { packedStream ?? false }

  /// Whether packed pages hold the edges, alone or beside others.
  package var isPacked: Bool { pageFormat == .packed || hasPackedStream }
}

/// One column of a node type or relation; its place in the list is its number in file names.
package struct ColumnEntry: Codable, Sendable, Equatable {
  package var name: String
  package var element: ElementType
  /// Elements of a row.
  package var width: Int
  /// The words of a categorical column, by code; `nil` for numbers.
  package var categories: [String]?
  /// `nil` where no cumulative weights are stored; only edge columns have them.
  package var cumulative: CumulativeWeights?
  /// `nil` where no order of times is stored; only edge columns have one.
  package var order: TimeOrder?

  package init(
    name: String, element: ElementType, width: Int = 1, categories: [String]? = nil,
    cumulative: CumulativeWeights? = nil, order: TimeOrder? = nil
  ) {
    self.name = name
    self.element = element
    self.width = width
    self.categories = categories
    self.cumulative = cumulative
    self.order = order
  }
}

/// How well the graph is cut.
package struct PartitionSummary: Codable, Sendable, Equatable {
  /// Edges between shards, duplicates included, and their share of all edges.
  package var cutEdges: Int
  package var cutRatio: Double
  /// The largest shard over the mean, minus 1.
  package var nodeImbalance: Double
  package var edgeImbalance: Double
  /// Of the training nodes; `nil` where there is no split.
  package var trainImbalance: Double?

  package init(
    cutEdges: Int = 0, cutRatio: Double = 0, nodeImbalance: Double = 0, edgeImbalance: Double = 0,
    trainImbalance: Double? = nil
  ) {
    self.cutEdges = cutEdges
    self.cutRatio = cutRatio
    self.nodeImbalance = nodeImbalance
    self.edgeImbalance = edgeImbalance
    self.trainImbalance = trainImbalance
  }
}

/// What an input file was when the graph was made.
package struct InputFingerprint: Codable, Sendable, Equatable {
  /// The path as the user gave it.
  package var path: String
  package var bytes: Int
  /// For tables and features the CRC-32C of the file; for edges that of the checksums of the chunks
  /// in which they were read.
  package var checksum: UInt32

  package init(path: String, bytes: Int, checksum: UInt32) {
    self.path = path
    self.bytes = bytes
    self.checksum = checksum
  }
}
