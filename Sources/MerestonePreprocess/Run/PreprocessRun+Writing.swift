import FoundationEssentials
import Glibc
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

extension PreprocessRun {
  /// Neighbourhoods where they are needed, shards and global ids.
  mutating func order(
    _ source: EdgeSource, _ degrees: inout Degrees, _ train: [Bool]?, _ types: NodeTypes,
    _ journal: inout Journal, _ workplace: Workplace
  ) throws(PreprocessError) -> OrderStage.Record {
    if let record = journal.order { return record }
    var neighbors: NeighborFile?
    if options.partition.needsNeighbors {
      if journal.neighbors != true {
        clock.begin("neighbors", total: source.edgeCount, unit: "edges")
        let sample = NeighborSample(
          totals: degrees.totals, edges: source.edgeCount,
          partitioner: options.partition.partitioner, pool: pool)
        degrees.dropTotals()
        let file = try NeighborStage(
          source: source, sample: sample, folder: workplace.folder,
          memory: plan.buffers(beside: 15 * degrees.count, atMost: 1 << 30), pool: pool,
          progress: progress, cancellation: cancellation
        ).run()
        neighbors = file
        journal.neighbors = true
        clock.end(
          "\(file.entryCount.grouped) neighbours of \(degrees.count.grouped) nodes kept",
          work: source.edgeCount, unit: "edges")
        try keep(&journal, workplace)
      } else {
        neighbors = try PreprocessError.storing { () throws(StorageError) in
          try NeighborFile(path: NeighborStage.path(workplace.folder))
        }
      }
      degrees.dropTotals()
    }
    let isStreamed = options.partition.needsNeighbors
    clock.begin(
      "partition", total: isStreamed ? degrees.count * options.partition.passes : nil,
      unit: "nodes")
    let record = try OrderStage(
      nodeCount: degrees.count, degrees: degrees, neighbors: neighbors, train: train,
      types: types, options: options.partition, folder: workplace.folder, pool: pool,
      progress: progress,
      cancellation: cancellation
    ).run()
    journal.order = record
    for warning in record.warnings { warn(warning) }
    report.orderReason = record.reason
    clock.end(
      "\(options.partition.shards.grouped) shards of \(degrees.count.grouped) nodes"
        + (record.reason.map { "; \($0)" } ?? ""))
    try keep(&journal, workplace)
    neighbors = nil
    workplace.discard("neighbors.tmp")
    return record
  }

  /// Routes, sorts and writes all edges.
  mutating func writeEdges(
    _ source: EdgeSource, _ degrees: Degrees, _ order: OrderStage.Record,
    _ layout: EdgeLayout, _ types: NodeTypes, _ globals: [UInt32], _ journal: inout Journal,
    _ workplace: Workplace, _ writer: GraphWriter
  ) throws(PreprocessError) -> EdgeWriting.State {
    if let state = journal.writing, state.isComplete { return state }
    let edgeCount = degrees.edgeCount
    let columns = layout.columns(of: source)
    var plan = try layout.plan(
      degrees, order, types, globals, rowBytes: columns.rowBytes)
    let resident = (types.isTyped ? 6 : 4) * globals.count
    // Beside the global ids the degrees, and a table from raw ids to numbers.
    let routing = resident + (types.isTyped ? 4 : 14) * globals.count
    let route = RouteStage(
      source: source, plan: plan, scheme: layout.scheme, folder: workplace.folder,
      memory: self.plan.buffers(beside: routing, atMost: 512 << 20), pool: pool,
      progress: progress, cancellation: cancellation)
    let isRouted = journal.routed.map(route.isComplete) ?? false
    let buckets: BucketFile
    if isRouted {
      buckets = try route.open(journal.routed!)
    } else {
      try FileSpace.check(workplace.folder, bytes: edgeCount * plan.recordBytes)
      clock.begin("route", total: source.edgeCount, unit: "edges")
      var held = journal
      var run = self
      buckets = try route.run(
        from: journal.routed, globals: globals,
        chunksPerCheckpoint: max(64, source.chunkCount / 8)
      ) { (record) throws(PreprocessError) in
        held.routed = record
        try run.keep(&held, workplace)
      }
      journal = held
      clock.end("\(edgeCount.grouped) edges routed", work: source.edgeCount, unit: "edges")
    }
    if layout.scheme != nil { plan = try plan.counted(buckets, edgeBounds: order.edgeBounds) }
    clock.begin("write edges", total: edgeCount, unit: "edges")
    let writing = EdgeWriting(
      plan: plan, buckets: buckets, columns: columns, nodeBounds: order.nodeBounds,
      relations: layout.relations, pageFormat: options.encoding.pageFormat,
      storesPackedStream: options.encoding == .both, writer: writer, pool: pool,
      memory: self.plan.buffers(
        beside: resident + (options.encoding == .both ? EdgeStoreWriter.bufferBytes : 0),
        atMost: pool.threadCount * (192 << 20)),
      countsDuplicates: options.duplicates == .keep && !options.isUndirected,
      temporaryFolder: workplace.folder, progress: progress, cancellation: cancellation)
    var held = journal
    var run = self
    let state = try writing.run(
      from: journal.writing ?? EdgeWriting.State(),
      edgesPerCheckpoint: max(1 << 25, edgeCount / 32)
    ) { (state) throws(PreprocessError) in
      held.writing = state
      try run.keep(&held, workplace)
    }
    journal = held
    if writing.countsDuplicates { report.counts.duplicates = state.counts.duplicates }
    clock.end("\(edgeCount.grouped) edges written", work: edgeCount, unit: "edges")
    buckets.remove()
    return state
  }

  /// Manifest, report, and the rename that makes it a graph.
  mutating func finish(
    reverse: [ReverseEntry?], indexes: IndexEntries, inputs: InputFiles, raw: RawEdges,
    order: OrderStage.Record,
    edges: EdgeWriting.State,
    nodes: NodeStage.Record, types: NodeTypes, relations: [RelationTriple], nodeCount: Int,
    edgeCount: Int, columns: EdgeColumns, words: EdgeColumns, workplace: Workplace,
    writer: GraphWriter
  ) throws(PreprocessError) {
    clock.begin("finish", unit: "files")
    var fingerprints: [InputFingerprint] = []
    for (part, reader) in inputs.edges.enumerated() {
      fingerprints.append(
        InputFingerprint(
          path: reader.path, bytes: reader.fileBytes, checksum: raw.fingerprint(ofPart: part)))
    }
    for path in inputs.paths.dropFirst(inputs.edges.count) {
      fingerprints.append(try FileFingerprint.of(path, cancellation: cancellation))
    }
    var flags = options.shapingFlags
    flags["ids"] = nodes.types[0].idKind.rawValue
    flags["order"] = order.ordering
    let book = try PreprocessError.storing { () throws(StorageError) in
      try PartitionBook(nodeBounds: order.nodeBounds, edgeBounds: edges.edgeBounds)
    }
    let cutRatio = edgeCount == 0 ? 0 : Double(edges.counts.cut) / Double(edgeCount)
    let edgeColumns = columns.columns.map {
      ColumnEntry(name: $0.name, element: $0.element, categories: $0.words)
    }
    let names = words.position(of: "relation").flatMap { words.columns[$0].words }
    let isNamed = columns.position(of: "relation") == nil
    var manifest = GraphManifest(
      nodeTypes: nodes.types,
      relations: relations.enumerated().map { number, relation in
        let maximumSource = UInt64(max(types.counts[relation.source] - 1, 0))
        return RelationEntry(
          sourceType: relation.source,
          name: (isNamed ? names?[relation.code] : nil) ?? RelationTriple.defaultName,
          destinationType: relation.destination, edgeCount: Int(edges.edgeBounds[number].last!),
          idBytes: max(1, (71 - maximumSource.leadingZeroBitCount) / 8),
          maxInDegree: edges.maximumInDegrees[number], columns: edgeColumns,
          pageFormat: options.encoding.pageFormat, hasPackedStream: options.encoding == .both)
      },
      book: book,
      partition: PartitionSummary(
        cutEdges: edges.counts.cut, cutRatio: cutRatio, nodeImbalance: order.nodeImbalance,
        edgeImbalance: order.edgeImbalance, trainImbalance: order.trainImbalance),
      flags: flags, inputs: fingerprints)
    for (number, entry) in reverse.enumerated() { manifest.relations[number].reverse = entry }
    for number in relations.indices {
      for column in edgeColumns.indices {
        manifest.relations[number].columns[column].cumulative = indexes.cumulative[number][column]
        manifest.relations[number].columns[column].order = indexes.order[number][column]
      }
    }
    report.nodes = nodeCount
    report.edges = edgeCount
    report.shards = options.partition.shards
    report.columns.node = nodes.columnNames
    report.columns.edge = edgeColumns.map(\.name)
    report.cutEdges = edges.counts.cut
    report.cutRatio = cutRatio
    report.nodeImbalance = order.nodeImbalance
    report.edgeImbalance = order.edgeImbalance
    report.trainImbalance = order.trainImbalance
    report.order = order.ordering
    fillMachine()
    // The report comes before the sizes are known: the files so far are all but itself.
    report.outputBytes = FileSpace.treeBytes(writer.path(""))
    report.actual = actual
    try checkCancelled()
    // A run that was killed between a stage's last record and its tidying up has left them.
    for file in writer.entries(from: 0) { EdgeStoreWriter.removeIndex(of: file.path) }
    try PreprocessError.storing { () throws(StorageError) in
      try writer.writeReport(report.encoded())
      let written = try writer.commit(manifest)
      report.outputBytes = written.files.reduce(0) { $0 + $1.bytes }
    }
    workplace.remove()
    clock.end("\(options.output) is complete, \(ByteCount(report.outputBytes))")
    report.stages = clock.times
    report.seconds = clock.elapsed
    report.actual = actual
  }

  private var actual: PreprocessActual {
    var actual = PreprocessActual()
    actual.peakMemoryBytes = report.peakResidentBytes
    actual.temporaryBytes = progress.temporaryBytes
    actual.outputBytes = report.outputBytes
    actual.seconds = report.seconds
    actual.stages = report.stages
    return actual
  }

  private mutating func fillMachine() {
    report.stages = clock.times
    report.seconds = clock.elapsed
    report.threads = options.threads
    report.memoryCapBytes = options.memory.bytes
    report.peakResidentBytes = MachineMemory.peakResidentBytes
    report.host = Self.hostName
  }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    // SAFETY: at most `count - 1` bytes are written, so that the last stays zero.
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension PreprocessReport {
  /// The report of a graph that is complete; nil where there is none.
  static func of(_ graph: String) -> PreprocessReport? {
    guard (try? GraphStore.open(graph)) != nil,
      let data = FileManager.default.contents(atPath: "\(graph)/\(GraphManifest.reportName)")
    else { return nil }
    return try? JSONDecoder().decode(PreprocessReport.self, from: data)
  }

  /// The report as JSON with sorted keys.
  package func encoded() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    // Encoding fails for numbers that are not finite only; there are none.
    guard let data = try? encoder.encode(self) else { return Array("{}".utf8) }
    return [UInt8](data) + Array("\n".utf8)
  }
}
