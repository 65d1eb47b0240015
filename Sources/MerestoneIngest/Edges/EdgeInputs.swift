package import MerestoneCore

/// All edge files of a run, read at the same time.
///
/// A plain file is read and parsed by all threads of a pool, chunk by chunk. A compressed file and
/// the standard input cannot be split: each is decoded on a thread of its own, and parsed by the
/// pool, so that a slow one does not keep the others waiting. Up to as many files as the pool has
/// threads are in work at a time, and as many unsplittable ones (at least two).
package struct EdgeInputs: Sendable {
  package let readers: [EdgeListReader]

  /// - Precondition: all columns of all readers have types.
  package init(readers: [EdgeListReader]) { self.readers = readers }

  /// The memory with which ``read(from:pool:memory:cancellation:progress:wrapping:sink:)`` can work
  /// at all, one file at a time: less is not heeded. Decoders' windows come on top (32 KiB for
  /// gzip, 8 MiB at most for LZ4, for zstd what the file asks for: 8 MiB at its usual levels).
  package var leastMemory: Int { 3 * slotBytes }

  /// Reads all edges.
  ///
  /// The batches of a file are those of ``EdgeListReader/stream(from:pool:cancellation:)``, at any
  /// number of threads and any memory.
  ///
  /// - Parameters:
  ///   - starts: For each file where to begin, nil for its first edge; none at all for all of them.
  ///   - memory: Bytes for buffers and batches, those that the sink holds included.
  ///   - progress: Hears how many more bytes of a file on disk are through. Called from any thread.
  ///   - wrapping: Makes the caller's error of a fault in a file.
  ///   - sink: Gets each batch: those of one file one after the other in the file's order, those
  ///     of different files at the same time.
  /// - Throws: What the sink throws, or the fault of a file, wrapped: with several at once that of
  ///   the first file. Edges before a fault have been delivered.
  package func read<Failure: Error>(
    from starts: [TextPosition?] = [], pool: ThreadPool, memory: Int,
    cancellation: Cancellation? = nil, progress: @Sendable (Int) -> Void = { _ in },
    wrapping: @Sendable (IngestError) -> Failure,
    sink: @Sendable (_ file: Int, _ batch: consuming EdgeBatch) throws(Failure) -> Void
  ) throws(Failure) {
    let affordable = max(3, memory / slotBytes)
    let threadLimit = min(affordable - 2, max(2, pool.threadCount))
    let run = InputRun<Failure>(
      readers: readers, starts: starts, cancellation: cancellation,
      schedule: InputSchedule(
        isSplittable: readers.map(\.isSplittable),
        slots: min(affordable, threadLimit + 4 * pool.threadCount),
        threadLimit: threadLimit, plainLimit: pool.threadCount))
    pool.forEach(pool.threadCount) { _ in
      run.work(progress: progress, wrapping: wrapping, sink: sink)
    }
    run.joinThreads()
    if let failure = run.failure { throw failure }
  }

  /// Bytes that one piece may need, from its reading to its delivery.
  private var slotBytes: Int {
    readers.map { reader in
      switch reader.format {
      // The pairs as read, and as two arrays of 64-bit ids.
      case .u32, .u64, .npy: return (1 << 16) * (16 + 16)
      case .tsv, .csv, .blanks, .text:
        // A value takes 8 bytes, where it lies another 8 while it is parsed, and in the text at
        // least 2: itself and a separator. Words are copied.
        let isPair = reader.columns.isEmpty && reader.idKind == .integer
        return reader.options.batchBytes * (isPair ? 5 : 10)
      }
    }.max() ?? 1
  }
}
