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
  ///
  /// - Throws: ``IngestError/fileChanged(_:detail:)`` where somebody wrote to the file meanwhile,
  ///   in place of any other fault that came of it.
  package func next() throws(IngestError) -> EdgeBatch? {
    if let cancellation, cancellation.isCancelled { throw .interrupted }
    let batch: EdgeBatch?
    do throws(IngestError) {
      batch = try nextUnchecked()
    } catch {
      if error != .interrupted { try checkUnchanged() }
      throw error
    }
    if batch == nil { try checkUnchanged() }
    return batch
  }

  private func nextUnchecked() throws(IngestError) -> EdgeBatch? {
    switch source {
    case .nothing: nil
    case .pairs(let pairs): try pairs.next()
    case .array(let array): try array.next()
    case .text(let text): try text.next().map { EdgeBatch($0) }
    }
  }

  private func checkUnchanged() throws(IngestError) {
    switch source {
    case .text(let text): try text.checkUnchanged()
    case .pairs(let pairs): try pairs.checkUnchanged()
    case .array(let array): try array.checkUnchanged()
    case .nothing: break
    }
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
}

extension EdgeBatch {
  /// - Parameter batch: Source and destination ids first, then the reader's columns.
  init(_ batch: TextBatch) {
    self.init(
      firstRow: batch.firstRow, sources: Self.ids(batch.columns[0]),
      destinations: Self.ids(batch.columns[1]), columns: Array(batch.columns.dropFirst(2)),
      end: batch.end)
  }

  private static func ids(_ values: ColumnValues) -> RawIDColumn {
    switch values {
    case .ids(let ids): .integers(ids)
    case .words(let words): .strings(words)
    default: preconditionFailure("an id column was read as something else")
    }
  }
}
