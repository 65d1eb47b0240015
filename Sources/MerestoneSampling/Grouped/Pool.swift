import Synchronization

/// Values that threads borrow for a while: as many are made as are in use at once.
final class Pool<Value>: Sendable {
  private let free = Mutex<[Held]>([])
  private let make: @Sendable () -> Value

  /// `@unchecked Sendable`: one thread at a time has it.
  private struct Held: @unchecked Sendable { var value: Value }

  init(make: @escaping @Sendable () -> Value) { self.make = make }

  /// Lends a value to `body`.
  func lend<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
    var held = free.withLock { $0.popLast() } ?? Held(value: make())
    defer { free.withLock { [held] in $0.append(held) } }
    return try body(&held.value)
  }
}
