import MerestoneCore
import MerestoneStorage

/// Writes the out-edges of one shard's nodes, run by run: their lists and their ids.
final class ReversePieceWriter {
  /// What is written, and where.
  struct Piece: Sendable {
    var listsPath: String
    var idsPath: String
    /// Sources, as global ids.
    var nodes: Range<Int>
    var edges: Int
    var maximumDestination: UInt64
    /// Edges of the relation.
    var relationEdges: Int
  }

  /// What a writer needs to go on where another left off.
  struct State: Codable, Sendable {
    fileprivate var lists: EdgeStoreWriter.State
    fileprivate var ids: EdgeIDWriter.State
    fileprivate var counter: ListCounter.State
  }

  private let piece: Piece
  private var lists: EdgeStoreWriter?
  private var ids: EdgeIDWriter?
  private var counter: ListCounter
  private var words: [UInt64] = []

  init(_ piece: Piece, pool: ThreadPool, resuming state: State?) throws(StorageError) {
    self.piece = piece
    counter = ListCounter(from: piece.nodes.lowerBound, resuming: state?.counter)
    if let state {
      lists = try EdgeStoreWriter(
        path: piece.listsPath, destinationCount: piece.nodes.count, edgeCount: piece.edges,
        maximumSource: piece.maximumDestination, pool: pool, resuming: state.lists)
      ids = try EdgeIDWriter(
        path: piece.idsPath, count: piece.edges, edgeCount: piece.relationEdges,
        resuming: state.ids)
    } else {
      lists = try EdgeStoreWriter(
        path: piece.listsPath, destinationCount: piece.nodes.count, edgeCount: piece.edges,
        maximumSource: piece.maximumDestination, pool: pool)
      ids = try EdgeIDWriter(
        path: piece.idsPath, count: piece.edges, edgeCount: piece.relationEdges)
    }
  }

  /// Adds the next edges.
  /// - Parameter start: The source that keys count from.
  func append(_ run: ReverseRun, start: Int, plan: ReversePlan) throws(StorageError) {
    let shift = UInt64(plan.destinationBits)
    let count = run.count
    var index = 0
    while index < count {
      let source = run.keys[index] &>> shift
      var end = index &+ 1
      while end < count, run.keys[end] &>> shift == source { end &+= 1 }
      try counter.add(UInt64(end &- index), to: start + Int(source), handOn: handOn)
      index = end
    }
    try withLowBits(run.keys, count, bits: plan.destinationBits) { (ids) throws(StorageError) in
      try lists!.append(sources: ids)
    }
    try withLowBits(run.edges, count, bits: plan.idBits) { (ids) throws(StorageError) in
      try self.ids!.append(ids)
    }
  }

  /// Lends the low bits of each word.
  private func withLowBits(
    _ source: [UInt64], _ count: Int, bits: Int, _ body: (Span<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    var words: [UInt64] = []
    swap(&words, &self.words)
    if words.count < count { words = [UInt64](repeating: 0, count: count) }
    let mask = (1 as UInt64) &<< UInt64(bits) &- 1
    for index in 0..<count { words[index] = source[index] & mask }
    try body(words.span.extracting(0..<count))
    swap(&words, &self.words)
  }

  private func handOn(_ degrees: Span<UInt64>) throws(StorageError) {
    try lists!.append(inDegrees: degrees)
  }

  /// Brings everything so far to the disk and says how to go on from here.
  func checkpoint() throws(StorageError) -> State {
    try counter.flush(handOn)
    return State(
      lists: try lists!.checkpoint(), ids: try ids!.checkpoint(), counter: counter.state)
  }

  /// Completes both files. The lists' index stays until ``EdgeStoreWriter/removeIndex(of:)``.
  func finish() throws(StorageError) -> [FileEntry] {
    try counter.advance(to: piece.nodes.upperBound, handOn: handOn)
    try counter.flush(handOn)
    return [
      try lists.take()!.finish(.deferred, keepsIndex: true), try ids.take()!.finish(.deferred),
    ]
  }
}
