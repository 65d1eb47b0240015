package import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

/// Makes a GRAPH directory from raw files, in bounded memory.
///
/// Data flows one way: read -> number the nodes -> settle duplicates and reverses -> count ->
/// partition and order -> route to buckets -> sort and write -> node columns and id map ->
/// indexes of edge columns -> out-edges -> manifest. Every stage has a folder of its own here, a record
/// in the ``Journal``, and leaves nothing per edge in memory. Equal inputs and shaping flags give equal bytes in every file but
/// `report.json`, at any number of threads, under any memory cap, resumed or not.
package struct Preprocess {
  private let options: PreprocessOptions

  package init(_ options: PreprocessOptions) { self.options = options }

  /// Does all of it.
  ///
  /// - Throws: ``PreprocessError``; there is no output directory then. After an interruption or a
  ///   failure of the disk the staging folder stays for `resumes`; else it is removed.
  /// - Returns: What was found and made, as in `report.json`.
  package func run(
    progress: any ProgressListener = SilentProgress(), cancellation: Cancellation = Cancellation()
  ) throws(PreprocessError) -> PreprocessReport {
    try options.check()
    AllocatorMemory.giveLargeBlocksBack()
    let plan = MemoryPlan(cap: options.memory.bytes, threads: options.threads)
    var run = PreprocessRun(
      options: options, plan: plan, pool: ThreadPool(threads: plan.threads),
      progress: MeteredProgress(progress, folder: Workplace.folder(options)),
      cancellation: cancellation)
    return try run.perform()
  }
}

/// One run: what its stages share.
struct PreprocessRun {
  var options: PreprocessOptions
  let plan: MemoryPlan
  let pool: ThreadPool
  let progress: MeteredProgress
  let cancellation: Cancellation
  var clock: StageClock
  var report = PreprocessReport()

  init(
    options: PreprocessOptions, plan: MemoryPlan, pool: ThreadPool,
    progress: MeteredProgress, cancellation: Cancellation
  ) {
    self.options = options
    self.plan = plan
    self.pool = pool
    self.progress = progress
    self.cancellation = cancellation
    clock = StageClock(progress: progress)
  }

  mutating func perform() throws(PreprocessError) -> PreprocessReport {
    if options.resumes, let report = PreprocessReport.of(options.output) {
      // Killed between the last renaming and the end, or called once too often.
      try? TemporaryPlace.remove(Workplace.folder(options))
      GraphWriter.tidy(output: options.output)
      return report
    }
    var inputs = try InputFiles.open(options)
    try inputs.checkIndexes(options)
    if let rows = inputs.features?.rowCount, rows > Partition.nodeLimit {
      throw .tooManyNodes(limit: Partition.nodeLimit)
    }
    let prediction = try predict(inputs)
    let identity = try RunIdentity(paths: inputs.paths, flags: options.identityFlags)
    let writer = try PreprocessError.storing { () throws(StorageError) in
      try GraphWriter(
        output: options.output, shards: options.partition.shards, resuming: options.resumes)
    }
    let workplace = try Workplace(
      options: options, writer: writer, identity: identity)
    do throws(PreprocessError) {
      var journal = workplace.journal
      report = journal.report
      if report.predicted == nil { report.predicted = prediction }
      try perform(&inputs, &journal, workplace, writer)
      return report
    } catch {
      // Who was interrupted, or has to make room on a disk, will want to go on.
      if error.isResumable { writer.keep() } else { workplace.remove() }
      throw error
    }
  }

  private mutating func perform(
    _ inputs: inout InputFiles, _ journal: inout Journal, _ workplace: Workplace,
    _ writer: GraphWriter
  ) throws(PreprocessError) {
    let table = try readTable(inputs)
    let raw = try read(&inputs, &journal, workplace)
    if options.partition.ordering == .auto, raw.edgeCount > PartitionOptions.autoEdgeLimit {
      options.partition.ordering = .degree
    }
    // Types take some bytes per node beside the table.
    let tables = table.map { $0.residentBytes + ($0.types == nil ? 0 : 10 * $0.count) } ?? 0
    let (numbers, numbering) = try number(
      raw, inputs, table, &journal, workplace, tables: tables)
    let types = try NodeTypes(table, count: numbering.count)
    let features = try features(inputs, types: types, nodes: numbering)
    let columns = try nodeColumns(inputs, table: table, numbers: numbers, numbering)
    let source = try edges(raw, numbers, inputs, table, &journal, workplace)
    var degrees = try PreprocessError.storing { () throws(StorageError) in
      try Degrees(
        journal.counts!.degrees, folder: workplace.folder,
        withTotals: options.partition.needsNeighbors && journal.order == nil)
    }
    let order = try order(source, &degrees, columns.train, types, &journal, workplace)
    let layout = try relations(source, types, &journal, workplace)
    var globals = try OrderStage.globals(order, folder: workplace.folder)
    let state = try writeEdges(
      source, degrees, order, layout, types, globals, &journal, workplace, writer)
    degrees = Degrees(count: 0, keepsTotals: false)
    let nodes = try writeNodes(
      features, numbers, columns, types, globals, order, &journal, workplace, writer)
    globals = []
    writer.add(state.files)
    writer.add(nodes.files)
    let indexes = try writeIndexes(
      WrittenEdges(
        columns: layout.columns(of: source), relations: layout.relations, nodeTypes: nodes.types,
        nodeBounds: order.nodeBounds, edgeBounds: state.edgeBounds,
        maximumInDegrees: state.maximumInDegrees), &journal, workplace, writer)
    var reverse: [ReverseEntry?] = []
    for (number, relation) in layout.relations.enumerated() {
      reverse.append(
        try writeReverse(
          RelationID(number), sourceBounds: order.nodeBounds[relation.source],
          destinationBounds: order.nodeBounds[relation.destination],
          edgeBounds: state.edgeBounds[number], &journal, workplace, writer))
    }
    try finish(
      reverse: reverse, indexes: indexes,
      inputs: inputs, raw: raw, order: order, edges: state, nodes: nodes, types: types,
      relations: layout.relations,
      nodeCount: numbering.count,
      edgeCount: degrees.edgeCount == 0 ? Int(order.edgeBounds.last!) : degrees.edgeCount,
      columns: layout.columns(of: source), words: source.columns, workplace: workplace,
      writer: writer)
  }

  func checkCancelled() throws(PreprocessError) {
    if cancellation.isCancelled { throw .interrupted }
  }

  mutating func warn(_ message: String) {
    guard !report.warnings.contains(message) else { return }
    report.warnings.append(message)
    progress.warn(message)
  }

  /// Keeps what was done so far.
  mutating func keep(_ journal: inout Journal, _ workplace: Workplace) throws(PreprocessError) {
    journal.report = report
    journal.report.stages = clock.times
    try journal.write(folder: workplace.folder)
    AllocatorMemory.trim()
  }
}

extension PreprocessOptions {
  /// Refuses what no input could make right, before any is read.
  func check() throws(PreprocessError) {
    try checkValues()
    if !resumes || PreprocessReport.of(output) == nil { try OutputPlace.check(output) }
  }

  /// Refuses values that no input could make right; the output does not matter.
  func checkValues() throws(PreprocessError) {
    if threads < 1 {
      throw .invalidValue(flag: "--threads", value: "\(threads)", allowed: "1 or more")
    }
    if let nodeCount {
      if nodeCount < 1 || nodeCount > Partition.nodeLimit {
        throw .invalidValue(
          flag: "--node-count", value: "\(nodeCount)", allowed: "1...\(Partition.nodeLimit)")
      }
      if nodes != nil {
        throw .conflict(
          flags: "--nodes and --node-count", reason: "each says which nodes there are")
      }
      if ids == .string {
        throw .conflict(
          flags: "--ids string and --node-count", reason: "the nodes of a count are integers")
      }
    }
    // What holds for any graph holds for one that has a node per shard.
    try PreprocessError.partitioning { () throws(PartitionError) in
      try Partition.check(partition, nodeCount: max(1, min(partition.shards, Partition.nodeLimit)))
    }
    let least = MemoryPlan.least(nodes: 0, edges: 0, tables: 0, options: self)
    guard memory.bytes >= least else {
      throw .memory(neededBytes: least, capBytes: memory.bytes, edges: nil, nodes: nil)
    }
  }
}
