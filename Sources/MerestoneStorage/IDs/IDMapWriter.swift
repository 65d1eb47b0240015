import MerestoneCore

/// Writes the files of an ``IDMap``. Sorts in memory: about 24 bytes per node, and 8 more for
/// strings.
package enum IDMapWriter {
  /// What was written, as the manifest needs it.
  package struct Written: Sendable, Equatable {
    package var kind: IDMap.Kind
    package var storage: IDMap.Storage
    package var files: [FileEntry]
  }

  /// Writes a map of integers in the form that takes the least space.
  ///
  /// - Parameters:
  ///   - raw: The raw id of every node, by global id.
  ///   - prefix: The common part of the files' names.
  /// - Throws: ``StorageError/duplicateRawID(path:raw:first:second:)`` for an id that two nodes have.
  package static func write(
    integers raw: Span<UInt64>, to prefix: String, _ durability: OutputFile.Durability = .synced
  ) throws(StorageError) -> Written {
    let count = raw.count
    var isIdentity = true
    var largest: UInt64 = 0
    for index in raw.indices {
      largest = max(largest, raw[index])
      if raw[index] != UInt64(index) { isIdentity = false }
    }
    if isIdentity { return Written(kind: .integer, storage: .identity, files: []) }
    var files = ColumnFiles(prefix: prefix, durability: durability)
    // An array takes one global id per raw id; a dictionary 8 bytes more per node, which is as much
    // as two more of the array.
    let isDense = largest / 3 < UInt64(count)
    if isDense {
      try files.write(
        .dense, IDMap.globalElement(count: count),
        try nodes(byRaw: raw, upTo: Int(largest), prefix))
    } else {
      let sorted = HashedIDs((0..<count).map { RawIDHash.mix(raw[$0]) })
      try sorted.forEachCollision { (nodes) throws(StorageError) in
        throw .duplicateRawID(
          path: prefix, raw: .integer(raw[Int(nodes[0])]), first: NodeID(nodes[0]),
          second: NodeID(nodes[1]))
      }
      try files.write(sorted)
    }
    try files.write(.raw, largest <= UInt32.max ? .u32 : .u64, count) { raw[$0] }
    return Written(
      kind: .integer, storage: isDense ? .dense : .dictionary, files: files.entries)
  }

  /// Writes a map of strings.
  ///
  /// - Parameters:
  ///   - count: How many nodes there are.
  ///   - prefix: The common part of the files' names.
  ///   - lend: Calls its second argument with the UTF-8 bytes of a node's raw id. Asked twice for
  ///     every node, in order, and again for nodes whose hashes are equal.
  /// - Throws: ``StorageError/duplicateRawID(path:raw:first:second:)`` for an id that two nodes have;
  ///   ``StorageError/invalid(path:what:expected:found:mend:)`` for one that is not UTF-8.
  package static func write(
    strings count: Int, to prefix: String, _ durability: OutputFile.Durability = .synced,
    lend: (Int, (RawSpan) throws(StorageError) -> Void) throws(StorageError) -> Void
  ) throws(StorageError) -> Written {
    guard count > 0 else { return Written(kind: .string, storage: .dictionary, files: []) }
    var hashes: [UInt64] = []
    var offsets: [UInt64] = [0]
    hashes.reserveCapacity(count)
    offsets.reserveCapacity(count + 1)
    for node in 0..<count {
      try lend(node) { bytes throws(StorageError) in
        guard isUTF8(bytes) else {
          throw .invalid(
            path: prefix, what: "raw id of node \(node)", expected: "UTF-8", found: "other bytes",
            mend: "convert the input to UTF-8")
        }
        hashes.append(RawIDHash.hash(bytes))
        offsets.append(offsets[node] + UInt64(bytes.byteCount))
      }
    }
    let sorted = HashedIDs(hashes)
    try sorted.forEachCollision { (nodes) throws(StorageError) in
      try refuseEqual(nodes, prefix, lend)
    }
    var files = ColumnFiles(prefix: prefix, durability: durability)
    try files.write(sorted)
    try files.write(.offsets, .u64, count + 1) { offsets[$0] }
    var writer = try ColumnWriter(
      path: IDMap.Part.bytes.path(prefix), element: .u8, rows: Int(offsets[count]), width: 1)
    for node in 0..<count {
      try lend(node) { bytes throws(StorageError) in try writer.append(bytes: bytes) }
    }
    files.entries += try writer.finish(durability)
    return Written(kind: .string, storage: .dictionary, files: files.entries)
  }

  /// The node of every raw id up to the largest, all ones for none.
  private static func nodes(
    byRaw raw: Span<UInt64>, upTo largest: Int, _ prefix: String
  ) throws(StorageError) -> [UInt64] {
    let absent = IDMap.absent(IDMap.globalElement(count: raw.count))
    var nodes = [UInt64](repeating: absent, count: largest + 1)
    for index in raw.indices {
      let value = Int(raw[index])
      guard nodes[value] == absent else {
        throw .duplicateRawID(
          path: prefix, raw: .integer(raw[index]), first: NodeID(nodes[value]),
          second: NodeID(UInt64(index)))
      }
      nodes[value] = UInt64(index)
    }
    return nodes
  }

  /// Throws where two of the nodes, whose hashes are equal, have equal strings.
  private static func refuseEqual(
    _ nodes: [UInt64], _ prefix: String,
    _ lend: (Int, (RawSpan) throws(StorageError) -> Void) throws(StorageError) -> Void
  ) throws(StorageError) {
    var strings: [(bytes: [UInt8], node: UInt64)] = []
    for node in nodes {
      try lend(Int(node)) { bytes in
        // SAFETY: copied while the span is lent.
        strings.append((unsafe bytes.withUnsafeBytes { unsafe Array($0) }, node))
      }
    }
    strings.sort {
      $0.bytes == $1.bytes ? $0.node < $1.node : $0.bytes.lexicographicallyPrecedes($1.bytes)
    }
    for (one, other) in zip(strings, strings.dropFirst()) where one.bytes == other.bytes {
      throw .duplicateRawID(
        path: prefix, raw: .string(String(decoding: one.bytes, as: UTF8.self)),
        first: NodeID(one.node), second: NodeID(other.node))
    }
  }

  private static func isUTF8(_ bytes: RawSpan) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
      // SAFETY: the span is used while the bytes are lent.
      (try? UTF8Span(validating: unsafe Span<UInt8>(_unsafeBytes: buffer))) != nil
    }
  }
}

/// The columns of a map as they are written, one after the other.
private struct ColumnFiles {
  let prefix: String
  let durability: OutputFile.Durability
  var entries: [FileEntry] = []

  private static let portion = 8192

  mutating func write(_ sorted: HashedIDs) throws(StorageError) {
    let entries = sorted.entries
    try write(.keys, .u64, entries.count) { entries[$0].hash }
    try write(.values, IDMap.globalElement(count: entries.count), entries.count) {
      entries[$0].node
    }
  }

  mutating func write(
    _ part: IDMap.Part, _ element: ElementType, _ values: [UInt64]
  ) throws(StorageError) {
    try write(part, element, values.count) { values[$0] }
  }

  /// Writes a column of `u32` (whose values fit; all ones become all ones) or `u64`.
  mutating func write(
    _ part: IDMap.Part, _ element: ElementType, _ count: Int, _ value: (Int) -> UInt64
  ) throws(StorageError) {
    var writer = try ColumnWriter(
      path: part.path(prefix), element: element, rows: count, width: 1)
    for start in stride(from: 0, to: count, by: Self.portion) {
      let range = start..<min(start + Self.portion, count)
      if element == .u32 {
        let values = range.map { UInt32(truncatingIfNeeded: value($0)) }
        try writer.append(values.span)
      } else {
        let values = range.map(value)
        try writer.append(values.span)
      }
    }
    entries += try writer.finish(durability)
  }
}
