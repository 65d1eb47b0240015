import Synchronization

/// Places that threads put results into, for one thread to take them.
final class Exchange<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  func put(_ value: Value, at index: Int) { values.withLock { $0[index] = value } }

  /// - Precondition: A value was put there.
  func remove(at index: Int) -> Value {
    values.withLock { values in
      defer { values[index] = nil }
      return values[index]!
    }
  }
}
