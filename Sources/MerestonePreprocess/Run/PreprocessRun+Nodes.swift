import MerestoneCore
import MerestoneIngest
import MerestoneStorage

extension PreprocessRun {
  /// The node columns of the table and of `--labels`.
  mutating func nodeColumns(
    _ inputs: InputFiles, table: NodeTable?, numbers: NodeNumbers,
    _ numbering: NumberStage.Record
  ) throws(PreprocessError) -> NodeColumns {
    if inputs.features != nil, numbering.count > numbering.listed {
      warn(
        "\((numbering.count - numbering.listed).grouped) added nodes have no feature row and get "
          + "zeros; list them in the node table")
    }
    var columns = NodeColumns(
      hasFeatures: inputs.features != nil || !inputs.typedFeatures.isEmpty)
    if let table { try columns.add(table, positions: nil, isOfAll: true, count: numbering.count) }
    if let path = inputs.labels {
      let labels = try readTable(path, kind: inputs.idKind)
      let positions = try self.positions(of: labels, numbers)
      try columns.add(labels, positions: positions, count: numbering.count)
    }
    for warning in columns.warnings { warn(warning) }
    return columns
  }

  /// The features of the nodes of each type that has any.
  func features(
    _ inputs: InputFiles, types: NodeTypes, nodes: NumberStage.Record
  ) throws(PreprocessError) -> [Int: FeatureReader] {
    var found: [Int: FeatureReader] = [:]
    if let reader = inputs.features {
      guard !types.isTyped else {
        throw .featuresOfAllTypes(file: reader.path, types: types.names)
      }
      found[0] = reader
    }
    for (name, reader) in inputs.typedFeatures.sorted(by: { $0.key < $1.key }) {
      guard let type = types.names.firstIndex(of: name), found[type] == nil else {
        throw .featuresOfNoType(file: reader.path, type: name, types: types.names)
      }
      found[type] = reader
    }
    for (type, reader) in found {
      let expected = types.isTyped ? types.counts[type] : nodes.listed
      guard reader.rowCount == expected else {
        throw .ingest(.featureRowCount(reader.path, rows: reader.rowCount, nodes: expected))
      }
    }
    return found
  }

  /// The node number of every row of a table.
  private func positions(
    of table: NodeTable, _ numbers: NodeNumbers
  ) throws(PreprocessError) -> [UInt32] {
    var positions = [UInt32](repeating: NodeNumbers.absent, count: table.count)
    switch (numbers, table.ids) {
    case (.dictionary(let dictionary, let limit), .strings(let strings)):
      var rows: [String: Int] = [:]
      for row in 0..<strings.count { rows[strings[row]] = row }
      var number = 0
      try PreprocessError.storing { () throws(StorageError) in
        try dictionary.forEachStringBlock { bytes, offsets in
          for place in 0..<offsets.count - 1 {
            let part = bytes.extracting(offsets[place]..<offsets[place + 1])
            // SAFETY: copied while the span is lent.
            let text = unsafe part.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
            if let row = rows[text], number < limit {
              positions[row] = UInt32(truncatingIfNeeded: number)
            }
            number += 1
          }
        }
      }
    case (.dictionary(let dictionary, let limit), .integers(let ids)):
      var rows: [UInt64: Int] = [:]
      for (row, id) in ids.enumerated() { rows[id] = row }
      var number = 0
      try PreprocessError.storing { () throws(StorageError) in
        try dictionary.forEachIntegerBlock { block in
          for place in block.indices {
            if let row = rows[block[place]], number < limit {
              positions[row] = UInt32(truncatingIfNeeded: number)
            }
            number += 1
          }
        }
      }
    case (_, .integers(let ids)): numbers.translate(ids.span, into: &positions)
    case (_, .strings): break
    }
    if let row = positions.firstIndex(of: NodeNumbers.absent) {
      let line = try PreprocessError.reading { () throws(IngestError) in
        try NodeTable.line(ofRow: row, path: table.path)
      }
      throw .ingest(
        .labelForUnknownNode(TextPlace(file: table.path, line: line), id: table.ids.text(row)))
    }
    return positions
  }

  mutating func writeNodes(
    _ features: [Int: FeatureReader], _ numbers: NodeNumbers, _ columns: NodeColumns,
    _ types: NodeTypes, _ globals: [UInt32], _ order: OrderStage.Record, _ journal: inout Journal,
    _ workplace: Workplace,
    _ writer: GraphWriter
  ) throws(PreprocessError) -> NodeStage.Record {
    if let record = journal.nodeFiles { return record }
    clock.begin(
      "nodes", total: features.isEmpty ? nil : features.values.reduce(0) { $0 + $1.rowCount },
      unit: "rows")
    let before = writer.entryCount
    var record = try NodeStage(
      features: features, numbers: numbers, columns: columns, types: types, globals: globals,
      nodeBounds: order.nodeBounds, writer: writer, folder: workplace.folder,
      memory: plan.buffers(beside: 8 * globals.count, atMost: 1 << 30), pool: pool,
      progress: progress, cancellation: cancellation
    ).run()
    record.files = writer.entries(from: before)
    writer.forget(from: before)
    journal.nodeFiles = record
    let names = record.columnNames.joined(separator: ", ")
    clock.end(
      "ids\(names.isEmpty ? "" : " and columns \(names)") of \(globals.count.grouped) nodes written",
      work: globals.count, unit: "nodes")
    try keep(&journal, workplace)
    return record
  }
}
