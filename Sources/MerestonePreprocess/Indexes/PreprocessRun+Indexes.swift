import Glibc
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

/// What the manifest says about the indexes of each column of each relation.
struct IndexEntries {
  var cumulative: [[CumulativeWeights?]]
  var order: [[TimeOrder?]]

  init(relations: Int, columns: Int) {
    cumulative = .init(repeating: .init(repeating: nil, count: columns), count: relations)
    order = .init(repeating: .init(repeating: nil, count: columns), count: relations)
  }
}

/// What indexes are made of: the graph's edges as they were written.
struct WrittenEdges {
  var columns: EdgeColumns
  var relations: [RelationTriple]
  var nodeTypes: [NodeTypeEntry]
  /// By node type, and by relation. Shapes `[.., shards + 1]`.
  var nodeBounds: [[UInt64]]
  var edgeBounds: [[UInt64]]
  /// By relation.
  var maximumInDegrees: [Int]
}

extension PreprocessRun {
  /// Stores the indexes of the columns that get them.
  mutating func writeIndexes(
    _ edges: WrittenEdges, _ journal: inout Journal, _ workplace: Workplace, _ writer: GraphWriter
  ) throws(PreprocessError) -> IndexEntries {
    var entries = IndexEntries(
      relations: edges.relations.count, columns: edges.columns.columns.count)
    for index in EdgeIndex.allCases {
      try write(index, edges, &journal, workplace, writer, &entries)
    }
    return entries
  }

  private mutating func write(
    _ index: EdgeIndex, _ edges: WrittenEdges, _ journal: inout Journal, _ workplace: Workplace,
    _ writer: GraphWriter, _ entries: inout IndexEntries
  ) throws(PreprocessError) {
    let columns = edges.columns.columns
    let numbers = columns.indices.filter { index.wants(columns[$0], options) }
    if let numbersBefore = journal[keyPath: index.record]?.numbers, numbersBefore != numbers {
      // An earlier run was asked for others.
      remove(index, columns.count, edges.relations.count, writer)
      journal[keyPath: index.record] = nil
    }
    var indexed: [IndexStage.IndexedColumn] = []
    for relation in edges.relations.indices where !numbers.isEmpty {
      guard canHave(index, edges, relation) else { continue }
      indexed += numbers.map {
        IndexStage.IndexedColumn(
          relation: RelationID(relation), number: $0, name: columns[$0].name,
          element: columns[$0].element)
      }
    }
    guard !indexed.isEmpty else { return }
    let stage = IndexStage(
      index: index, columns: indexed,
      nodeBounds: edges.relations.map { edges.nodeBounds[$0.destination] },
      edgeBounds: edges.edgeBounds, portion: plan.orderPortion, writer: writer, pool: pool,
      progress: progress, cancellation: cancellation)
    if !(journal[keyPath: index.record]?.isComplete ?? false) {
      clock.begin(index.stage, total: stage.edgeCount, unit: "edges")
      var held = journal
      var run = self
      var record = journal[keyPath: index.record] ?? IndexStage.Record(numbers: numbers)
      if journal[keyPath: index.record] == nil {
        journal[keyPath: index.record] = record
        try keep(&journal, workplace)
        held = journal
      }
      record = try stage.run(from: record) { (refusal) throws(PreprocessError) in
        let error = try stage.error(
          for: refusal, triple: edges.relations[refusal.column.relation.rawValue],
          nodeTypes: edges.nodeTypes)
        guard index.selection(options) == .automatic else { throw error }
        let relation = edges.relations.count > 1 ? " of relation \(refusal.column.relation)" : ""
        run.warn("\(refusal.column.name)\(relation) gets no cumulative weights: \(error)")
      } checkpoint: { (record) throws(PreprocessError) in
        held[keyPath: index.record] = record
        try run.keep(&held, workplace)
      }
      report = run.report
      journal = held
      journal[keyPath: index.record] = record
      let what = index == .weights ? "cumulative weights" : "times in order"
      clock.end(
        "\(what) of \(stage.edgeCount.grouped) edges written", work: stage.edgeCount, unit: "edges")
      try keep(&journal, workplace)
    }
    let record = journal[keyPath: index.record]!
    writer.add(record.files)
    for (column, done) in zip(stage.columns, record.columns) {
      let relation = column.relation.rawValue
      switch index {
      case .weights: entries.cumulative[relation][column.number] = done.cumulative
      case .times: entries.order[relation][column.number] = TimeOrder()
      }
    }
  }

  /// Whether a relation can have an index; a warning says why not.
  private mutating func canHave(_ index: EdgeIndex, _ edges: WrittenEdges, _ relation: Int) -> Bool
  {
    let longest = edges.maximumInDegrees[relation]
    guard index == .times, longest > TimeOrder.longestList else { return true }
    warn(
      "the order of times is not stored: a node has \(longest.grouped) in-edges, it can hold "
        + "\(TimeOrder.longestList.grouped); temporal sampling goes through lists instead")
    return false
  }

  /// Removes what an earlier run may have written.
  private func remove(_ index: EdgeIndex, _ columns: Int, _ relations: Int, _ writer: GraphWriter) {
    for relation in 0..<relations {
      for shard in 0..<options.partition.shards {
        for column in 0..<columns {
          for name in index.files(column, RelationID(relation), ShardID(shard)) {
            let path = writer.path(name)
            OutputFile.remove(path)
            OutputFile.remove(ColumnChecksums.path(of: path))
          }
        }
      }
    }
  }
}

extension IndexStage {
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
