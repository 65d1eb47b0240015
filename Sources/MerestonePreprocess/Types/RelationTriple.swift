import MerestoneStorage

/// One relation of the graph: the triple (source type, name, destination type).
struct RelationTriple: Codable, Sendable, Equatable {
  /// Numbers of node types.
  var source: Int
  var destination: Int
  /// The code of the name among the words of the edge column `relation`; 0 where there is none.
  var code: Int
  var edges: Int

  /// Edge files have four digits for the number of a relation.
  static let limit = 10_000
  static let defaultName = "edge"
}

/// How the edges of a graph are told apart: by the types of their ends, and by the relation that
/// they carry where it isn't an edge column.
struct RelationScheme: Sendable {
  let types: NodeTypes
  /// Where a row of the edges' columns has the code of the relation.
  let code: Range<Int>?
  let codeCount: Int

  /// The relation by `(source type * codeCount + code) * types + destination type`.
  private var numbers: [UInt16] = []
  private var sparse: [Int: UInt16] = [:]

  private static let denseLimit = 1 << 22

  /// - Parameter columns: What the edges have, the relation included.
  init(types: NodeTypes, columns: EdgeColumns) {
    self.types = types
    let position = columns.position(of: "relation")
    code = position.map(columns.range)
    codeCount = max(1, position.flatMap { columns.columns[$0].words?.count } ?? 1)
  }

  var combinations: Int { types.names.count * codeCount * types.names.count }
  var isDense: Bool { combinations <= Self.denseLimit }

  /// Learns the numbers of the relations.
  mutating func learn(_ relations: [RelationTriple]) {
    if isDense { numbers = [UInt16](repeating: 0, count: combinations) }
    for (number, relation) in relations.enumerated() {
      let place =
        (relation.source * codeCount + relation.code) * types.names.count + relation.destination
      if isDense {
        numbers[place] = UInt16(truncatingIfNeeded: number)
      } else {
        sparse[place] = UInt16(truncatingIfNeeded: number)
      }
    }
  }

  func number(of combination: Int) -> UInt16 {
    isDense ? numbers[combination] : sparse[combination] ?? 0
  }

  func triple(of combination: Int, edges: Int) -> RelationTriple {
    let count = types.names.count
    return RelationTriple(
      source: combination / (count * codeCount), destination: combination % count,
      code: combination / count % codeCount, edges: edges)
  }

  /// Calls `body` with every edge of a chunk and the combination of types and relation.
  @inline(__always)
  func forEachCombination(
    _ chunk: EdgeChunk, rowBytes: Int, _ body: (_ edge: Int, _ combination: Int) -> Void
  ) {
    let typeCount = types.names.count
    let isTyped = types.isTyped
    for edge in 0..<chunk.count {
      var combination = isTyped ? Int(types.ofNode[Int(chunk.sources[edge])]) : 0
      combination *= codeCount
      if let code {
        let start = edge * rowBytes + code.lowerBound
        for byte in 0..<code.count { combination += Int(chunk.rows[start + byte]) << (8 * byte) }
      }
      combination *= typeCount
      if isTyped { combination += Int(types.ofNode[Int(chunk.destinations[edge])]) }
      body(edge, combination)
    }
  }
}

extension EdgeColumns {
  /// The columns without the relation, which the place of an edge tells.
  var withoutRelation: EdgeColumns {
    var result = self
    for index in result.spooled.indices where result.spooled[index].name == "relation" {
      result.spooled[index].isLeftOut = true
    }
    return result
  }
}
