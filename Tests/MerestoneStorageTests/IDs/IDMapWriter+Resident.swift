import MerestoneCore

@testable import MerestoneStorage

extension IDMapWriter {
  /// Writes a map of integers that are in memory.
  ///
  /// - Parameters:
  ///   - raw: The raw id of every node, by global id.
  ///   - prefix: The common part of the files' names.
  static func write(
    integers raw: Span<UInt64>, to prefix: String, _ durability: OutputFile.Durability = .synced
  ) throws(StorageError) -> Written {
    try write(
      integers: { (body) throws(StorageError) in try body(raw) },
      globals: Array(0..<UInt32(raw.count)), to: prefix, durability, workspace: .beside(prefix))
  }

  /// Writes a map of strings that are in memory.
  ///
  /// - Parameters:
  ///   - count: How many nodes there are.
  ///   - prefix: The common part of the files' names.
  ///   - lend: Calls its second argument with the UTF-8 bytes of a node's raw id; asked for every
  ///     node in order, more than once.
  static func write(
    strings count: Int, to prefix: String, _ durability: OutputFile.Durability = .synced,
    lend: (Int, (RawSpan) throws(StorageError) -> Void) throws(StorageError) -> Void
  ) throws(StorageError) -> Written {
    var total = 0
    for node in 0..<count { try lend(node) { total += $0.byteCount } }
    return try write(
      strings: { (body) throws(StorageError) in
        var (bytes, offsets): ([UInt8], [Int]) = ([], [0])
        for node in 0..<count {
          try lend(node) { string in
            string.withUnsafeBytes { bytes.append(contentsOf: $0) }
          }
          offsets.append(bytes.count)
          guard bytes.count >= 1 << 20 || node + 1 == count else { continue }
          try body(bytes.span.bytes, offsets.span)
          (bytes, offsets) = ([], [0])
        }
      },
      globals: Array(0..<UInt32(count)), byteCount: total, to: prefix, durability,
      workspace: .beside(prefix))
  }
}

extension IDMapWorkspace {
  /// The folder of the files themselves and one thread.
  static func beside(_ prefix: String) -> IDMapWorkspace {
    let folder = prefix.lastIndex(of: "/").map { String(prefix[..<$0]) } ?? "."
    return IDMapWorkspace(folder: folder, memory: 64 << 20, pool: ThreadPool(threads: 1))
  }
}
