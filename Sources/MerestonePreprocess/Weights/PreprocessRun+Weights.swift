import Glibc
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

/// Which edge columns get cumulative weights.
package enum WeightSelection: Sendable, Equatable {
  /// The column `weight`, where there is one of numbers, none of them negative.
  case automatic
  /// These; none where there are none.
  case columns([String])
}

extension InputFiles {
  /// Refuses columns that cannot be weights, by what is known of them so far.
  func checkWeights(_ selection: WeightSelection) throws(PreprocessError) {
    guard case .columns(let names) = selection else { return }
    let numeric = numericColumns
    for name in names where !numeric.contains(name) {
      throw .noWeightColumn(name: name, available: numeric)
    }
  }

  /// How many edge columns get cumulative weights.
  func weightCount(_ selection: WeightSelection) -> Int {
    switch selection {
    case .automatic: numericColumns.count(where: { $0 == "weight" })
    case .columns(let names): numericColumns.count(where: names.contains)
    }
  }

  /// Edge columns of numbers, and those that may turn out to be.
  private var numericColumns: [String] {
    (edges.first?.columns ?? []).filter {
      [nil, .integer, .number].contains($0.type)
    }.map(\.name)
  }
}

extension PreprocessRun {
  /// Stores the cumulative weights of the columns that get them.
  ///
  /// - Returns: What the manifest says about each column of each relation.
  mutating func writeWeights(
    _ columns: EdgeColumns, _ relations: [RelationTriple], nodeTypes: [NodeTypeEntry],
    nodeBounds: [[UInt64]], edgeBounds: [[UInt64]], _ journal: inout Journal,
    _ workplace: Workplace, _ writer: GraphWriter
  ) throws(PreprocessError) -> [[CumulativeWeights?]] {
    let numbers = columns.columns.indices.filter { number in
      let column = columns.columns[number]
      return switch options.weights {
      case .automatic: column.name == "weight" && column.isNumeric
      case .columns(let names): names.contains(column.name)
      }
    }
    var entries = [[CumulativeWeights?]](
      repeating: columns.columns.map { _ in nil }, count: relations.count)
    if let numbersBefore = journal.weighed?.numbers, numbersBefore != numbers {
      // An earlier run was asked for others.
      removeWeights(columns.columns.count, relations.count, writer)
      journal.weighed = nil
    }
    guard !numbers.isEmpty else { return entries }
    let stage = WeightStage(
      columns: relations.indices.flatMap { relation in
        numbers.map {
          WeightStage.WeightColumn(
            relation: RelationID(relation), number: $0, name: columns.columns[$0].name,
            element: columns.columns[$0].element)
        }
      },
      nodeBounds: relations.map { nodeBounds[$0.destination] }, edgeBounds: edgeBounds,
      writer: writer, pool: pool, progress: progress, cancellation: cancellation)
    if !(journal.weighed?.isComplete ?? false) {
      clock.begin("weights", total: stage.edgeCount, unit: "edges")
      var held = journal
      var run = self
      var record = journal.weighed ?? WeightStage.Record(numbers: numbers)
      if journal.weighed == nil {
        journal.weighed = record
        try keep(&journal, workplace)
        held = journal
      }
      record = try stage.run(from: record) { (refusal) throws(PreprocessError) in
        let error = try stage.error(
          for: refusal, triple: relations[refusal.column.relation.rawValue], nodeTypes: nodeTypes)
        guard options.weights == .automatic else { throw error }
        let relation = relations.count > 1 ? " of relation \(refusal.column.relation)" : ""
        run.warn("\(refusal.column.name)\(relation) gets no cumulative weights: \(error)")
      } checkpoint: { (record) throws(PreprocessError) in
        held.weighed = record
        try run.keep(&held, workplace)
      }
      report = run.report
      journal = held
      journal.weighed = record
      clock.end(
        "cumulative weights of \(stage.edgeCount.grouped) edges written", work: stage.edgeCount,
        unit: "edges")
      try keep(&journal, workplace)
    }
    let record = journal.weighed!
    writer.add(record.files)
    for (column, done) in zip(stage.columns, record.columns) {
      entries[column.relation.rawValue][column.number] = done.entry
    }
    return entries
  }
}

extension PreprocessRun {
  /// Removes what an earlier run may have written.
  private func removeWeights(_ columns: Int, _ relations: Int, _ writer: GraphWriter) {
    for relation in 0..<relations {
      for shard in 0..<options.partition.shards {
        for column in 0..<columns {
          let path = writer.path(
            GraphLayout.edgeSums(column, of: RelationID(relation), shard: ShardID(shard)))
          for name in [path, path + ".partial", ColumnChecksums.path(of: path)] {
            unsafe unlink(name)
          }
        }
      }
    }
  }
}

extension RidingColumn {
  /// Whether its values are numbers, not codes.
  fileprivate var isNumeric: Bool { kind == .integer || kind == .number }
}

extension WeightStage {
  /// Says what is wrong with a weight, with raw ids.
  fileprivate func error(
    for refusal: Refusal, triple: RelationTriple, nodeTypes: [NodeTypeEntry]
  ) throws(PreprocessError) -> PreprocessError {
    try PreprocessError.storing { () throws(StorageError) in
      let column = refusal.column
      let bounds = nodeBounds[column.relation.rawValue]
      let store = try EdgeStore(
        path: writer.path(GraphLayout.edges(column.relation, shard: ShardID(refusal.shard))))
      func raw(_ node: UInt64, _ type: Int) throws(StorageError) -> RawID {
        try IDMap.open(
          prefix: writer.path(GraphLayout.ids(NodeTypeID(type))), kind: nodeTypes[type].idKind,
          storage: nodeTypes[type].rawIDStorage, count: nodeTypes[type].count
        ).raw(of: NodeID(node))
      }
      switch refusal.outcome {
      case .complete: preconditionFailure("nothing is wrong")
      case .overflow(let destination):
        return .weightOverflow(
          column: column.name,
          destination: try raw(
            bounds[refusal.shard] + UInt64(destination), triple.destination))
      case .badWeight(let value, let edge):
        let destination = try store.destination(of: edge)
        var sources = [UInt64](repeating: 0, count: store.pageEdges)
        var span = sources.mutableSpan
        var scratch = PageScratch()
        let page = edge / store.pageEdges
        _ = try store.decodePage(page, into: &span, scratch: &scratch)
        return .badWeight(
          column: column.name, value: "\(value)",
          source: try raw(
            sources[edge - store.edges(ofPage: page).lowerBound], triple.source),
          destination: try raw(
            bounds[refusal.shard] + UInt64(destination), triple.destination))
      }
    }
  }
}
