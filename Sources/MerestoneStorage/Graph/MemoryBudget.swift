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

  /// Takes `bytes` where they are left, and else three quarters of what is: others may want little.
  /// - Returns: What was taken.
  package func take(upTo bytes: Int) -> Int {
    var known = taken
    while true {
      let left = max(0, total.load(ordering: .relaxed) - known)
      let part = bytes <= left ? bytes : left / 4 * 3
      let (exchanged, original) = used.weakCompareExchange(
        expected: known, desired: known + part, ordering: .relaxed)
      if exchanged { return part }
      known = original
    }
  }

  /// Takes `bytes` that are in use already, whether they are left or not.
  package func use(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
}
