package import MerestoneCore

extension IDMap {
  /// The node with a raw id, `nil` where there is none: also for a string where ids are integers,
  /// and the other way round.
  ///
  /// - Throws: ``StorageError`` where the files are damaged.
  /// - Complexity: O(1), or for a dictionary a few reads, O(log *n*) at worst.
  package func global(of raw: RawID) throws(StorageError) -> NodeID? {
    switch raw {
    case .integer(let value): try global(ofInteger: value)
    case .string(let text): try global(ofString: text)
    }
  }

  /// The node whose raw id is an integer.
  package func global(ofInteger value: UInt64) throws(StorageError) -> NodeID? {
    guard kind == .integer else { return nil }
    switch form {
    case .identity:
      return value < UInt64(count) ? NodeID(value) : nil
    case .dense(_, let nodes):
      guard value < UInt64(nodes.rows) else { return nil }
      let row = Int(value)
      let node = try nodes.unsigned(at: row)
      if node == Self.absent(nodes.element) { return nil }
      guard node < UInt64(count) else {
        throw .corrupt(
          path: nodes.path, byteOffset: nodes.byteOffset(ofRow: row), field: "global id",
          expected: "less than \(count)", found: "\(node)")
      }
      return NodeID(node)
    case .integers(_, let dictionary):
      guard let index = try dictionary.firstIndex(of: RawIDHash.mix(value)) else { return nil }
      return try dictionary.node(at: index)
    case .strings:
      return nil
    }
  }

  /// The node whose raw id is a string, compared byte by byte.
  package func global(ofString text: String) throws(StorageError) -> NodeID? {
    guard case .strings(_, _, let dictionary) = form else { return nil }
    let utf8 = Array(text.utf8)
    // SAFETY: an array of bytes is initialised throughout.
    let key = unsafe RawIDHash.hash(utf8.span.bytes)
    guard var index = try dictionary.firstIndex(of: key) else { return nil }
    while true {
      let node = try dictionary.node(at: index)
      let isEqual = try withString(of: node) { bytes in
        // SAFETY: compared while the span is lent.
        unsafe bytes.withUnsafeBytes { unsafe $0.elementsEqual(utf8) }
      }
      if isEqual { return node }
      index += 1
      guard index < count else { return nil }
      guard try dictionary.keys.unsigned(at: index) == key else { return nil }
    }
  }

  /// The raw id of a node.
  ///
  /// - Throws: ``StorageError/outOfRange(path:what:index:count:)`` for a node that does not exist.
  /// - Complexity: O(1).
  package func raw(of node: NodeID) throws(StorageError) -> RawID {
    guard node.rawValue < UInt64(count) else {
      throw .outOfRange(path: prefix, what: "node", index: node.rawValue, count: count)
    }
    switch form {
    case .identity:
      return .integer(node.rawValue)
    case .dense(let raw, _), .integers(let raw, _):
      return .integer(try raw.unsigned(at: Int(node.rawValue)))
    case .strings(let offsets, _, _):
      let text = try withString(of: node) { bytes in
        // SAFETY: copied while the span is lent.
        unsafe bytes.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
      }
      guard let text else {
        throw .corrupt(
          path: offsets.path, byteOffset: offsets.byteOffset(ofRow: Int(node.rawValue)),
          field: "raw id of node \(node)", expected: "UTF-8", found: "other bytes")
      }
      return .string(text)
    }
  }

  /// Lends the bytes of a node's string.
  /// - Precondition: The map holds strings, and the node exists.
  private func withString<R>(
    of node: NodeID, _ body: (RawSpan) throws(StorageError) -> R
  ) throws(StorageError) -> R {
    guard case .strings(let offsets, let bytes, _) = form else {
      preconditionFailure("a string of a map of integers")
    }
    let row = Int(node.rawValue)
    let start = try offsets.unsigned(at: row)
    let end = try offsets.unsigned(at: row + 1)
    guard start <= end, end <= UInt64(bytes?.rows ?? 0) else {
      throw .corrupt(
        path: offsets.path, byteOffset: offsets.byteOffset(ofRow: row), field: "offset of a string",
        expected: "\(start)...\(bytes?.rows ?? 0)", found: "\(end)")
    }
    guard let bytes else {
      // SAFETY: there are no bytes.
      return try unsafe body([UInt8]().span.bytes)
    }
    return try bytes.withRawRows(Int(start)..<Int(end), body)
  }

  /// The value that says that no node has a raw id.
  static func absent(_ element: ElementType) -> UInt64 {
    element == .u32 ? UInt64(UInt32.max) : UInt64.max
  }
}

extension IDMap {
  /// Reads the whole map: every node's raw id leads back to the node, and no raw id leads elsewhere.
  ///
  /// - Throws: The first thing that is wrong.
  /// - Complexity: O(*n*) lookups.
  package func verify() throws(StorageError) {
    for column in columns {
      for block in 0..<column.blockCount { try column.verifyBlock(block) }
    }
    guard storage != .identity else { return }
    for value in 0..<UInt64(count) {
      let node = NodeID(value)
      let raw = try raw(of: node)
      let found = try global(of: raw)
      guard found == node else {
        throw .corrupt(
          path: columns[0].path, byteOffset: columns[0].byteOffset(ofRow: Int(value)),
          field: "raw id \(raw)", expected: "to lead to node \(node)",
          found: found.map { "node \($0)" } ?? "none")
      }
    }
    // A dictionary of n keys, each found, has no others. An array may have.
    guard case .dense(_, let nodes) = form else { return }
    let absent = Self.absent(nodes.element)
    var present = 0
    for row in 0..<nodes.rows where try nodes.unsigned(at: row) != absent { present += 1 }
    guard present == count else {
      throw .corrupt(
        path: nodes.path, byteOffset: nodes.byteOffset(ofRow: 0), field: "raw ids in use",
        expected: "\(count)", found: "\(present)")
    }
  }
}
