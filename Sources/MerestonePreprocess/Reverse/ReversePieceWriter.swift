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
    fileprivate var node: Int
    fileprivate var degree: UInt64
  }

  private let piece: Piece
  private var lists: EdgeStoreWriter?
  private var ids: EdgeIDWriter?
  private var degrees: [UInt64] = []
  /// The source whose list came last, and the edges of it so far.
  private var node: Int
  private var degree: UInt64 = 0
  private var words: [UInt64] = []

  private static let degreePortion = 1 << 16

  init(_ piece: Piece, pool: ThreadPool, resuming state: State?) throws(StorageError) {
    self.piece = piece
    node = state?.node ?? piece.nodes.lowerBound
    degree = state?.degree ?? 0
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
      try advance(to: start + Int(source))
      degree &+= UInt64(end &- index)
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

  /// Closes the lists before `target`.
  private func advance(to target: Int) throws(StorageError) {
    while node < target {
      degrees.append(degree)
      degree = 0
      node &+= 1
      if degrees.count == Self.degreePortion { try handOnDegrees() }
    }
  }

  private func handOnDegrees() throws(StorageError) {
    let ready = degrees
    try lists!.append(inDegrees: ready.span)
    degrees.removeAll(keepingCapacity: true)
  }

  /// Brings everything so far to the disk and says how to go on from here.
  func checkpoint() throws(StorageError) -> State {
    try handOnDegrees()
    return State(
      lists: try lists!.checkpoint(), ids: try ids!.checkpoint(), node: node, degree: degree)
  }

  /// Completes both files. The lists' index stays until ``EdgeStoreWriter/removeIndex(of:)``.
  func finish() throws(StorageError) -> [FileEntry] {
    try advance(to: piece.nodes.upperBound)
    try handOnDegrees()
    return [
      try lists.take()!.finish(.deferred, keepsIndex: true), try ids.take()!.finish(.deferred),
    ]
  }
}
