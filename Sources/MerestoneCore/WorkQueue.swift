import Synchronization

/// Hands out the indices `0..<count` to the workers of a loop, each once, in ascending order.
package final class WorkQueue: Sendable {
  package let count: Int
  private let next = Atomic<Int>(0)

  package init(count: Int) { self.count = count }

  /// The next index; nil when there is none left or the work was stopped.
  package func claim() -> Int? {
    let index = next.add(1, ordering: .relaxed).oldValue
    return index < count ? index : nil
  }

  /// Makes every later claim fail.
  package func stop() { next.store(count, ordering: .relaxed) }
}

extension ThreadPool {
  /// Runs `body` once on every thread, so that each can reuse buffers of its own over the indices
  /// that it claims. The first error stops all of them.
  package func forEachWorker<E: Error>(
    of count: Int, _ body: (WorkQueue) throws(E) -> Void
  ) throws(E) {
    let queue = WorkQueue(count: count)
    try forEach(min(threadCount, count)) { _ throws(E) in
      do throws(E) {
        try body(queue)
      } catch {
        queue.stop()
        throw error
      }
    }
  }
}
