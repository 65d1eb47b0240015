import Synchronization

/// Memory that several users share who each take their part once and keep it.
package final class MemoryBudget: Sendable {
  private let total: Atomic<Int>
  private let used = Atomic<Int>(0)

  /// - Parameter total: What there is, in bytes.
  package init(_ total: Int = .max) { self.total = Atomic(total) }

  /// What was taken, in bytes.
  package var taken: Int { used.load(ordering: .relaxed) }

  /// What is left, in bytes.
  package var remaining: Int { max(0, total.load(ordering: .relaxed) - taken) }

  /// Changes what there is.
  package func set(_ bytes: Int) { total.store(bytes, ordering: .relaxed) }

  /// Takes all of `bytes`, or nothing where less is left.
  package func take(_ bytes: Int) -> Bool {
    var known = taken
    while bytes <= total.load(ordering: .relaxed) - known {
      let (exchanged, original) = used.weakCompareExchange(
        expected: known, desired: known + bytes, ordering: .relaxed)
      if exchanged { return true }
      known = original
    }
    return false
  }

  /// Takes `bytes` that are in use already, whether they are left or not.
  package func use(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
}
