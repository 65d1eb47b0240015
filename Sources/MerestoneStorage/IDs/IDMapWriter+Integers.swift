import MerestoneCore

extension IDMapWriter {
  /// Writes a map of integers in the form that takes the least space.
  ///
  /// - Parameters:
  ///   - stream: The raw ids.
  ///   - globals: The global id of each, in the order of the stream: a permutation of
  ///     `0..<globals.count`.
  ///   - prefix: The common part of the files' names.
  /// - Throws: ``StorageError/duplicateRawID(path:raw:first:second:)`` for an id that two nodes have.
  ///   Nothing is left behind then.
  /// - Complexity: O(*n*). On disk for a while: 24 bytes per id.
  package static func write(
    integers stream: IntegerStream, globals: [UInt32], to prefix: String,
    _ durability: OutputFile.Durability = .synced, workspace: IDMapWorkspace
  ) throws(StorageError) -> Written {
    let count = globals.count
    checkCount(count)
    var isIdentity = true
    var largest: UInt64 = 0
    var number = 0
    try stream { block in
      for index in block.indices {
        largest = max(largest, block[index])
        if block[index] != UInt64(globals[number &+ index]) { isIdentity = false }
      }
      number += block.count
    }
    precondition(number == count, "\(number) raw ids for \(count) nodes")
    if isIdentity { return Written(kind: .integer, storage: .identity, files: []) }
    // An array takes one global id per raw id; a dictionary takes a little more than half of one
    // besides the global id, but is slower: up to twice as much is well spent.
    let isDense = largest / 3 < UInt64(count)
    let raw = try ScatteredColumn(
      path: IDMap.Part.raw.path(prefix), element: largest <= UInt32.max ? .u32 : .u64,
      rows: count, workspace: workspace, name: "ids-by-node")
    defer { raw.discard() }
    let files =
      isDense
      ? try writeDense(
        stream, globals, raw, largest: Int(largest), prefix, durability, workspace)
      : try writeSparse(stream, globals, raw, prefix, durability, workspace)
    return Written(
      kind: .integer, storage: isDense ? .dense : .dictionary,
      files: files
        + (try raw.finish(absent: 0, durability) { (_, _, _) in
          preconditionFailure("two raw ids for one node")
        }))
  }

  private static func writeDense(
    _ stream: IntegerStream, _ globals: [UInt32], _ raw: ScatteredColumn, largest: Int,
    _ prefix: String, _ durability: OutputFile.Durability, _ workspace: IDMapWorkspace
  ) throws(StorageError) -> [FileEntry] {
    let element = IDMap.globalElement(count: globals.count)
    let nodes = try ScatteredColumn(
      path: IDMap.Part.dense.path(prefix), element: element, rows: largest + 1,
      workspace: workspace, name: "ids-by-raw")
    defer { nodes.discard() }
    try forEachTile(stream, globals, prefix, workspace) { (ids, tile) throws(StorageError) in
      try nodes.put(ids.count) { (UInt64(tile[tile.startIndex + $0]), Int(ids[$0])) }
      try raw.put(ids.count) { (ids[$0], Int(tile[tile.startIndex + $0])) }
    }
    return try nodes.finish(absent: IDMap.absent(element), durability) {
      (value, one, other) throws(StorageError) in
      throw .duplicateRawID(
        path: prefix, raw: .integer(UInt64(value)), first: NodeID(min(one, other)),
        second: NodeID(max(one, other)))
    }
  }

  private static func writeSparse(
    _ stream: IntegerStream, _ globals: [UInt32], _ raw: ScatteredColumn, _ prefix: String,
    _ durability: OutputFile.Durability, _ workspace: IDMapWorkspace
  ) throws(StorageError) -> [FileEntry] {
    let hashes = try HashDictionaryWriter(
      prefix: prefix, count: globals.count, workspace: workspace)
    defer { hashes.discard() }
    try forEachTile(stream, globals, prefix, workspace) { (ids, tile) throws(StorageError) in
      try hashes.put(ids.count) { (RawIDHash.mix(ids[$0]), tile[tile.startIndex + $0]) }
      try raw.put(ids.count) { (ids[$0], Int(tile[tile.startIndex + $0])) }
    }
    return try hashes.finish(durability) { (shared) throws(StorageError) in
      // Different integers have different hashes.
      let hash = shared.min()!
      var (nodes, integer, number): ([UInt32], UInt64, Int) = ([], 0, 0)
      try stream { block in
        for index in block.indices where RawIDHash.mix(block[index]) == hash {
          integer = block[index]
          nodes.append(globals[number + index])
        }
        number += block.count
      }
      nodes.sort()
      throw .duplicateRawID(
        path: prefix, raw: .integer(integer), first: NodeID(UInt64(nodes[0])),
        second: NodeID(UInt64(nodes[1])))
    }
  }

  /// Calls `body` with all integers and their nodes, some at a time, on all threads.
  private static func forEachTile(
    _ stream: IntegerStream, _ globals: [UInt32], _ prefix: String, _ workspace: IDMapWorkspace,
    _ body:
      @escaping (_ ids: Span<UInt64>, _ nodes: ArraySlice<UInt32>) throws(StorageError) ->
      Void
  ) throws(StorageError) {
    var first = 0
    try stream { (block) throws(StorageError) in
      if workspace.cancellation.isCancelled { throw .interrupted(path: prefix) }
      let base = first
      try workspace.pool.forEach((block.count + tile - 1) / tile) {
        (index) throws(StorageError) in
        let rows = index * tile..<min(block.count, (index + 1) * tile)
        try body(block.extracting(rows), globals[base + rows.lowerBound..<base + rows.upperBound])
      }
      first += block.count
    }
  }
}
