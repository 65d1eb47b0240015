import CMerestoneKernels
import Glibc

extension SharedRegion {
  /// Waits until all workers have come here: spins for a moment, where every worker can have a
  /// processor, then sleeps on the word that the last one changes.
  func barrier(rank: Int) {
    // SAFETY: the words live as long as `self` and are only touched by atomic operations.
    let seen = unsafe mrs_load_u32(generation)
    unsafe _ = mrs_add_u64(entered(rank), 1)
    if unsafe mrs_add_u32(arrived, 1) &+ 1 == UInt32(workerCount) {
      // Nobody enters the next barrier before the generation changes, so this reset is not lost.
      unsafe mrs_store_u32(arrived, 0)
      unsafe _ = mrs_add_u32(generation, 1)
      if unsafe mrs_load_u32(sleepers) > 0 { unsafe mrs_futex_wake_all(generation) }
      return
    }
    if spin(while: seen) { return }
    unsafe _ = mrs_add_u32(sleepers, 1)
    while unsafe mrs_load_u32(generation) == seen {
      unsafe mrs_futex_wait(generation, seen, 1000)
    }
    unsafe _ = mrs_add_u32(sleepers, UInt32.max)
  }

  private static let spinNanoseconds: UInt64 = 40_000
  private static let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Returns whether the generation changed within the time to spin.
  private func spin(while seen: UInt32) -> Bool {
    guard workerCount <= Self.processors else {
      // More workers than processors: let the others run, they are the ones to wait for.
      for _ in 0..<2 {
        sched_yield()
        if unsafe mrs_load_u32(generation) != seen { return true }
      }
      return false
    }
    let deadline = MonotonicClock.nanoseconds() + Self.spinNanoseconds
    repeat {
      for _ in 0..<64 {
        if unsafe mrs_load_u32(generation) != seen { return true }
        mrs_spin_hint()
      }
    } while MonotonicClock.nanoseconds() < deadline
    return false
  }
}
