/// The values of one further column of a node table.
package enum NodeColumnValues: Sendable, Equatable {
  case integers([Int64])
  /// Missing values are NaN.
  case numbers([Double])
  /// Codes into the categories, which are in the order of their first appearance; a missing value
  /// is the category `-`.
  case categories(codes: [UInt32], words: [String])

  package var count: Int {
    switch self {
    case .integers(let values): values.count
    case .numbers(let values): values.count
    case .categories(let codes, _): codes.count
    }
  }
}

package struct NodeColumn: Sendable, Equatable {
  package var name: String
  package var values: NodeColumnValues
}

/// A table of nodes: raw id, and where the file has them label, split, type and further columns.
///
/// Resident as a whole: 8 bytes per node and number, the text of words once per category, the
/// text of string ids.
package struct NodeTable: Sendable, Equatable {
  /// A label column: class codes, -1 for none.
  package struct Labels: Sendable, Equatable {
    package var codes: [Int32]
    /// What the codes mean, where the file's labels are words; nil where they are numbers.
    package var categories: [String]?

    /// Largest class plus 1, or the number of categories.
    package var classCount: Int { categories?.count ?? Int((codes.max() ?? -1) + 1) }
  }

  package var path: String
  package var ids: RawIDColumn
  package var labels: Labels?
  /// Codes of `Split`, one per node.
  package var splits: [UInt8]?
  /// The type of each node, where the file has a column `type`.
  package var types: NodeColumnValues?
  /// All other columns, in the file's order.
  package var columns: [NodeColumn]

  package var count: Int { ids.count }
}

extension NodeTable {
  /// About the bytes that the table takes in memory.
  package var residentBytes: Int {
    func bytes(_ values: NodeColumnValues) -> Int {
      if case .categories(let codes, _) = values { return codes.count * 4 }
      return values.count * 8
    }
    var total = columns.reduce(0) { $0 + bytes($1.values) }
    if let types { total += bytes(types) }
    total += (labels?.codes.count ?? 0) * 4 + (splits?.count ?? 0)
    switch ids {
    case .integers(let values): total += values.count * 8
    case .strings(let strings): total += strings.bytes.count + strings.offsets.count * 8
    }
    return total
  }
}
