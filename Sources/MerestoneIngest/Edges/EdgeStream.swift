import MerestoneCore

/// The edges of one file, batch by batch. One thread owns it.
package final class EdgeStream {
  enum Source {
    case text(TextStream)
    case pairs(PairStream)
    case array(EdgeArrayStream)
    case nothing
  }

  private let source: Source
  private let cancellation: Cancellation?

  init(_ source: Source, cancellation: Cancellation?) {
    self.source = source
    self.cancellation = cancellation
  }

  /// The next edges in the file's order, never none; nil at the end. Edges before a fault are
  /// delivered before it is thrown.
  package func next() throws(IngestError) -> EdgeBatch? {
    if let cancellation, cancellation.isCancelled { throw .interrupted }
    switch source {
    case .nothing: return nil
    case .pairs(let pairs): return try pairs.next()
    case .array(let array): return try array.next()
    case .text(let text):
      guard let batch = try text.next() else { return nil }
      return EdgeBatch(
        firstRow: batch.firstRow, sources: Self.ids(batch.columns[0]),
        destinations: Self.ids(batch.columns[1]), columns: Array(batch.columns.dropFirst(2)))
    }
  }

  /// Calls `body` for all batches in order.
  package func forEachBatch(
    _ body: (EdgeBatch) throws(IngestError) -> Void
  ) throws(IngestError) {
    while let batch = try next() { try body(batch) }
  }

  /// How far the file on disk has been read: for progress.
  package var fileBytesRead: Int {
    switch source {
    case .text(let text): text.fileBytesRead
    case .pairs(let pairs): pairs.fileBytesRead
    case .array(let array): array.fileBytesRead
    case .nothing: 0
    }
  }

  private static func ids(_ values: ColumnValues) -> RawIDColumn {
    switch values {
    case .ids(let ids): .integers(ids)
    case .words(let words): .strings(words)
    default: preconditionFailure("an id column was read as something else")
    }
  }
}
