import MerestoneCore
import MerestoneIngest
import MerestonePartition

/// The nodes of the graph by input index, and their raw ids.
struct NodeNumbering {
  enum RawIDs {
    case integers([UInt64])
    case strings(StringIndex)
  }

  var ids: RawIDs
  var count: Int
  /// How many nodes the node table lists; added ones follow.
  var listed: Int

  /// Numbers the nodes and both ends of every edge.
  ///
  /// The order is that of the node table where there is one, else ascending integers or first
  /// appearance; edges with ends that the table lacks are refused, dropped, or their ends added
  /// (integers ascending, strings by first appearance).
  static func number(
    _ parsed: consuming ParsedEdges, table: NodeTable?, inputs: InputFiles,
    options: PreprocessOptions, counts: inout PolicyCounts, pool: ThreadPool,
    cancellation: Cancellation
  ) throws(PreprocessError) -> (nodes: NodeNumbering, edges: GraphEdges) {
    let parsed = parsed
    var nodes: NodeNumbering
    var edges: GraphEdges
    switch parsed.ends {
    case .strings(let sources, let destinations):
      if table == nil, let features = inputs.features {
        throw .featuresNeedNodes(file: features.path)
      }
      let count = parsed.strings.count
      nodes = NodeNumbering(
        ids: .strings(parsed.strings), count: count, listed: table?.count ?? count)
      edges = GraphEdges(
        list: EdgeList(nodeCount: count, sources: sources, destinations: destinations))
      if options.unlistedNodes != .add, nodes.listed < count {
        // The unlisted are the numbers behind the table's.
        let listed = UInt32(nodes.listed)
        let firstUnlisted = edges.list.sources.indices.first {
          sources[$0] >= listed || destinations[$0] >= listed
        }
        if let edge = firstUnlisted, options.unlistedNodes == .error {
          let end = sources[edge] >= listed ? sources[edge] : destinations[edge]
          throw refusal(
            parsed, edge: edge, id: parsed.strings.text(Int(end)), table: table, inputs: inputs,
            listed: nodes.listed)
        }
        nodes.count = nodes.listed
        edges.list.nodeCount = nodes.listed
        counts.unlistedEdgesDropped = edges.drop(keepsRows: !parsed.columns.isEmpty) {
          $0 >= listed || $1 >= listed
        }
      }
    case .integers(let sources, let destinations):
      let listed = try listedIntegers(
        sources, destinations, table: table, inputs: inputs, options: options, pool: pool,
        cancellation: cancellation)
      let index = listed.map(IntegerIndex.init) ?? IntegerIndex(count: listedCount(inputs, options))
      nodes = NodeNumbering(
        ids: .integers(listed ?? (0..<UInt64(listedCount(inputs, options))).map { $0 }),
        count: listed?.count ?? listedCount(inputs, options),
        listed: listed?.count ?? listedCount(inputs, options))
      edges = GraphEdges(
        list: EdgeList(
          nodeCount: nodes.count, sources: index.positions(of: sources, pool: pool),
          destinations: index.positions(of: destinations, pool: pool)))
      try nodes.settleUnlisted(
        &edges, sources: sources, destinations: destinations, parsed: parsed, table: table,
        inputs: inputs, options: options, counts: &counts)
    }
    counts.unlistedNodesAdded = nodes.count - nodes.listed
    guard nodes.count <= EdgeList.nodeLimit else { throw .tooManyNodes(limit: EdgeList.nodeLimit) }
    return (nodes, edges)
  }

  /// The raw ids of the nodes that are known; nil where they are the first integers.
  private static func listedIntegers(
    _ sources: RawIntegers, _ destinations: RawIntegers, table: NodeTable?, inputs: InputFiles,
    options: PreprocessOptions, pool: ThreadPool, cancellation: Cancellation
  ) throws(PreprocessError) -> [UInt64]? {
    if case .integers(let ids)? = table?.ids { return ids }
    if options.nodeCount != nil || inputs.features != nil { return nil }
    return try DistinctIntegers.of(
      sources, destinations, pool: pool, cancellation: cancellation)
  }

  private static func listedCount(_ inputs: InputFiles, _ options: PreprocessOptions) -> Int {
    options.nodeCount ?? inputs.features?.rowCount ?? 0
  }

  /// Deals with edges whose ends were not found among the listed nodes.
  private mutating func settleUnlisted(
    _ edges: inout GraphEdges, sources: RawIntegers, destinations: RawIntegers,
    parsed: ParsedEdges, table: NodeTable?, inputs: InputFiles, options: PreprocessOptions,
    counts: inout PolicyCounts
  ) throws(PreprocessError) {
    let absent = IntegerIndex.absent
    let first = edges.list.sources.indices.first {
      edges.list.sources[$0] == absent || edges.list.destinations[$0] == absent
    }
    guard let first else { return }
    switch options.unlistedNodes {
    case .error:
      let isSource = edges.list.sources[first] == absent
      throw Self.refusal(
        parsed, edge: first, id: String(isSource ? sources[first] : destinations[first]),
        table: table, inputs: inputs, listed: listed)
    case .drop:
      counts.unlistedEdgesDropped = edges.drop(keepsRows: !parsed.columns.isEmpty) {
        $0 == absent || $1 == absent
      }
    case .add:
      var found: [UInt64] = []
      for edge in edges.list.sources.indices {
        if edges.list.sources[edge] == absent { found.append(sources[edge]) }
        if edges.list.destinations[edge] == absent { found.append(destinations[edge]) }
      }
      let added = DistinctIntegers.withoutRepetitions(found.sorted())
      let index = IntegerIndex(added)
      let base = UInt32(count)
      for edge in edges.list.sources.indices {
        if edges.list.sources[edge] == absent {
          edges.list.sources[edge] = base + index.position(of: sources[edge])
        }
        if edges.list.destinations[edge] == absent {
          edges.list.destinations[edge] = base + index.position(of: destinations[edge])
        }
      }
      if case .integers(let known) = ids { ids = .integers(known + added) }
      count += added.count
      edges.list.nodeCount = count
    }
  }

  private static func refusal(
    _ parsed: ParsedEdges, edge: Int, id: String, table: NodeTable?, inputs: InputFiles,
    listed: Int
  ) -> PreprocessError {
    let place = parsed.place(of: edge)
    let reader = inputs.edges[place.file]
    let line = try? reader.line(ofRow: place.row)
    if let table {
      return .unlistedNode(
        file: reader.path, row: place.row, line: line, id: id, nodes: table.path)
    }
    if let features = inputs.features {
      return .featuresTooFew(
        file: features.path, rows: features.rowCount, edges: reader.path, row: place.row, id: id)
    }
    return .idBeyondCount(
      file: reader.path, row: place.row, line: line, id: id, nodeCount: listed)
  }

  /// The input index of row `row` of `column`; nil for a node that does not exist.
  func find(_ column: RawIDColumn, _ row: Int, integers: IntegerIndex?) -> UInt32? {
    switch (ids, column) {
    case (.integers, .integers(let values)):
      let position = integers?.position(of: values[row]) ?? IntegerIndex.absent
      return position == IntegerIndex.absent ? nil : position
    case (.strings(let strings), .strings(let values)):
      return strings.find(values, at: row).flatMap { Int($0) < count ? $0 : nil }
    default: return nil
    }
  }
}

extension GraphEdges {
  /// Drops the edges whose ends satisfy `isDropped`.
  /// - Returns: How many were dropped.
  mutating func drop(keepsRows: Bool, where isDropped: (UInt32, UInt32) -> Bool) -> Int {
    var marks = [UInt8](repeating: 0, count: list.count)
    var dropped = 0
    for edge in marks.indices where isDropped(list.sources[edge], list.destinations[edge]) {
      marks[edge] = Mark.dropped.rawValue
      dropped += 1
    }
    if dropped > 0 { apply(marks, keepsRows: keepsRows) }
    return dropped
  }
}
