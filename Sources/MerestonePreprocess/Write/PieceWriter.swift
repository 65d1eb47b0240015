import MerestoneCore
import MerestoneStorage

/// Writes the edges of one relation in one shard, run by run in the order of the store: the edge
/// file and a file per column.
final class PieceWriter {
  /// What is written, and where.
  struct Piece: Sendable {
    var edgesPath: String
    /// Where the edges go in packed pages, too; `nil` for nowhere.
    var packedPath: String?
    var columnPaths: [String]
    /// Destinations, as global ids.
    var nodes: Range<Int>
    var edges: Int
    var maximumSource: UInt64
    var pageFormat: PageFormat
    var columns: EdgeColumns
  }

  /// What a writer needs to go on where another left off.
  struct State: Codable, Sendable {
    fileprivate var file: EdgeStoreWriter.State
    fileprivate var packed: EdgeStoreWriter.State?
    fileprivate var columns: [ColumnWriter.State]
    fileprivate var lists: ListCounter.State
  }

  private var file: EdgeStoreWriter?
  private var packed: EdgeStoreWriter?
  private var columns: [ColumnSink] = []
  private let piece: Piece
  private let ranges: [Range<Int>]
  private var lists: ListCounter
  /// The largest in-degree so far; of all nodes once the files are complete.
  var maximumInDegree: Int { Int(lists.maximum) }

  init(_ piece: Piece, pool: ThreadPool, resuming state: State? = nil) throws(StorageError) {
    self.piece = piece
    lists = ListCounter(from: piece.nodes.lowerBound, resuming: state?.lists)
    ranges = piece.columns.columns.indices.map { piece.columns.range($0) }
    if let state {
      file = try EdgeStoreWriter(
        path: piece.edgesPath, destinationCount: piece.nodes.count, edgeCount: piece.edges,
        maximumSource: piece.maximumSource, pageFormat: piece.pageFormat, pool: pool,
        resuming: state.file)
    } else {
      file = try EdgeStoreWriter(
        path: piece.edgesPath, destinationCount: piece.nodes.count, edgeCount: piece.edges,
        maximumSource: piece.maximumSource, pageFormat: piece.pageFormat, pool: pool)
    }
    if let path = piece.packedPath {
      if let state = state?.packed {
        packed = try EdgeStoreWriter(
          path: path, destinationCount: 0, edgeCount: piece.edges,
          maximumSource: piece.maximumSource, pageFormat: .packed, pool: pool, resuming: state)
      } else {
        packed = try EdgeStoreWriter(
          path: path, destinationCount: 0, edgeCount: piece.edges,
          maximumSource: piece.maximumSource, pageFormat: .packed, pool: pool)
      }
    }
    for (number, column) in piece.columns.columns.enumerated() {
      columns.append(
        try ColumnSink(
          path: piece.columnPaths[number], element: column.element, rows: piece.edges,
          resuming: state?.columns[number]))
    }
  }

  /// Adds the next edges.
  ///
  /// - Parameters:
  ///   - run: Its lists were taken.
  ///   - start: The destination that lists count from.
  func append(_ run: SortedRun, start: Int, plan: RoutePlan) throws(StorageError) {
    for list in run.lists {
      try lists.add(UInt64(list.degree), to: start + Int(list.destination), handOn: handOn)
    }
    let count = run.count
    try run.withKeys { (keys) throws(StorageError) in
      try file!.append(sources: keys)
      if packed != nil { try packed!.append(sources: keys) }
    }
    guard plan.rowBytes > 0 else { return }
    for (number, range) in ranges.enumerated() {
      var values: [UInt8] = []
      values.reserveCapacity(count * range.count)
      for row in 0..<count {
        let place = row &* plan.rowBytes
        values.append(contentsOf: run.rows[place + range.lowerBound..<place + range.upperBound])
      }
      // SAFETY: every byte of an array of bytes is initialised.
      try columns[number].append(unsafe values.span.bytes)
    }
  }

  private func handOn(_ degrees: Span<UInt64>) throws(StorageError) {
    try file!.append(inDegrees: degrees)
  }

  /// Brings everything so far to the disk and says how to go on from here.
  func checkpoint() throws(StorageError) -> State {
    try lists.flush(handOn)
    var states: [ColumnWriter.State] = []
    for column in columns { states.append(try column.checkpoint()) }
    return State(
      file: try file!.checkpoint(), packed: packed == nil ? nil : try packed!.checkpoint(),
      columns: states, lists: lists.state)
  }

  /// Completes all files.
  func finish() throws(StorageError) -> [FileEntry] {
    try lists.advance(to: piece.nodes.upperBound, handOn: handOn)
    try lists.flush(handOn)
    var entries = [try file.take()!.finish(.deferred, keepsIndex: true)]
    if packed != nil { entries.append(try packed.take()!.finish(.deferred, keepsIndex: true)) }
    for column in columns { entries += try column.finish() }
    return entries
  }
}

/// A ``ColumnWriter`` that can be an element of an array.
private final class ColumnSink {
  private var writer: ColumnWriter?

  init(
    path: String, element: ElementType, rows: Int, resuming state: ColumnWriter.State?
  ) throws(StorageError) {
    if let state {
      writer = try ColumnWriter(
        path: path, element: element, rows: rows, width: 1, resuming: state)
    } else {
      writer = try ColumnWriter(path: path, element: element, rows: rows, width: 1)
    }
  }

  func append(_ bytes: RawSpan) throws(StorageError) { try writer!.append(bytes: bytes) }
  func checkpoint() throws(StorageError) -> ColumnWriter.State { try writer!.checkpoint() }
  func finish() throws(StorageError) -> [FileEntry] { try writer.take()!.finish(.deferred) }
}
