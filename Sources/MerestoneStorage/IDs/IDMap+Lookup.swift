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
    case .integers(let raw, let dictionary):
      return try dictionary.node(
        RawIDHash.mix(value),
        matches: { (node) throws(StorageError) in
          try raw.unsigned(at: Int(node.rawValue)) == value
        },
        hashOf: { (node) throws(StorageError) in
          RawIDHash.mix(try raw.unsigned(at: Int(node.rawValue)))
        })
    case .strings:
      return nil
    }
  }

  /// The node whose raw id is a string, compared byte by byte.
  package func global(ofString text: String) throws(StorageError) -> NodeID? {
    guard case .strings(_, _, let dictionary) = form else { return nil }
    let utf8 = Array(text.utf8)
    return try dictionary.node(
      // SAFETY: an array of bytes is initialised throughout.
      unsafe RawIDHash.hash(utf8.span.bytes),
      matches: { (node) throws(StorageError) in
        try withString(of: node) { bytes in
          // SAFETY: compared while the span is lent.
          unsafe bytes.withUnsafeBytes { unsafe $0.elementsEqual(utf8) }
        }
      },
      hashOf: { (node) throws(StorageError) in
        try withString(of: node) { RawIDHash.hash($0) }
      })
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
    case .strings:
      let text = try withString(of: node) { bytes in
        // SAFETY: copied while the span is lent.
        unsafe bytes.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
      }
      guard let text else {
        let place = location(of: node)
        throw .corrupt(
          path: place.path, byteOffset: place.byteOffset, field: "raw id of node \(node)",
          expected: "UTF-8", found: "other bytes")
      }
      return .string(text)
    }
  }

  /// The file that holds a node's raw id, or where its string starts, and the byte; for errors.
  func location(of node: NodeID) -> (path: String, byteOffset: Int) {
    guard let column = columns.first else { return (prefix, 0) }
    let row = Int(node.rawValue) / (kind == .string ? Self.stringGroupSize : 1)
    return (column.path, column.byteOffset(ofRow: row))
  }

  /// Lends the bytes of a node's string.
  /// - Precondition: The map holds strings, and the node exists.
  private func withString<R>(
    of node: NodeID, _ body: (RawSpan) throws(StorageError) -> R
  ) throws(StorageError) -> R {
    guard case .strings(let offsets, let bytes, _) = form else {
      preconditionFailure("a string of a map of integers")
    }
    let number = Int(node.rawValue)
    let group = number / Self.stringGroupSize
    let start = try offsets.unsigned(at: group)
    let end = try offsets.unsigned(at: group + 1)
    guard start <= end, end <= UInt64(bytes.rows) else {
      throw .corrupt(
        path: offsets.path, byteOffset: offsets.byteOffset(ofRow: group),
        field: "offset of strings", expected: "\(start)...\(bytes.rows)", found: "\(end)")
    }
    return try bytes.withRawRows(Int(start)..<Int(end)) { (strings) throws(StorageError) in
      var position = 0
      for _ in 0..<number % Self.stringGroupSize {
        guard let string = Self.string(in: strings, behind: position) else {
          throw overrun(bytes, Int(start) + position, strings.byteCount - position)
        }
        position = string.upperBound
      }
      guard let string = Self.string(in: strings, behind: position) else {
        throw overrun(bytes, Int(start) + position, strings.byteCount - position)
      }
      return try body(strings.extracting(string))
    }
  }

  private func overrun(_ bytes: Column, _ row: Int, _ room: Int) -> StorageError {
    .corrupt(
      path: bytes.path, byteOffset: bytes.byteOffset(ofRow: row), field: "length of a string",
      expected: "less than \(room)", found: "more")
  }

  /// Where the string behind the length at `start` lies; nil where it is cut off.
  private static func string(in bytes: RawSpan, behind start: Int) -> Range<Int>? {
    var (position, length, shift) = (start, 0, 0)
    while position < bytes.byteCount, shift < 56 {
      let byte = bytes.littleEndian(at: position, as: UInt8.self)
      position &+= 1
      length |= Int(byte & 0x7F) << shift
      if byte < 0x80 {
        return length <= bytes.byteCount &- position ? position..<position &+ length : nil
      }
      shift &+= 7
    }
    return nil
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
        let place = location(of: node)
        throw .corrupt(
          path: place.path, byteOffset: place.byteOffset, field: "raw id \(raw)",
          expected: "to lead to node \(node)",
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
