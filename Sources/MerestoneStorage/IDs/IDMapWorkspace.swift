package import MerestoneCore

/// What writing an ``IDMap`` may use: a folder for temporary files, memory and threads.
package struct IDMapWorkspace: Sendable {
  package var folder: String
  /// Bytes to use, besides the global ids that the caller holds; at least ``leastMemory``.
  package var memory: Int
  package var pool: ThreadPool
  package var cancellation: Cancellation

  /// Smaller budgets are treated as this one.
  package static let leastMemory = 8 << 20

  package init(
    folder: String, memory: Int, pool: ThreadPool, cancellation: Cancellation = Cancellation()
  ) {
    self.folder = folder
    self.memory = max(memory, Self.leastMemory)
    self.pool = pool
    self.cancellation = cancellation
  }

  /// How many buckets make each of `bytes` in all fit the share of a thread.
  func bucketCount(bytes: Int) -> Int {
    let share = max(64 << 10, min(memory / (4 * pool.threadCount), 32 << 20))
    return min(8192, bytes / share + 1)
  }

  /// Where a temporary file of some name lies.
  func path(_ name: String) -> String { "\(folder)/\(name).tmp" }

  /// Makes pieces on all threads, a group at a time, and hands them on in order.
  func forEachInOrder<Piece: Sendable>(
    _ count: Int, make: (Int) throws(StorageError) -> Piece,
    take: (Piece) throws(StorageError) -> Void
  ) throws(StorageError) {
    let pieces = Exchange<Piece>(count: pool.threadCount)
    for start in stride(from: 0, to: count, by: pool.threadCount) {
      if cancellation.isCancelled { throw .interrupted(path: folder) }
      let size = min(pool.threadCount, count - start)
      try pool.forEach(size) { (offset) throws(StorageError) in
        pieces.put(try make(start + offset), at: offset)
      }
      for offset in 0..<size { try take(pieces.remove(at: offset)) }
    }
  }
}
