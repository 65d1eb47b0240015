import Glibc

/// A state that threads change under a lock, and whose changes they wait for.
///
/// `@unchecked Sendable`: the state is touched under the lock only.
@safe package final class Monitor<State>: @unchecked Sendable {
  private var state: State
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  // So often the state is looked at again though nobody has changed it.
  private static var patienceNanoseconds: Int { 100_000_000 }

  package init(_ state: State) {
    self.state = state
    unsafe mutex = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe pthread_cond_destroy(changed)
    unsafe mutex.deallocate()
    unsafe changed.deallocate()
  }

  /// Changes the state, and wakes everybody who waits for that.
  package func update<R>(_ body: (inout State) -> R) -> R {
    // SAFETY: mutex and condition live as long as this object.
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(mutex)
    }
    return body(&state)
  }

  /// Waits until `body`, called again after every change and ten times a second, gives a result.
  package func wait<R>(_ body: (inout State) -> R?) -> R {
    // SAFETY: mutex and condition live as long as this object.
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) { return result }
      var until = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &until)
      let nanoseconds = until.tv_nsec + Self.patienceNanoseconds
      until.tv_sec += nanoseconds / 1_000_000_000
      until.tv_nsec = nanoseconds % 1_000_000_000
      unsafe _ = pthread_cond_timedwait(changed, mutex, &until)
    }
  }
}
