import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

extension PreprocessRun {
  /// The node table, where there is one.
  mutating func readTable(_ inputs: InputFiles) throws(PreprocessError) -> NodeTable? {
    guard let path = inputs.nodes else { return nil }
    clock.begin("read nodes", unit: "nodes")
    let table = try readTable(
      path, kind: inputs.idKind, typeColumn: options.columns.nodeType)
    clock.end("\(table.count.grouped) nodes of \(path) read", work: table.count, unit: "nodes")
    return table
  }

  func readTable(
    _ path: String, kind: RawIDKind, typeColumn: String? = nil
  ) throws(PreprocessError) -> NodeTable {
    var tableOptions = NodeTable.Options()
    tableOptions.typeColumn = typeColumn
    tableOptions.ids = kind == .integer ? .integer : .string
    return try PreprocessError.reading { () throws(IngestError) in
      try NodeTable.read(path, options: tableOptions, pool: pool, cancellation: cancellation)
    }
  }

  /// All edges as the inputs have them.
  mutating func read(
    _ inputs: inout InputFiles, _ journal: inout Journal, _ workplace: Workplace
  ) throws(PreprocessError) -> RawEdges {
    for reader in inputs.edges {
      if let line = reader.headerLine {
        warn("\(reader.path), line \(line) was taken for the names of the columns, not for an edge")
      }
    }
    // Types come from the whole of the files, so resuming asks for them again.
    try inputs.inferColumnTypes(pool: pool, cancellation: cancellation)
    try inputs.checkIndexes(options)
    if journal.read?.columns == nil {
      clock.begin("read edges", total: inputs.fileBytes, unit: "bytes")
      let stage = readStage(inputs, workplace)
      var held = journal
      var run = self
      let result = try stage.run(
        from: journal.read, bytesPerCheckpoint: max(256 << 20, inputs.fileBytes / 32)
      ) { (result) throws(PreprocessError) in
        held.read = result
        try run.keep(&held, workplace)
      }
      journal = held
      journal.read = result
      let edges = try stage.open(journal.read!).edgeCount
      report.counts.inputEdges = edges
      report.inputBytes = inputs.fileBytes
      clock.end("\(edges.grouped) edges read", work: inputs.fileBytes, unit: "bytes")
      for warning in journal.read!.warnings { warn(warning) }
      try keep(&journal, workplace)
    }
    let edges = try readStage(inputs, workplace).open(journal.read!)
    if let known = journal.pairChecksums { edges.recall(known) }
    return edges
  }

  private func readStage(_ inputs: InputFiles, _ workplace: Workplace) -> ReadStage {
    ReadStage(
      inputs: inputs, folder: workplace.folder,
      memory: plan.buffers(beside: 0, atMost: 256 << 20), pool: pool, progress: progress,
      cancellation: cancellation)
  }

  /// Numbers the nodes.
  mutating func number(
    _ raw: RawEdges, _ inputs: InputFiles, _ table: NodeTable?, _ journal: inout Journal,
    _ workplace: Workplace, tables: Int
  ) throws(PreprocessError) -> (NodeNumbers, NumberStage.Record) {
    let stage = NumberStage(
      raw: raw, inputs: inputs, table: table, options: options, folder: workplace.folder,
      memory: plan.buffers(beside: tables), pool: pool, progress: progress,
      cancellation: cancellation)
    let isResumed = journal.numbers != nil
    if !isResumed {
      clock.begin("number nodes", total: raw.edgeCount, unit: "edges")
      let record = try stage.run()
      journal.numbers = record
      clock.end("\(record.count.grouped) nodes numbered", work: raw.edgeCount, unit: "edges")
      report.counts.unlistedNodesAdded = record.count - min(record.listed, record.count)
      guard record.count <= Partition.nodeLimit else {
        throw .tooManyNodes(limit: Partition.nodeLimit)
      }
      let least = MemoryPlan.least(
        nodes: record.count, edges: raw.edgeCount, tables: tables, options: options)
      guard options.memory.bytes >= least else {
        throw .memory(
          neededBytes: least, capBytes: options.memory.bytes, edges: raw.edgeCount,
          nodes: record.count)
      }
      report.predictedPeakBytes = least
      journal.pairChecksums = raw.pairChecksums
      try keep(&journal, workplace)
    }
    return (try stage.open(journal.numbers!, verifies: isResumed), journal.numbers!)
  }

  /// The edges between numbered nodes, policies applied, and their counts in the journal.
  mutating func edges(
    _ raw: RawEdges, _ numbers: NodeNumbers, _ inputs: InputFiles, _ table: NodeTable?,
    _ journal: inout Journal, _ workplace: Workplace
  ) throws(PreprocessError) -> EdgeSource {
    let columns = journal.read!.columns!
    if options.duplicates == .sum { try checkSum(columns) }
    let plain = EdgeSource(
      form: .raw(raw, numbers), columns: columns, dropsSelfLoops: options.selfLoops == .drop,
      dropsUnlisted: options.unlistedNodes == .drop)
    let needsGroups = options.isUndirected || options.duplicates != .keep
    let count = CountStage(
      memory: plan.buffers(beside: 8 * numbers.count, atMost: 256 << 20), pool: pool,
      progress: progress, cancellation: cancellation)
    let keepsTotals = options.partition.needsNeighbors
    if journal.counts == nil, let scan = journal.numbers!.scan {
      note(scan.tally)
      if !needsGroups { journal.counts = scan }
    }
    if journal.counts == nil, journal.grouped == nil, journal.numbers!.scan == nil {
      clock.begin("count", total: raw.edgeCount, unit: "edges")
      let (tally, degrees) = try count.count(
        plain, nodeCount: numbers.count, keepsTotals: keepsTotals)
      if let edge = tally.firstUnlisted {
        throw try unlisted(edge, raw, numbers, inputs, table)
      }
      note(tally)
      if !needsGroups {
        journal.counts = try PreprocessError.storing { () throws(StorageError) in
          CountStage.Record(tally: tally, degrees: try degrees.write(folder: workplace.folder))
        }
      }
      clock.end("\(raw.edgeCount.grouped) edges counted", work: raw.edgeCount, unit: "edges")
    }
    guard needsGroups else {
      report.counts.isolatedNodes = journal.counts!.degrees.isolated
      journal.pairChecksums = raw.pairChecksums
      try keep(&journal, workplace)
      return plain
    }
    let stage = GroupStage(
      source: plain, options: options, folder: workplace.folder,
      memory: plan.buffers(beside: 0, atMost: 1 << 30), pool: pool, progress: progress,
      cancellation: cancellation)
    if journal.grouped == nil {
      try FileSpace.check(
        workplace.folder,
        bytes: raw.edgeCount * GroupedEdges.recordBytes(rowBytes: columns.rowBytes))
      clock.begin("group edges", total: 2 * raw.edgeCount, unit: "edges")
      let record = try stage.run()
      journal.grouped = record
      journal.pairChecksums = raw.pairChecksums
      report.counts.duplicates = record.duplicates
      report.counts.duplicatesDropped = record.duplicatesDropped
      report.counts.reversesAdded = record.reversesAdded
      clock.end("\(record.edges.grouped) edges stay", work: raw.edgeCount, unit: "edges")
      try keep(&journal, workplace)
    }
    let source = EdgeSource(
      form: .grouped(try stage.open(journal.grouped!)), columns: columns, dropsSelfLoops: false,
      dropsUnlisted: false)
    if journal.counts == nil {
      clock.begin("count", total: source.edgeCount, unit: "edges")
      let (tally, degrees) = try count.count(
        source, nodeCount: numbers.count, keepsTotals: keepsTotals)
      journal.counts = try PreprocessError.storing { () throws(StorageError) in
        CountStage.Record(tally: tally, degrees: try degrees.write(folder: workplace.folder))
      }
      report.counts.isolatedNodes = degrees.isolated
      clock.end("\(source.edgeCount.grouped) edges counted", work: source.edgeCount, unit: "edges")
      try keep(&journal, workplace)
    }
    return source
  }

  private mutating func note(_ tally: CountStage.Tally) {
    report.counts.selfLoops = tally.selfLoops
    report.counts.selfLoopsDropped = tally.selfLoopsDropped
    report.counts.unlistedEdgesDropped = tally.unlistedDropped
  }

  private func checkSum(_ columns: EdgeColumns) throws(PreprocessError) {
    guard let weight = columns.position(of: "weight"),
      columns.columns[weight].kind == .number
    else { throw .noWeightToSum }
  }

  /// Which edge names a node that does not exist.
  private func unlisted(
    _ edge: Int, _ raw: RawEdges, _ numbers: NodeNumbers, _ inputs: InputFiles,
    _ table: NodeTable?
  ) throws(PreprocessError) -> PreprocessError {
    let (file, row) = raw.file(ofEdge: edge)
    let reader = inputs.edges[file]
    let line = try? reader.line(ofRow: row)
    let chunk = (0..<raw.chunkCount).last { raw.place(ofChunk: $0).firstEdge <= edge } ?? 0
    let place = raw.place(ofChunk: chunk)
    var bytes: [UInt8] = []
    let ends = try raw.read(part: place.part, chunk: place.chunk, into: &bytes)
    var numbered = EdgeChunk()
    let source = EdgeSource(
      form: .raw(raw, numbers), columns: EdgeColumns(), dropsSelfLoops: false,
      dropsUnlisted: false)
    try source.read(chunk, withColumns: false, into: &numbered)
    let offset = edge - place.firstEdge
    let id = RawIDDecoding.text(
      bytes, ends, edge: offset, isSource: numbered.sources[offset] == NodeNumbers.absent)
    if let table {
      return .unlistedNode(file: reader.path, row: row, line: line, id: id, nodes: table.path)
    }
    if let features = inputs.features {
      return .featuresTooFew(
        file: features.path, rows: features.rowCount, edges: reader.path, row: row, id: id)
    }
    return .idBeyondCount(
      file: reader.path, row: row, line: line, id: id, nodeCount: numbers.count)
  }
}
