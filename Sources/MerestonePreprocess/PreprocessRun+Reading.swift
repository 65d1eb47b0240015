import MerestoneCore
import MerestoneIngest
import MerestonePartition

extension PreprocessRun {
  /// The node table, where there is one.
  mutating func readTable(_ inputs: InputFiles) throws(PreprocessError) -> NodeTable? {
    guard let path = inputs.nodes else { return nil }
    clock.begin("read nodes", unit: "nodes")
    let table = try read(path, kind: inputs.idKind)
    clock.end("\(table.count.grouped) nodes of \(path) read", work: table.count, unit: "nodes")
    return table
  }

  private func read(_ path: String, kind: RawIDKind) throws(PreprocessError) -> NodeTable {
    var tableOptions = NodeTable.Options()
    tableOptions.ids = kind == .integer ? .integer : .string
    return try PreprocessError.reading { () throws(IngestError) in
      try NodeTable.read(path, options: tableOptions, pool: pool, cancellation: cancellation)
    }
  }

  /// All edges, and the nodes that they and the table name.
  mutating func readEdges(
    _ inputs: inout InputFiles, table: NodeTable?, estimate: MemoryEstimate
  ) throws(PreprocessError) -> (NodeNumbering, GraphEdges, [NamedColumn]) {
    clock.begin("read edges", total: inputs.fileBytes, unit: "bytes")
    for reader in inputs.edges {
      if let line = reader.headerLine {
        warn("\(reader.path), line \(line) was taken for the names of the columns, not for an edge")
      }
    }
    try inputs.inferColumnTypes(pool: pool, cancellation: cancellation)
    var strings = StringIndex()
    if case .strings(let known)? = table?.ids {
      for index in 0..<known.count { _ = strings.intern(known, at: index) }
    }
    let parsed = try ParsedEdges.read(
      inputs, strings: strings, estimate: estimate, cap: options.memory, pool: pool,
      progress: progress, cancellation: cancellation)
    for warning in parsed.warnings { warn(warning) }
    report.counts.inputEdges = parsed.count
    report.inputBytes = inputs.fileBytes
    clock.end("\(parsed.count.grouped) edges read", work: inputs.fileBytes, unit: "bytes")
    try checkCancelled()

    clock.begin("number nodes", total: parsed.count, unit: "edges")
    let columns = parsed.columns
    let (nodes, edges) = try NodeNumbering.number(
      parsed, table: table, inputs: inputs, options: options, counts: &report.counts, pool: pool,
      cancellation: cancellation)
    clock.end("\(nodes.count.grouped) nodes numbered", work: edges.list.count, unit: "edges")
    if let features = inputs.features, features.rowCount != nodes.listed {
      throw .ingest(
        .featureRowCount(features.path, rows: features.rowCount, nodes: nodes.listed))
    }
    if inputs.features != nil, nodes.count > nodes.listed {
      warn(
        "\((nodes.count - nodes.listed).grouped) added nodes have no feature row and get zeros; "
          + "list them in the node table")
    }
    return (nodes, edges, columns)
  }

  /// The node columns of the table and of `--labels`.
  func readNodeColumns(
    _ inputs: InputFiles, table: NodeTable?, nodes: NodeNumbering
  ) throws(PreprocessError) -> NodeColumns {
    var columns = NodeColumns(hasFeatures: inputs.features != nil)
    if let table { try columns.add(table, positions: nil, count: nodes.count) }
    guard let path = inputs.labels else { return columns }
    let labels = try read(path, kind: inputs.idKind)
    var integers: IntegerIndex?
    if case .integers(let ids) = nodes.ids { integers = IntegerIndex(ids) }
    var positions: [UInt32] = []
    for row in 0..<labels.count {
      guard let position = nodes.find(labels.ids, row, integers: integers) else {
        let line = try PreprocessError.reading { () throws(IngestError) in
          try NodeTable.line(ofRow: row, path: path)
        }
        throw .ingest(
          .labelForUnknownNode(TextPlace(file: path, line: line), id: labels.ids.text(row)))
      }
      positions.append(position)
    }
    try columns.add(labels, positions: positions, count: nodes.count)
    return columns
  }

  /// Self-loops, duplicates, reverses; then isolated nodes are counted.
  mutating func apply(
    _ policies: EdgePolicies, to edges: inout GraphEdges
  ) throws(PreprocessError) {
    let before = edges.list.count
    clock.begin("policies", total: before, unit: "edges")
    try policies.apply(to: &edges, counts: &report.counts)
    var touched = [Bool](repeating: false, count: edges.list.nodeCount)
    for node in edges.list.sources { touched[Int(node)] = true }
    for node in edges.list.destinations { touched[Int(node)] = true }
    report.counts.isolatedNodes = touched.count { !$0 }
    clock.end("\(edges.list.count.grouped) edges stay", work: before, unit: "edges")
    try checkCancelled()
  }

  /// Orders the nodes and cuts them into shards.
  mutating func partition(
    _ edges: EdgeList, train: [Bool]?
  ) throws(PreprocessError) -> Partition {
    let isStreamed = options.partition.partitioner == .ldg
    clock.begin(
      "partition", total: isStreamed ? edges.nodeCount * options.partition.passes : nil,
      unit: "nodes")
    let result = try PreprocessError.partitioning { () throws(PartitionError) in
      try Partition.make(
        edges, train: train, options: options.partition, pool: pool, progress: progress,
        cancellation: cancellation)
    }
    for warning in result.warnings { warn(warning) }
    clock.end(
      "\(options.partition.shards.grouped) shards, "
        + "cut \((result.metrics.cutRatio * 100).formatted(decimals: 1))%",
      work: edges.count, unit: "edges")
    return result
  }
}
