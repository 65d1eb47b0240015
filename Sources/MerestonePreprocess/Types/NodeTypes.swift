import MerestoneIngest

/// Which type every node has, by node number.
///
/// Types are numbered in the order in which the node table first names them. A graph without a
/// table of types has one, called `node`.
struct NodeTypes: Sendable {
  private(set) var names: [String]
  /// Nodes of each type.
  private(set) var counts: [Int]
  /// The type of each node; empty where there is one type only.
  private(set) var ofNode: [UInt16] = []

  /// Names of files have four digits for the number of a type or relation.
  static let limit = 10_000
  private static let defaultName = "node"

  var isTyped: Bool { names.count > 1 }

  /// One type for all nodes.
  init(count: Int) {
    names = [Self.defaultName]
    counts = [count]
  }

  /// The types of a node table.
  ///
  /// - Parameters:
  ///   - count: Number of nodes; those behind the table's were added.
  /// - Throws: ``PreprocessError`` for a node without a type, for more types than the format holds,
  ///   and for added nodes where there are several types.
  init(_ table: NodeTable?, count: Int) throws(PreprocessError) {
    self.init(count: count)
    guard let table, let column = table.types else { return }
    let (codes, words) = try Self.codes(of: column, table)
    guard words.count <= Self.limit else {
      throw .tooManyTypes(file: table.path, count: words.count, limit: Self.limit)
    }
    guard words.count > 1 else {
      names = words.isEmpty ? names : words
      return
    }
    guard count == table.count else {
      throw .conflict(
        flags: "--unlisted-nodes add and nodes of several types",
        reason: "a node that \(table.path) does not list has no type")
    }
    names = words
    ofNode = codes
    counts = [Int](repeating: 0, count: words.count)
    for code in codes { counts[Int(code)] += 1 }
  }

  private static func codes(
    of column: NodeColumnValues, _ table: NodeTable
  ) throws(PreprocessError) -> (codes: [UInt16], words: [String]) {
    switch column {
    case .categories(let codes, let words):
      if let none = words.firstIndex(of: "-"),
        let row = codes.firstIndex(of: UInt32(truncatingIfNeeded: none))
      {
        throw try missing(row, table)
      }
      return (codes.map { UInt16(truncatingIfNeeded: $0) }, words)
    case .integers(let values):
      return numbered(values) { "\($0)" }
    case .numbers(let values):
      if let row = values.firstIndex(where: \.isNaN) { throw try missing(row, table) }
      return numbered(values) { "\($0)" }
    }
  }

  /// Numbers as names of types.
  private static func numbered<Value: Hashable>(
    _ values: [Value], _ name: (Value) -> String
  ) -> (codes: [UInt16], words: [String]) {
    var known: [Value: Int] = [:]
    var words: [String] = []
    let codes = values.map { value -> UInt16 in
      if let code = known[value] { return UInt16(truncatingIfNeeded: code) }
      known[value] = words.count
      words.append(name(value))
      return UInt16(truncatingIfNeeded: words.count - 1)
    }
    return (codes, words)
  }

  private static func missing(
    _ row: Int, _ table: NodeTable
  ) throws(PreprocessError) -> PreprocessError {
    let line = try PreprocessError.reading { () throws(IngestError) in
      try NodeTable.line(ofRow: row, path: table.path)
    }
    return .nodeWithoutType(file: table.path, line: line, id: table.ids.text(row))
  }

  /// The numbers of the nodes of one type, ascending.
  func nodes(of type: Int) -> [UInt32] {
    guard isTyped else { return (0..<UInt32(counts[0])).map { $0 } }
    var nodes: [UInt32] = []
    nodes.reserveCapacity(counts[type])
    let wanted = UInt16(type)
    for (node, found) in ofNode.enumerated() where found == wanted {
      nodes.append(UInt32(truncatingIfNeeded: node))
    }
    return nodes
  }

  /// Turns places in one order of all nodes into places among the nodes of the same type.
  ///
  /// - Parameters:
  ///   - globals: By node number; typed ids afterwards.
  ///   - bounds: Boundaries of the shards in the order of all nodes.
  /// - Returns: The boundaries of the shards for each type. Shape `[types, shards + 1]`.
  func separate(_ globals: inout [UInt32], bounds: [UInt64]) -> [[UInt64]] {
    guard isTyped else { return [bounds] }
    var typeAt = [UInt16](repeating: 0, count: globals.count)
    for (node, global) in globals.enumerated() { typeAt[Int(global)] = ofNode[node] }
    var next = [UInt32](repeating: 0, count: names.count)
    var result = [[UInt64]](repeating: [], count: names.count)
    var places = [UInt32](repeating: 0, count: globals.count)
    var shard = 0
    for global in 0...globals.count {
      while shard < bounds.count, bounds[shard] == UInt64(global) {
        for type in names.indices { result[type].append(UInt64(next[type])) }
        shard += 1
      }
      guard global < globals.count else { break }
      let type = Int(typeAt[global])
      places[global] = next[type]
      next[type] &+= 1
    }
    for node in globals.indices { globals[node] = places[Int(globals[node])] }
    return result
  }
}
