public import MerestoneCore
import MerestoneStorage

extension Graph {
  /// The names of the node columns.
  public var nodeColumns: [String] {
    store.manifest.nodeTypes[nodeType.rawValue].columns.map(\.name)
  }

  /// The names of the edge columns.
  public var edgeColumns: [String] { store.manifest.relations[0].columns.map(\.name) }

  /// How many numbers a row of a node column has.
  public func width(ofNodeColumn name: String) throws(GraphError) -> Int {
    try nodeEntry(name).width
  }

  /// Gathers rows of a node column of numbers, such as `features`.
  ///
  /// - Returns: Row-major numbers in the order of `nodes`, shape `[nodes.count, width]`.
  /// - Complexity: O(rows); only the rows' pages are read, each MiB is verified on first touch.
  public func rows(
    of name: String, for nodes: [NodeID]
  ) throws(GraphError) -> [Float] {
    let column = try openRows(of: name)
    try check(nodes)
    var rows = [Float](repeating: 0, count: nodes.count * column.width)
    var span = rows.mutableSpan
    do throws(StorageError) {
      try column.copyRows(of: nodes.span, into: &span)
    } catch {
      throw GraphError(error)
    }
    return rows
  }

  /// The integers of a node column of width 1, such as `label`; -1 stands for no label.
  public func integers(
    of name: String, for nodes: [NodeID]
  ) throws(GraphError) -> [Int64] {
    try checkScalar(try nodeEntry(name))
    try check(nodes)
    var values: [Int64] = []
    values.reserveCapacity(nodes.count)
    do throws(StorageError) {
      for node in nodes {
        guard let place = store.book.locate(node, type: nodeType),
          let column = try store.nodeColumn(name, type: nodeType, shard: place.shard)
        else { throw .missing(path: "\(store.path): column \(name)") }
        values.append(try column.integer(at: Int(place.local.rawValue)))
      }
    } catch {
      throw GraphError(error)
    }
    return values
  }

  /// The numbers of an edge column of width 1, such as `weight` or `time`, for sampled edges.
  ///
  /// - Parameter edges: Global edge ids, as a ``Block`` holds them.
  public func values(
    ofEdgeColumn name: String, for edges: [EdgeID]
  ) throws(GraphError) -> [Double] {
    guard edgeColumns.contains(name) else {
      throw .unknownColumn(name: name, available: edgeColumns)
    }
    var values: [Double] = []
    values.reserveCapacity(edges.count)
    do throws(StorageError) {
      for edge in edges {
        guard let place = store.book.locate(edge: edge, relation: RelationID(0)),
          let column = try store.edgeColumn(name, relation: RelationID(0), shard: place.shard)
        else {
          throw .outOfRange(
            path: store.path, what: "edge", index: edge.rawValue, count: edgeCount)
        }
        values.append(try column.value(at: place.position))
      }
    } catch {
      throw GraphError(error)
    }
    return values
  }

  /// The words of a column whose values are codes of words, such as `relation`; `nil` for numbers.
  public func categories(ofEdgeColumn name: String) -> [String]? {
    store.manifest.relations[0].columns.first { $0.name == name }?.categories
  }

  /// The words of a node column whose values are codes of words; `nil` for numbers.
  public func categories(ofNodeColumn name: String) -> [String]? {
    store.manifest.nodeTypes[nodeType.rawValue].columns.first { $0.name == name }?.categories
  }

  /// The nodes of one part of the experiment, ascending.
  public func nodes(of split: Split, column: String = "split") throws(GraphError) -> [NodeID] {
    try checkScalar(try nodeEntry(column))
    var nodes: [NodeID] = []
    do throws(StorageError) {
      for shard in 0..<shardCount {
        let owned = store.book.nodes(of: nodeType, in: ShardID(shard))
        guard let codes = try store.nodeColumn(column, type: nodeType, shard: ShardID(shard))
        else { continue }
        try codes.forEachInteger { (row, code) in
          if code == Int64(split.rawValue) { nodes.append(NodeID(owned.lowerBound + UInt64(row))) }
        }
      }
    } catch {
      throw GraphError(error)
    }
    return nodes
  }

  /// Opens a node column for gathering; of the edges' destination type where none is named.
  func openRows(of name: String, type: NodeTypeID? = nil) throws(GraphError) -> NodeRows {
    let type = type ?? nodeType
    _ = try nodeEntry(name, of: type)
    do throws(StorageError) {
      return try NodeRows(name, of: type, in: store)
    } catch {
      throw GraphError(error)
    }
  }

  private func nodeEntry(
    _ name: String, of type: NodeTypeID? = nil
  ) throws(GraphError) -> ColumnEntry {
    let columns = store.manifest.nodeTypes[(type ?? nodeType).rawValue].columns
    guard let entry = columns.first(where: { $0.name == name }) else {
      throw .unknownColumn(name: name, available: columns.map(\.name))
    }
    return entry
  }

  private func checkScalar(_ column: ColumnEntry) throws(GraphError) {
    if column.width == 1 { return }
    throw .store(
      message: "column '\(column.name)' has rows of \(column.width) numbers, not one; read it with "
        + "rows(of:for:)")
  }

  private func check(_ nodes: [NodeID]) throws(GraphError) {
    let count = UInt64(nodeCount)
    for node in nodes where node.rawValue >= count {
      throw .nodeOutOfRange(node, nodeCount: nodeCount)
    }
  }
}
