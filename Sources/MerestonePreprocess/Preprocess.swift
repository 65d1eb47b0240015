package import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

/// Makes a GRAPH directory from raw files, in memory.
///
/// Data flows one way: memory estimate -> parse -> number the nodes -> edge policies -> order and
/// partition -> sort into lists -> shards -> node columns -> id map -> manifest and report. Every
/// stage has a file of its own. Equal inputs and shaping flags give equal bytes in every file but
/// `report.json`, at any number of threads and any memory cap.
package struct Preprocess {
  private let options: PreprocessOptions

  package init(_ options: PreprocessOptions) { self.options = options }

  /// Does all of it.
  ///
  /// - Throws: ``PreprocessError``; there is no output directory then, and no staging directory.
  /// - Returns: What was found and made, as in `report.json`.
  package func run(
    progress: any ProgressListener = SilentProgress(), cancellation: Cancellation = Cancellation()
  ) throws(PreprocessError) -> PreprocessReport {
    try options.check()
    let pool = ThreadPool(threads: options.threads)
    var run = PreprocessRun(
      options: options, pool: pool, progress: progress, cancellation: cancellation)
    return try run.perform()
  }
}

/// One run: what its stages share.
struct PreprocessRun {
  let options: PreprocessOptions
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation
  var clock: StageClock
  var report = PreprocessReport()

  init(
    options: PreprocessOptions, pool: ThreadPool, progress: any ProgressListener,
    cancellation: Cancellation
  ) {
    self.options = options
    self.pool = pool
    self.progress = progress
    self.cancellation = cancellation
    clock = StageClock(progress: progress)
  }

  mutating func perform() throws(PreprocessError) -> PreprocessReport {
    var inputs = try InputFiles.open(options)
    var estimate = try MemoryEstimate.sample(
      inputs, options: options, pool: pool, cancellation: cancellation)
    try estimate.check(cap: options.memory)

    let table = try readTable(inputs)
    var (nodes, edges, edgeColumns) = try readEdges(&inputs, table: table, estimate: estimate)
    estimate.edges = max(estimate.edges, edges.list.count)
    estimate.nodes = nodes.count
    try estimate.check(cap: options.memory)
    report.predictedPeakBytes = estimate.bytes

    let nodeColumns = try readNodeColumns(inputs, table: table, nodes: nodes)
    let policies = EdgePolicies(
      columns: edgeColumns, options: options, pool: pool, cancellation: cancellation)
    try apply(policies, to: &edges)
    let partition = try partition(edges.list, train: nodeColumns.train)

    let writer = try PreprocessError.storing { () throws(StorageError) in
      try GraphWriter(output: options.output, shards: options.partition.shards)
    }
    let relation = edgeColumns.first { $0.name == ColumnRole.relation.name }?.data
    clock.begin("sort", total: edges.list.count, unit: "edges")
    let edgeCount = edges.list.count
    let sorted = try SortedEdges(
      edges, globals: partition.order.globals, hasColumns: !edgeColumns.isEmpty,
      relation: relation, pool: pool, cancellation: cancellation)
    edges = GraphEdges(list: EdgeList(nodeCount: 0, sources: [], destinations: []))
    if options.duplicates == .keep, !options.isUndirected {
      report.counts.duplicates = policies.countDuplicates(sorted)
    }
    clock.end("\(edgeCount.grouped) edges sorted", work: edgeCount, unit: "edges")

    let edgeElements = edgeColumns.map(\.data.element)
    clock.begin("write edges", total: edgeCount, unit: "edges")
    try ShardWriting(
      sorted: sorted, partition: partition, columns: edgeColumns, elements: edgeElements,
      writer: writer, pool: pool, progress: progress, cancellation: cancellation
    ).run()
    clock.end("\(edgeCount.grouped) edges written", work: edgeCount, unit: "edges")

    let columnEntries = try write(nodeColumns, inputs: inputs, partition: partition, to: writer)
    clock.begin("ids", total: nodes.count, unit: "nodes")
    let map = try nodes.writeMap(order: partition.order, to: writer)
    clock.end("\(nodes.count.grouped) ids mapped", work: nodes.count, unit: "nodes")

    try checkCancelled()
    try finish(
      writer: writer, inputs: inputs, partition: partition, map: map, nodeColumns: columnEntries,
      edgeColumns: zip(edgeColumns, edgeElements).map {
        ColumnEntry(name: $0.name, element: $1, categories: $0.data.categories)
      })
    return report
  }

  func checkCancelled() throws(PreprocessError) {
    if cancellation.isCancelled { throw .interrupted }
  }

  mutating func warn(_ message: String) {
    report.warnings.append(message)
    progress.warn(message)
  }
}

extension PreprocessOptions {
  /// Refuses what no input could make right, before any is read.
  func check() throws(PreprocessError) {
    if duplicates == .sum {
      throw .unsupported(
        flag: "--duplicates", value: "sum", mend: "use keep or drop, or sum the weights beforehand")
    }
    if relations == .split {
      throw .unsupported(
        flag: "--relations", value: "split",
        mend: "use column, which keeps the relation of each edge")
    }
    if encoding != .lz4 {
      throw .unsupported(flag: "--encoding", value: encoding.rawValue, mend: "use lz4")
    }
    if threads < 1 {
      throw .invalidValue(flag: "--threads", value: "\(threads)", allowed: "1 or more")
    }
    if let nodeCount {
      if nodeCount < 1 || nodeCount > EdgeList.nodeLimit {
        throw .invalidValue(
          flag: "--node-count", value: "\(nodeCount)", allowed: "1...\(EdgeList.nodeLimit)")
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
      try Partition.check(partition, nodeCount: max(1, min(partition.shards, EdgeList.nodeLimit)))
    }
    try OutputPlace.check(output)
  }
}
