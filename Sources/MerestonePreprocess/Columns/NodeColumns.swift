import MerestoneCore
import MerestoneIngest

/// The columns of the nodes by input index: those of the node table, then those of `--labels`.
struct NodeColumns {
  var columns: [NamedColumn] = []
  var warnings: [String] = []

  /// Names that columns of a table cannot have.
  private let reserved: Set<String>

  /// - Parameter hasFeatures: Whether the graph has a column `features` from a file of its own.
  init(hasFeatures: Bool) { reserved = hasFeatures ? ["features"] : [] }

  /// Whether each node is a training node; nil without a split.
  var train: [Bool]? {
    for column in columns where column.name == "split" {
      if case .splits(let values) = column.data {
        return values.map { $0 == Split.train.rawValue }
      }
    }
    return nil
  }

  /// Takes over the columns of a table.
  ///
  /// - Parameters:
  ///   - isOfAll: Whether this is the table of all nodes, which says their types.
  ///   - positions: The input index of each row; nil where row `i` is node `i`.
  ///   - count: Number of nodes; those that the table lacks get no value.
  mutating func add(
    _ table: NodeTable, positions: [UInt32]?, isOfAll: Bool = false, count: Int
  ) throws(PreprocessError) {
    if !isOfAll, case .categories(_, let words)? = table.types, words.count > 1 {
      throw .severalNodeTypes(file: table.path, types: words)
    }
    var found: [NamedColumn] = []
    if let labels = table.labels {
      found.append(
        NamedColumn(
          name: "label", data: .labels(codes: labels.codes, words: labels.categories)))
    }
    if let splits = table.splits { found.append(NamedColumn(name: "split", data: .splits(splits))) }
    for column in table.columns {
      let data = ColumnData(column.values)
      if case .categories(_, let words) = data, words.count > ColumnData.categoryLimit {
        warnings.append(
          "column '\(column.name)' of \(table.path) has more than "
            + "\(ColumnData.categoryLimit.grouped) distinct words and is left out; remove it from "
            + "the input to be rid of this warning")
        continue
      }
      found.append(NamedColumn(name: column.name, data: data))
    }
    for column in found {
      guard !reserved.contains(column.name), !columns.contains(where: { $0.name == column.name })
      else { throw .columnTaken(file: table.path, column: column.name) }
      columns.append(
        NamedColumn(name: column.name, data: column.data.spread(to: positions, count: count)))
    }
  }
}

extension ColumnData {
  /// The values at the given positions of a longer column, "none" elsewhere.
  func spread(to positions: [UInt32]?, count: Int) -> ColumnData {
    if positions == nil, self.count == count { return self }
    let positions = positions ?? (0..<UInt32(self.count)).map { $0 }
    func placed<Value>(_ values: [Value], none: Value) -> [Value] {
      var result = [Value](repeating: none, count: count)
      for (row, position) in positions.enumerated() { result[Int(position)] = values[row] }
      return result
    }
    switch self {
    case .integers(let values):
      // Integers have no value for "none"; numbers have.
      return values.count == count
        ? .integers(placed(values, none: 0)) : .numbers(placed(values.map(Double.init), none: .nan))
    case .numbers(let values): return .numbers(placed(values, none: .nan))
    case .splits(let values): return .splits(placed(values, none: Split.none.rawValue))
    case .labels(let codes, let words):
      return .labels(codes: placed(codes, none: -1), words: words)
    case .categories(let codes, var words):
      guard codes.count < count else {
        return .categories(codes: placed(codes, none: 0), words: words)
      }
      let known = words.firstIndex(of: "-")
      if known == nil { words.append("-") }
      return .categories(
        codes: placed(codes, none: UInt32(known ?? words.count - 1)), words: words)
    }
  }
}
