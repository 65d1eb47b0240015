import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// Writes what nodes have, type by type: features, columns, and the map between raw and global ids.
struct NodeStage {
  /// By type.
  let features: [Int: FeatureReader]
  let numbers: NodeNumbers
  let columns: NodeColumns
  let types: NodeTypes
  let globals: [UInt32]
  /// Shape `[types, shards + 1]`.
  let nodeBounds: [[UInt64]]
  let writer: GraphWriter
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// What came of it, for the journal.
  struct Record: Codable, Sendable {
    var types: [NodeTypeEntry] = []
    var files: [FileEntry] = []

    /// The names of the columns of all types, each once.
    var columnNames: [String] {
      var names: [String] = []
      for column in types.flatMap(\.columns) where !names.contains(column.name) {
        names.append(column.name)
      }
      return names
    }
  }

  func run() throws(PreprocessError) -> Record {
    var record = Record()
    for type in types.names.indices {
      // The nodes of the type in the order of the input, and their ids among those of the type.
      let members = types.isTyped ? types.nodes(of: type) : []
      let ids = types.isTyped ? members.map { globals[Int($0)] } : globals
      let map = try writeMap(type, members, ids)
      writer.add(map.files)
      var entry = NodeTypeEntry(
        name: types.names[type], count: types.counts[type], idKind: map.kind,
        rawIDStorage: map.storage)
      if let reader = features[type], reader.width > 0 {
        try FeatureWriting(
          reader: reader, globals: ids, nodeBounds: nodeBounds[type], writer: writer,
          type: NodeTypeID(type), column: 0, folder: folder, memory: memory, progress: progress,
          cancellation: cancellation
        ).run()
        entry.columns.append(
          ColumnEntry(name: "features", element: reader.element, width: reader.width))
      }
      if !columns.columns.isEmpty { try writeColumns(&entry, type, members, ids) }
      record.types.append(entry)
    }
    return record
  }

  private func writeColumns(
    _ entry: inout NodeTypeEntry, _ type: Int, _ members: [UInt32], _ ids: [UInt32]
  ) throws(PreprocessError) {
    var rows = [UInt32](repeating: 0, count: ids.count)
    for (place, id) in ids.enumerated() {
      rows[Int(id)] = types.isTyped ? members[place] : UInt32(truncatingIfNeeded: place)
    }
    for column in columns.columns {
      var data = column.data
      if types.isTyped {
        // What another type has is no column of this one, and its words are none of this one's.
        guard data.hasValue(among: members) else { continue }
        data = data.withWords(of: members)
      }
      let element = data.element
      for shard in 0..<nodeBounds[type].count - 1 {
        let nodes = Int(nodeBounds[type][shard])..<Int(nodeBounds[type][shard + 1])
        let path = GraphLayout.nodeColumn(
          entry.columns.count, of: NodeTypeID(type), shard: ShardID(shard))
        writer.add(
          try data.write(
            rows: rows, nodes, element: element, to: writer.path(path),
            cancellation: cancellation))
      }
      entry.columns.append(
        ColumnEntry(name: column.name, element: element, categories: data.categories))
    }
  }

  private func writeMap(
    _ type: Int, _ members: [UInt32], _ ids: [UInt32]
  ) throws(PreprocessError) -> IDMapWriter.Written {
    let prefix = writer.path(GraphLayout.ids(NodeTypeID(type)))
    let workspace = IDMapWorkspace(
      folder: folder, memory: memory, pool: pool, cancellation: cancellation)
    return try PreprocessError.storing { () throws(StorageError) in
      if case .dictionary(let dictionary, let limit) = numbers,
        dictionary.summary.kind == .string
      {
        return try IDMapWriter.write(
          strings: { (body) throws(StorageError) in
            guard types.isTyped else {
              return try Self.strings(of: dictionary, below: limit, body)
            }
            try Self.strings(of: dictionary, at: members, body)
          },
          globals: ids, byteCount: dictionary.summary.idBytes, to: prefix, .deferred,
          workspace: workspace)
      }
      return try IDMapWriter.write(
        integers: { (body) throws(StorageError) in
          guard types.isTyped else { return try numbers.forEachIntegerBlock(body) }
          try numbers.forEachIntegerBlock(at: members, body)
        },
        globals: ids, to: prefix, .deferred, workspace: workspace)
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

  /// The strings of the nodes with these numbers, which ascend.
  private static func strings(
    of dictionary: NodeDictionary, at members: [UInt32],
    _ body: (RawSpan, Span<Int>) throws(StorageError) -> Void
  ) throws(StorageError) {
    var first = 0
    var next = 0
    try dictionary.forEachStringBlock { (bytes, offsets) throws(StorageError) in
      var chosen: [UInt8] = []
      var ends = [0]
      while next < members.count, Int(members[next]) - first < offsets.count - 1 {
        let place = Int(members[next]) - first
        let part = bytes.extracting(offsets[place]..<offsets[place + 1])
        // SAFETY: copied while the span is lent.
        unsafe part.withUnsafeBytes { unsafe chosen.append(contentsOf: $0) }
        ends.append(chosen.count)
        next += 1
      }
      first += offsets.count - 1
      // SAFETY: every byte of an array of bytes is initialised.
      if ends.count > 1 { try body(unsafe chosen.span.bytes, ends.span) }
    }
  }
}
