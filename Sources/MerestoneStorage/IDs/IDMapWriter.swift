import MerestoneCore

/// Writes the files of an ``IDMap`` in bounded memory.
///
/// Raw ids come as a stream, in any order that the caller likes (that of its node numbers, say),
/// beside the global id of each; what has to be in another order is sorted externally.
package enum IDMapWriter {
  /// What was written, as the manifest needs it.
  package struct Written: Sendable, Equatable {
    package var kind: IDMap.Kind
    package var storage: IDMap.Storage
    package var files: [FileEntry]
  }

  /// Lends all integers, block by block; called several times, with the same integers.
  package typealias IntegerStream = (
    _ body: (Span<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) -> Void

  /// Lends all strings, block by block: their UTF-8 bytes, and where each starts in them and the
  /// end. Called several times, with the same strings.
  package typealias StringStream = (
    _ body: (RawSpan, Span<Int>) throws(StorageError) -> Void
  ) throws(StorageError) -> Void

  /// Ids that a thread deals with at a time.
  static let tile = 8192

  /// Writes a map of strings.
  ///
  /// - Parameters:
  ///   - globals: The global id of each string, in the order of the stream: a permutation of
  ///     `0..<globals.count`.
  ///   - byteCount: Bytes of all strings, about; a wrong figure costs memory.
  ///   - prefix: The common part of the files' names.
  /// - Throws: ``StorageError/duplicateRawID(path:raw:first:second:)`` for an id that two nodes have;
  ///   ``StorageError/invalid(path:what:expected:found:mend:)`` for one that is not UTF-8. Nothing
  ///   is left behind then.
  /// - Complexity: O(*n*). On disk for a while: 12 bytes per id, and the strings with 5 more.
  package static func write(
    strings stream: StringStream, globals: [UInt32], byteCount: Int, to prefix: String,
    _ durability: OutputFile.Durability = .synced, workspace: IDMapWorkspace
  ) throws(StorageError) -> Written {
    let count = globals.count
    guard count > 0 else { return Written(kind: .string, storage: .dictionary, files: []) }
    checkCount(count)
    let hashes = try HashDictionaryWriter(prefix: prefix, count: count, workspace: workspace)
    let strings: ScatteredStrings
    do throws(StorageError) {
      strings = try ScatteredStrings(
        prefix: prefix, count: count, byteCount: byteCount + 2 * count, workspace: workspace)
    } catch {
      hashes.discard()
      throw error
    }
    do throws(StorageError) {
      var first = 0
      try stream { (bytes, offsets) throws(StorageError) in
        if workspace.cancellation.isCancelled { throw .interrupted(path: prefix) }
        let base = first
        let size = offsets.count - 1
        try workspace.pool.forEach((size + tile - 1) / tile) { (index) throws(StorageError) in
          let rows = index * tile..<min(size, (index + 1) * tile)
          for row in rows {
            guard isUTF8(bytes.extracting(offsets[row]..<offsets[row + 1])) else {
              throw .invalid(
                path: prefix, what: "raw id of node \(globals[base + row])", expected: "UTF-8",
                found: "other bytes", mend: "convert the input to UTF-8")
            }
          }
          try hashes.put(rows.count) {
            let row = rows.lowerBound + $0
            return (
              RawIDHash.hash(bytes.extracting(offsets[row]..<offsets[row + 1])),
              globals[base + row]
            )
          }
          try strings.put(bytes, offsets, rows: rows) { globals[base + $0] }
        }
        first += size
      }
      let files = try hashes.finish(durability) { (shared) throws(StorageError) in
        try refuseEqual(stream, globals, shared, prefix)
      }
      return Written(
        kind: .string, storage: .dictionary, files: files + (try strings.finish(durability)))
    } catch {
      hashes.discard()
      strings.discard()
      throw error
    }
  }

  /// Nodes have 32 bits in temporary records.
  static func checkCount(_ count: Int) {
    precondition(count < Int(UInt32.max), "a map of \(count) nodes")
  }

  /// Throws where two of the strings with these hashes are equal.
  private static func refuseEqual(
    _ stream: StringStream, _ globals: [UInt32], _ shared: Set<UInt64>, _ prefix: String
  ) throws(StorageError) {
    var found: [(bytes: [UInt8], node: UInt32)] = []
    var number = 0
    try stream { (bytes, offsets) in
      for row in 0..<offsets.count - 1 {
        let string = bytes.extracting(offsets[row]..<offsets[row + 1])
        if shared.contains(RawIDHash.hash(string)) {
          // SAFETY: copied while the span is lent.
          found.append((unsafe string.withUnsafeBytes { unsafe Array($0) }, globals[number]))
        }
        number += 1
      }
    }
    found.sort {
      $0.bytes == $1.bytes ? $0.node < $1.node : $0.bytes.lexicographicallyPrecedes($1.bytes)
    }
    for (one, other) in zip(found, found.dropFirst()) where one.bytes == other.bytes {
      throw .duplicateRawID(
        path: prefix, raw: .string(String(decoding: one.bytes, as: UTF8.self)),
        first: NodeID(UInt64(one.node)), second: NodeID(UInt64(other.node)))
    }
  }

  private static func isUTF8(_ bytes: RawSpan) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
      // SAFETY: the span is used while the bytes are lent.
      (try? UTF8Span(validating: unsafe Span<UInt8>(_unsafeBytes: buffer))) != nil
    }
  }
}
