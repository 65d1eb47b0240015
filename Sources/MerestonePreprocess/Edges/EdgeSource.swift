import MerestoneCore
import MerestoneStorage

/// The edges between numbered nodes, as the policies leave them, chunk by chunk; any thread reads.
struct EdgeSource: Sendable {
  enum Form: Sendable {
    case raw(RawEdges, NodeNumbers)
    case grouped(GroupedEdges)
  }

  let form: Form
  let columns: EdgeColumns
  /// Whether edges from a node to itself are left out.
  let dropsSelfLoops: Bool
  /// Whether edges with an end that is no node are left out; else there are none.
  let dropsUnlisted: Bool

  var chunkCount: Int {
    switch form {
    case .raw(let edges, _): edges.chunkCount
    case .grouped(let edges): edges.chunkCount
    }
  }

  /// How many edges the chunks hold before any is left out.
  var edgeCount: Int {
    switch form {
    case .raw(let edges, _): edges.edgeCount
    case .grouped(let edges): edges.edgeCount
    }
  }

  /// The place in the input of a chunk's first edge; only raw edges have one.
  func firstEdge(ofChunk index: Int) -> Int {
    guard case .raw(let edges, _) = form else { return 0 }
    return edges.place(ofChunk: index).firstEdge
  }

  /// A source of the same edges between what `value` says of the nodes, where raw ids lead there in
  /// one step.
  func composed(pool: ThreadPool, with value: (_ number: Int) -> UInt32) -> EdgeSource? {
    guard case .raw(let edges, let numbers) = form,
      let table = numbers.composed(pool: pool, with: value)
    else { return nil }
    return EdgeSource(
      form: .raw(edges, table), columns: columns, dropsSelfLoops: dropsSelfLoops,
      dropsUnlisted: dropsUnlisted)
  }

  /// What was left out of one chunk.
  struct Dropped {
    var selfLoops = 0
    var unlisted = 0
  }

  /// Reads a chunk.
  ///
  /// - Parameter withColumns: Whether sequences and rows are needed.
  /// - Returns: How many edges were left out, and why.
  @discardableResult
  func read(
    _ index: Int, withColumns: Bool, into chunk: inout EdgeChunk
  ) throws(PreprocessError) -> Dropped {
    let withColumns = withColumns && !columns.isEmpty
    var dropped = Dropped()
    switch form {
    case .grouped(let edges):
      try edges.read(index, withColumns: withColumns, into: &chunk)
    case .raw(let edges, let numbers):
      try readRaw(index, edges, numbers, withColumns: withColumns, into: &chunk)
      if dropsUnlisted {
        dropped.unlisted = chunk.filter(rowBytes: columns.rowBytes) {
          $0 != NodeNumbers.absent && $1 != NodeNumbers.absent
        }
      }
      if dropsSelfLoops {
        dropped.selfLoops = chunk.filter(rowBytes: columns.rowBytes) { $0 != $1 }
      }
    }
    return dropped
  }

  private func readRaw(
    _ index: Int, _ edges: RawEdges, _ numbers: NodeNumbers, withColumns: Bool,
    into chunk: inout EdgeChunk
  ) throws(PreprocessError) {
    let place = edges.place(ofChunk: index)
    var bytes = chunk.bytes
    chunk.bytes = []
    defer { chunk.bytes = bytes }
    if case .dictionary(let dictionary, let limit) = numbers {
      let count = edges.edgeCount(ofChunk: index)
      try PreprocessError.storing { () throws(StorageError) in
        try dictionary.readEnds(
          firstEdge: place.firstEdge, count: count, sources: &chunk.sources,
          destinations: &chunk.destinations)
      }
      if limit < dictionary.count { chunk.limitNumbers(to: limit) }
      chunk.sequences.removeAll(keepingCapacity: true)
      chunk.rows.removeAll(keepingCapacity: true)
      guard withColumns else { return }
    }
    let ends = try edges.read(part: place.part, chunk: place.chunk, into: &bytes)
    if case .dictionary = numbers {} else { Self.translate(bytes, ends, numbers, into: &chunk) }
    chunk.sequences.removeAll(keepingCapacity: true)
    chunk.rows.removeAll(keepingCapacity: true)
    guard withColumns else { return }
    chunk.sequences.append(addingCapacity: ends.count) { output in
      for edge in 0..<ends.count { output.append(UInt64(place.firstEdge &+ edge)) }
    }
    // Rows of column values come last in a block.
    let rowBytes = columns.spoolRowBytes * ends.count
    // SAFETY: every byte of an array of bytes is initialised.
    let rows = unsafe bytes.span.bytes.extracting(bytes.count - rowBytes..<bytes.count)
    columns.convert(rows, count: ends.count, part: place.part, into: &chunk.rows)
  }

  private static func translate(
    _ bytes: [UInt8], _ ends: RawEdges.Ends, _ numbers: NodeNumbers, into chunk: inout EdgeChunk
  ) {
    if ends.form == .u64 {
      translate(bytes, ends, numbers, as: UInt64.self, into: &chunk)
    } else {
      translate(bytes, ends, numbers, as: UInt32.self, into: &chunk)
    }
  }

  private static func translate<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ bytes: [UInt8], _ ends: RawEdges.Ends, _ numbers: NodeNumbers, as _: ID.Type,
    into chunk: inout EdgeChunk
  ) {
    let count = ends.count
    precondition(2 * count * MemoryLayout<ID>.size <= bytes.count, "ids beyond the block")
    unsafe bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      // SAFETY: the ids lie inside the block, checked above, in an array that is aligned for them.
      let ids = unsafe Span<ID>(
        _unsafeStart: base.assumingMemoryBound(to: ID.self), count: 2 * count)
      if ends.isInterleaved {
        numbers.translate(
          pairs: ids, sources: &chunk.sources, destinations: &chunk.destinations)
      } else {
        numbers.translate(ids.extracting(0..<count), into: &chunk.sources)
        numbers.translate(ids.extracting(count..<2 * count), into: &chunk.destinations)
      }
    }
  }

  /// Calls `body` for every chunk, on all threads.
  func forEachChunk(
    withColumns: Bool, pool: ThreadPool, progress: any ProgressListener,
    cancellation: Cancellation,
    _ body: (_ index: Int, _ chunk: inout EdgeChunk, _ dropped: Dropped) throws(PreprocessError)
      -> Void
  ) throws(PreprocessError) {
    try pool.forEachWorker(of: chunkCount) { (queue) throws(PreprocessError) in
      var chunk = EdgeChunk()
      while let index = queue.claim() {
        if cancellation.isCancelled { throw .interrupted }
        let dropped = try read(index, withColumns: withColumns, into: &chunk)
        let count = chunk.count
        try body(index, &chunk, dropped)
        progress.advance(by: count + dropped.selfLoops + dropped.unlisted)
      }
    }
  }
}
