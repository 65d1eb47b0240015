import Synchronization

/// Values that threads borrow for a while: as many are made as are in use at once.
package final class LendingPool<Value>: Sendable {
  private let free = Mutex<[Held]>([])

  /// `@unchecked Sendable`: one thread at a time has it.
  private struct Held: @unchecked Sendable { var value: Value }

  package init() {}

  /// Lends every value that was made to `body` a last time; none may be in use.
  package func drain<E: Error>(_ body: (inout Value) throws(E) -> Void) throws(E) {
    while var held = free.withLock({ $0.popLast() }) { try body(&held.value) }
  }

  /// Lends a value to `body`.
  ///
  /// - Parameter make: Makes one where all are in use.
  package func lend<R, E: Error>(
    _ make: () throws(E) -> Value, _ body: (inout Value) throws(E) -> R
  ) throws(E) -> R {
    var held: Held
    if let idle = free.withLock({ $0.popLast() }) {
      held = idle
    } else {
      held = Held(value: try make())
    }
    defer { free.withLock { [held] in $0.append(held) } }
    return try body(&held.value)
  }
}
