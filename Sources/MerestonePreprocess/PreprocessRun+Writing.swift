import FoundationEssentials
import Glibc
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

extension PreprocessRun {
  /// Features first, then the columns of the tables.
  mutating func write(
    _ columns: NodeColumns, inputs: InputFiles, partition: Partition, to writer: GraphWriter
  ) throws(PreprocessError) -> [ColumnEntry] {
    for warning in columns.warnings { warn(warning) }
    var entries: [ColumnEntry] = []
    guard inputs.features != nil || !columns.columns.isEmpty else { return entries }
    clock.begin("node columns", total: inputs.features?.rowCount, unit: "rows")
    if let features = inputs.features, features.width > 0 {
      try FeatureWriting(
        reader: features, partition: partition, writer: writer, column: 0,
        bufferBytes: options.memory.bytes / 4, progress: progress, cancellation: cancellation
      ).run()
      entries.append(
        ColumnEntry(name: "features", element: features.element, width: features.width))
    }
    for column in columns.columns {
      let element = column.data.element
      for shard in 0..<partition.nodeBounds.count - 1 {
        let nodes = Int(partition.nodeBounds[shard])..<Int(partition.nodeBounds[shard + 1])
        let path = GraphLayout.nodeColumn(
          entries.count, of: NodeTypeID(0), shard: ShardID(shard))
        writer.add(
          try column.data.write(
            rows: partition.order.inputs, nodes, element: element, to: writer.path(path),
            cancellation: cancellation))
      }
      entries.append(
        ColumnEntry(name: column.name, element: element, categories: column.data.categories))
    }
    let names = entries.map(\.name).joined(separator: ", ")
    clock.end("node columns \(names) written", work: partition.order.count, unit: "rows")
    return entries
  }

  /// Manifest, report, and the rename that makes it a graph.
  mutating func finish(
    writer: GraphWriter, inputs: InputFiles, partition: Partition, map: IDMapWriter.Written,
    nodeColumns: [ColumnEntry], edgeColumns: [ColumnEntry]
  ) throws(PreprocessError) {
    clock.begin("finish", unit: "files")
    let metrics = partition.metrics
    let nodeCount = partition.order.count
    let maximumSource = UInt64(max(nodeCount - 1, 0))
    var fingerprints: [InputFingerprint] = []
    for path in inputs.paths {
      fingerprints.append(try FileFingerprint.of(path, cancellation: cancellation))
    }
    var flags = options.shapingFlags
    flags["ids"] = map.kind.rawValue
    let book = try PreprocessError.storing { () throws(StorageError) in
      try PartitionBook(nodeBounds: [partition.nodeBounds], edgeBounds: [partition.edgeBounds])
    }
    let manifest = GraphManifest(
      nodeTypes: [
        NodeTypeEntry(
          name: "node", count: nodeCount,
          idKind: map.kind, rawIDStorage: map.storage, columns: nodeColumns)
      ],
      relations: [
        RelationEntry(
          name: "edge", edgeCount: metrics.edgeCount,
          idBytes: max(1, (71 - maximumSource.leadingZeroBitCount) / 8),
          maxInDegree: Int(partition.inDegrees.max() ?? 0), columns: edgeColumns)
      ],
      book: book,
      partition: PartitionSummary(
        cutEdges: metrics.cutEdges, cutRatio: metrics.cutRatio,
        nodeImbalance: metrics.nodeImbalance, edgeImbalance: metrics.edgeImbalance,
        trainImbalance: metrics.trainImbalance),
      flags: flags, inputs: fingerprints)
    fill(partition: partition, nodeColumns: nodeColumns, edgeColumns: edgeColumns)
    try checkCancelled()
    try PreprocessError.storing { () throws(StorageError) in
      try writer.writeReport(report.encoded())
      let written = try writer.commit(manifest)
      report.outputBytes = written.files.reduce(0) { $0 + $1.bytes }
    }
    clock.end("\(options.output) is complete, \(ByteCount(report.outputBytes))")
    report.stages = clock.times
    report.seconds = clock.elapsed
  }

  private mutating func fill(
    partition: Partition, nodeColumns: [ColumnEntry], edgeColumns: [ColumnEntry]
  ) {
    let metrics = partition.metrics
    report.nodes = partition.order.count
    report.edges = metrics.edgeCount
    report.shards = options.partition.shards
    report.columns.node = nodeColumns.map(\.name)
    report.columns.edge = edgeColumns.map(\.name)
    report.cutEdges = metrics.cutEdges
    report.cutRatio = metrics.cutRatio
    report.nodeImbalance = metrics.nodeImbalance
    report.edgeImbalance = metrics.edgeImbalance
    report.trainImbalance = metrics.trainImbalance
    report.order = partition.ordering.rawValue
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
  /// The report as JSON with sorted keys.
  package func encoded() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    // Encoding fails for numbers that are not finite only; there are none.
    guard let data = try? encoder.encode(self) else { return Array("{}".utf8) }
    return [UInt8](data) + Array("\n".utf8)
  }
}
