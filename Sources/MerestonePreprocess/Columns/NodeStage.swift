import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// Writes what nodes have: features, columns, and the map between raw and global ids.
struct NodeStage {
  let inputs: InputFiles
  let numbers: NodeNumbers
  let columns: NodeColumns
  let globals: [UInt32]
  let nodeBounds: [UInt64]
  let writer: GraphWriter
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// What came of it, for the journal.
  struct Record: Codable, Sendable {
    var columns: [ColumnEntry] = []
    var idKind = IDMap.Kind.integer
    var storage = IDMap.Storage.identity
    var files: [FileEntry] = []
  }

  func run() throws(PreprocessError) -> Record {
    var record = Record()
    if let features = inputs.features, features.width > 0 {
      try FeatureWriting(
        reader: features, globals: globals, nodeBounds: nodeBounds, writer: writer, column: 0,
        folder: folder, memory: memory, progress: progress, cancellation: cancellation
      ).run()
      record.columns.append(
        ColumnEntry(name: "features", element: features.element, width: features.width))
    }
    if !columns.columns.isEmpty { try writeColumns(&record) }
    let map = try writeMap()
    writer.add(map.files)
    record.idKind = map.kind
    record.storage = map.storage
    return record
  }

  private func writeColumns(_ record: inout Record) throws(PreprocessError) {
    var inputs = [UInt32](repeating: 0, count: globals.count)
    for (number, global) in globals.enumerated() {
      inputs[Int(global)] = UInt32(truncatingIfNeeded: number)
    }
    for column in columns.columns {
      let element = column.data.element
      for shard in 0..<nodeBounds.count - 1 {
        let nodes = Int(nodeBounds[shard])..<Int(nodeBounds[shard + 1])
        let path = GraphLayout.nodeColumn(
          record.columns.count, of: NodeTypeID(0), shard: ShardID(shard))
        writer.add(
          try column.data.write(
            rows: inputs, nodes, element: element, to: writer.path(path),
            cancellation: cancellation))
      }
      record.columns.append(
        ColumnEntry(name: column.name, element: element, categories: column.data.categories))
    }
  }

  private func writeMap() throws(PreprocessError) -> IDMapWriter.Written {
    let prefix = writer.path(GraphLayout.ids(.init(0)))
    let workspace = IDMapWorkspace(
      folder: folder, memory: memory, pool: pool, cancellation: cancellation)
    return try PreprocessError.storing { () throws(StorageError) in
      if case .dictionary(let dictionary, let limit) = numbers,
        dictionary.summary.kind == .string
      {
        return try IDMapWriter.write(
          strings: { (body) throws(StorageError) in
            try Self.strings(of: dictionary, below: limit, body)
          },
          globals: globals, byteCount: dictionary.summary.idBytes, to: prefix, .deferred,
          workspace: workspace)
      }
      return try IDMapWriter.write(
        integers: { (body) throws(StorageError) in try numbers.forEachIntegerBlock(body) },
        globals: globals, to: prefix, .deferred, workspace: workspace)
    }
  }

  /// The strings of the nodes; those from `limit` on are none.
  private static func strings(
    of dictionary: NodeDictionary, below limit: Int,
    _ body: (RawSpan, Span<Int>) throws(StorageError) -> Void
  ) throws(StorageError) {
    var first = 0
    try dictionary.forEachStringBlock { (bytes, offsets) throws(StorageError) in
      let count = min(offsets.count - 1, max(0, limit - first))
      first += offsets.count - 1
      if count > 0 { try body(bytes, offsets.extracting(0...count)) }
    }
  }
}

extension NodeNumbers {
  /// Lends the raw ids of all nodes in the order of their numbers.
  /// - Precondition: They are integers.
  func forEachIntegerBlock(
    _ body: (Span<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    let portion = 1 << 16
    switch self {
    case .identity(let count):
      for start in stride(from: 0, to: count, by: portion) {
        let block = (start..<min(start + portion, count)).map { UInt64($0) }
        try body(block.span)
      }
    case .rank(let rank):
      try rank.forEachBlock(of: portion) { (block) throws(StorageError) in try body(block.span) }
    case .listed(_, let ids):
      for start in stride(from: 0, to: ids.count, by: portion) {
        try body(ids.span.extracting(start..<min(start + portion, ids.count)))
      }
    case .dictionary(let dictionary, let limit):
      var first = 0
      try dictionary.forEachIntegerBlock { (block) throws(StorageError) in
        let count = min(block.count, max(0, limit - first))
        first += block.count
        if count > 0 { try body(block.extracting(0..<count)) }
      }
    }
  }
}
