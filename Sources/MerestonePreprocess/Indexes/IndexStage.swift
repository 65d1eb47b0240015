import Glibc
import MerestoneCore
import MerestoneStorage
import Synchronization

/// Stores an index of edge columns, from the files that were written.
///
/// Shards are read on all threads, once but for the times of lists that are longer than a portion. Resident:
/// a MiB or two per thread, for times also ``TimeSorting/bytesPerEdge`` for each edge of such a list.
struct IndexStage {
  let index: EdgeIndex
  let columns: [IndexedColumn]
  /// Boundaries of the shards in the destinations and in the edges of each relation. Shapes
  /// `[relations, shards + 1]`.
  let nodeBounds: [[UInt64]]
  let edgeBounds: [[UInt64]]
  /// Edges of a list that a thread puts in order at once.
  let portion: Int
  let writer: GraphWriter
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation
  /// Edges after which the journal is written, or a share of all where that is more.
  var edgesPerCheckpoint = 1 << 25

  /// One column of one relation.
  struct IndexedColumn: Sendable {
    var relation: RelationID
    var number: Int
    var name: String
    var element: ElementType
  }

  /// How far the stage has come, for the journal.
  struct Record: Codable, Sendable {
    /// Which edge columns get the index, by number; a resumed run may ask for others.
    var numbers: [Int] = []
    /// By place among ``IndexStage/columns``.
    var columns: [ColumnRecord] = []
    var isComplete = false

    var files: [FileEntry] { columns.flatMap(\.files) }
  }

  /// How far a column has come.
  struct ColumnRecord: Codable, Sendable {
    /// Shards that are done.
    var shards = 0
    /// Of weights.
    var everyEdgeCounts = true
    var files: [FileEntry] = []
    /// Whether it has a weight that is none.
    var isRefused = false

    /// What the manifest says of weights.
    var cumulative: CumulativeWeights? {
      isRefused ? nil : CumulativeWeights(everyEdgeCounts: everyEdgeCounts)
    }
  }

  /// What is wrong with a column, in which shard.
  struct Refusal {
    var column: IndexedColumn
    var shard: Int
    var outcome: WeightSummation.Outcome
  }

  /// - Parameters:
  ///   - record: Where an earlier run left off.
  ///   - refuse: Hears of a column that gets no index; its files are removed unless this throws.
  ///   - checkpoint: Keeps the record.
  func run(
    from record: Record, refuse: (Refusal) throws(PreprocessError) -> Void,
    checkpoint: (Record) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> Record {
    var record = record
    while record.columns.count < columns.count { record.columns.append(ColumnRecord()) }
    var sinceCheckpoint = 0
    let limit = max(edgesPerCheckpoint, edgeCount / 32)
    for (place, column) in columns.enumerated() {
      while !record.columns[place].isRefused, record.columns[place].shards < shardCount {
        let shards = shards(of: column, from: record.columns[place].shards, edges: limit)
        try add(column, shards, to: &record.columns[place], refuse)
        sinceCheckpoint += shards.reduce(0) { $0 + edges(of: column, in: $1).count }
        guard sinceCheckpoint >= limit else { continue }
        try checkpoint(record)
        sinceCheckpoint = 0
      }
    }
    record.isComplete = true
    return record
  }

  /// Edges of all columns together.
  var edgeCount: Int {
    columns.reduce(0) { $0 + Int(edgeBounds[$1.relation.rawValue].last!) }
  }

  private var shardCount: Int { nodeBounds[0].count - 1 }

  private func edges(of column: IndexedColumn, in shard: Int) -> Range<UInt64> {
    let bounds = edgeBounds[column.relation.rawValue]
    return bounds[shard]..<bounds[shard + 1]
  }

  /// The next shards that are done together: about as many edges as asked for.
  private func shards(of column: IndexedColumn, from first: Int, edges limit: Int) -> Range<Int> {
    var (end, count) = (first, 0)
    while end < shardCount, count < limit {
      count += edges(of: column, in: end).count
      end += 1
    }
    return first..<end
  }

  private func add(
    _ column: IndexedColumn, _ shards: Range<Int>, to record: inout ColumnRecord,
    _ refuse: (Refusal) throws(PreprocessError) -> Void
  ) throws(PreprocessError) {
    let found = Mutex<[Int: (WeightSummation.Outcome, [FileEntry])]>([:])
    try pool.forEach(shards.count) { (place) throws(PreprocessError) in
      let shard = shards.lowerBound + place
      guard !edges(of: column, in: shard).isEmpty else { return }
      let result =
        switch index {
        case .weights: try writeSums(column, shard)
        case .times: try writeOrder(column, shard)
        }
      found.withLock { $0[shard] = result }
    }
    let results = found.withLock { $0 }
    for shard in shards {
      guard let (outcome, files) = results[shard] else { continue }
      record.files += files
      if case .complete(let everyEdgeCounts) = outcome {
        if !everyEdgeCounts { record.everyEdgeCounts = false }
        continue
      }
      if record.isRefused { continue }
      try refuse(Refusal(column: column, shard: shard, outcome: outcome))
      record.isRefused = true
    }
    record.shards = shards.upperBound
    guard record.isRefused else { return }
    for file in record.files { unsafe unlink(file.path) }
    record.files = []
  }

  /// Writes the sums of one shard; no file where a weight is none.
  private func writeSums(
    _ column: IndexedColumn, _ shard: Int
  ) throws(PreprocessError) -> (WeightSummation.Outcome, [FileEntry]) {
    let (edges, id) = (edges(of: column, in: shard), ShardID(shard))
    let spacing = CumulativeWeights.storedSpacing
    let rows = CumulativeWeights(everyEdgeCounts: true).rows(of: edges)
    do throws(StorageError) {
      let path = writer.path(
        GraphLayout.edgeSums(column.number, of: column.relation, shard: id))
      var sums: ColumnWriter? = try ColumnWriter(
        path: path, element: .f64, rows: rows.count, width: 1)
      let outcome = try WeightSummation(
        edges: try openEdges(column, id), weights: try openValues(column, id, rows: edges.count),
        firstEdge: edges.lowerBound, spacing: spacing
      ).run { (part, count) throws(StorageError) in
        if cancellation.isCancelled { throw .interrupted(path: path) }
        try sums!.append(part)
        progress.advance(by: count)
      }
      guard case .complete = outcome else { return (outcome, []) }
      return (outcome, try sums.take()!.finish(.deferred))
    } catch {
      throw PreprocessError.storage(error).unified
    }
  }

  /// Writes the order of one shard's times.
  private func writeOrder(
    _ column: IndexedColumn, _ shard: Int
  ) throws(PreprocessError) -> (WeightSummation.Outcome, [FileEntry]) {
    let (edges, id) = (edges(of: column, in: shard), ShardID(shard))
    let order = TimeOrder()
    do throws(StorageError) {
      let path = writer.path(
        GraphLayout.edgeOrder(column.number, of: column.relation, shard: id))
      var positions: ColumnWriter? = try ColumnWriter(
        path: path, element: .u32, rows: edges.count, width: 1)
      var times: ColumnWriter? = try ColumnWriter(
        path: writer.path(GraphLayout.edgeTimes(column.number, of: column.relation, shard: id)),
        element: .i64, rows: order.rows(of: edges).count, width: 1)
      try TimeSorting(
        edges: try openEdges(column, id), times: try openValues(column, id, rows: edges.count),
        firstEdge: edges.lowerBound, spacing: order.spacing, portion: portion
      ).run { (part, ordered) throws(StorageError) in
        if cancellation.isCancelled { throw .interrupted(path: path) }
        try positions!.append(part)
        try times!.append(ordered)
        progress.advance(by: part.count)
      }
      return (
        .complete(everyEdgeCounts: true),
        try positions.take()!.finish(.deferred) + times.take()!.finish(.deferred)
      )
    } catch {
      throw PreprocessError.storage(error).unified
    }
  }

  private func openEdges(
    _ column: IndexedColumn, _ shard: ShardID
  ) throws(StorageError) -> EdgeStore {
    try EdgeStore(path: writer.path(GraphLayout.edges(column.relation, shard: shard)))
  }

  private func openValues(
    _ column: IndexedColumn, _ shard: ShardID, rows: Int
  ) throws(StorageError) -> Column {
    try Column.open(
      path: writer.path(GraphLayout.edgeColumn(column.number, of: column.relation, shard: shard)),
      element: column.element, rows: rows, mappedShare: 0)
  }
}
