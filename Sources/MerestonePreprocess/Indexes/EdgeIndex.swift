import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// Which edge columns get an index.
package enum IndexSelection: Sendable, Equatable {
  /// The column that is usually asked for, where there is one that can have it.
  case automatic
  /// These; none where there are none.
  case columns([String])

  /// As flags spell it; nil where it was not given.
  var flag: String? {
    guard case .columns(let names) = self else { return nil }
    return names.isEmpty ? "none" : names.joined(separator: ",")
  }
}

/// What is stored beside an edge column, so that samplers need not go through it.
enum EdgeIndex: CaseIterable, Sendable {
  /// ``CumulativeWeights``.
  case weights
  /// ``TimeOrder``.
  case times

  /// The flag that names its columns.
  var flag: String { self == .weights ? "--weights" : "--times" }

  /// The column that has it unless others are asked for.
  var usualColumn: String { self == .weights ? "weight" : "time" }

  /// What a column must hold.
  var values: String { self == .weights ? "numbers" : "integers" }

  func selection(_ options: PreprocessOptions) -> IndexSelection {
    self == .weights ? options.weights : options.times
  }

  /// Bytes per edge.
  var bytesPerEdge: Double {
    switch self {
    case .weights: 8 / Double(CumulativeWeights.storedSpacing)
    case .times: TimeOrder.bytesPerEdge
    }
  }

  /// The stage that makes it.
  var stage: String { self == .weights ? "weights" : "times" }

  var record: WritableKeyPath<Journal, IndexStage.Record?> {
    self == .weights ? \.weighed : \.timed
  }

  /// Whether a column can have it.
  func fits(_ column: RidingColumn) -> Bool {
    column.kind == .integer || column.kind == .number && self == .weights
  }

  /// Whether a column is to have it.
  func wants(_ column: RidingColumn, _ options: PreprocessOptions) -> Bool {
    switch selection(options) {
    case .automatic: column.name == usualColumn && fits(column)
    case .columns(let names): names.contains(column.name)
    }
  }

  /// The names of its files in a shard.
  func files(_ column: Int, _ relation: RelationID, _ shard: ShardID) -> [String] {
    switch self {
    case .weights: [GraphLayout.edgeSums(column, of: relation, shard: shard)]
    case .times:
      [
        GraphLayout.edgeOrder(column, of: relation, shard: shard),
        GraphLayout.edgeTimes(column, of: relation, shard: shard),
      ]
    }
  }
}

extension InputFiles {
  /// Refuses columns that cannot have the index that they are to have, by what is known of them so far.
  func checkIndexes(_ options: PreprocessOptions) throws(PreprocessError) {
    for index in EdgeIndex.allCases {
      guard case .columns(let names) = index.selection(options) else { continue }
      let fitting = columns(fitting: index)
      for name in names where !fitting.contains(name) {
        throw .noIndexColumn(
          flag: index.flag, name: name, values: index.values, available: fitting)
      }
    }
  }

  /// How many edge columns get an index.
  func count(of index: EdgeIndex, _ options: PreprocessOptions) -> Int {
    let fitting = columns(fitting: index)
    return switch index.selection(options) {
    case .automatic: fitting.count(where: { $0 == index.usualColumn })
    case .columns(let names): fitting.count(where: names.contains)
    }
  }

  /// Edge columns of the right kind, and those that may turn out to be.
  private func columns(fitting index: EdgeIndex) -> [String] {
    (edges.first?.columns ?? []).filter {
      $0.type == nil || $0.type == .integer || $0.type == .number && index == .weights
    }.map(\.name)
  }
}
