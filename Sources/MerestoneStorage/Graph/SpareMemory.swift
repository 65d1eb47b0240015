import Synchronization

/// Memory that finished work left for work like it. It counts under the cap like that of work under way, so
/// whatever else takes memory drops it first.
///
/// Touching memory for the first time is not free: on virtual machines it costs microseconds a page.
package final class SpareMemory: Sendable {
  private struct State {
    var held: (any AnyObject & Sendable)?
    var isClosed = false
  }

  private let state = Mutex(State())

  /// Leaves memory in place of what was left before.
  package func leave(_ memory: some AnyObject & Sendable) { _ = exchange(for: memory) }

  /// Takes what was left; where it is of another kind or does not suit, it is dropped.
  package func take<Memory: AnyObject & Sendable>(
    where suits: (Memory) -> Bool
  ) -> Memory? {
    guard let memory = exchange(for: nil) as? Memory, suits(memory) else { return nil }
    return memory
  }

  package func drop() { _ = exchange(for: nil) }

  /// Drops what was left, and keeps nothing any more: it may hold the graph that holds this.
  package func close() {
    state.withLock { $0.isClosed = true }
    drop()
  }

  /// The result is freed outside the lock.
  private func exchange(
    for memory: (any AnyObject & Sendable)?
  ) -> (any AnyObject & Sendable)? {
    state.withLock { state in
      defer { state.held = state.isClosed ? nil : memory }
      return state.held
    }
  }
}
