import MerestoneCore

/// Which relations have edge files of their own, and how an edge finds its relation.
struct EdgeLayout: Sendable {
  let relations: [RelationTriple]
  /// nil for edges of one relation.
  let scheme: RelationScheme?

  /// The columns that the graph stores.
  func columns(of source: EdgeSource) -> EdgeColumns {
    scheme == nil ? source.columns : source.columns.withoutRelation
  }

  /// How edges go to buckets.
  ///
  /// - Parameter rowBytes: Of the columns that the graph stores.
  func plan(
    _ degrees: Degrees, _ order: OrderStage.Record, _ types: NodeTypes, _ globals: [UInt32],
    rowBytes: Int
  ) throws(PreprocessError) -> RoutePlan {
    // Ids of all types in one row, type after type.
    var starts = [0]
    for count in types.counts { starts.append(starts.last! + count) }
    var degreesByGlobal = [UInt64](repeating: 0, count: globals.count)
    for (node, global) in globals.enumerated() {
      let start = types.isTyped ? starts[Int(types.ofNode[node])] : 0
      degreesByGlobal[start + Int(global)] = degrees.inDegree(of: node)
    }
    guard scheme != nil else {
      return RoutePlan(
        nodeBounds: order.nodeBounds[0], edgeCount: degrees.edgeCount, rowBytes: rowBytes
      ) { degreesByGlobal[$0] }
    }
    return try RoutePlan(
      nodeBounds: order.nodeBounds, relations: relations, rowBytes: rowBytes
    ) { degreesByGlobal[starts[$0] + $1] }
  }
}

extension PreprocessRun {
  /// Finds the relations, where edges are stored by relation.
  mutating func relations(
    _ source: EdgeSource, _ types: NodeTypes, _ journal: inout Journal, _ workplace: Workplace
  ) throws(PreprocessError) -> EdgeLayout {
    let isNamed = source.columns.position(of: "relation") != nil
    guard types.isTyped || (options.relations == .split && isNamed) else {
      let all = RelationTriple(source: 0, destination: 0, code: 0, edges: source.edgeCount)
      return EdgeLayout(relations: [all], scheme: nil)
    }
    var scheme = RelationScheme(types: types, columns: source.columns)
    if journal.relations == nil {
      clock.begin("relations", total: source.edgeCount, unit: "edges")
      let found = try RelationStage(
        source: source, scheme: scheme, pool: pool, progress: progress,
        cancellation: cancellation
      ).run()
      journal.relations = found
      clock.end(
        "\(found.count.grouped) relations among \(types.names.count.grouped) node types",
        work: source.edgeCount, unit: "edges")
      try keep(&journal, workplace)
    }
    scheme.learn(journal.relations!)
    return EdgeLayout(relations: journal.relations!, scheme: scheme)
  }
}
