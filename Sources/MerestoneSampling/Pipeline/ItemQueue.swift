import Glibc

/// Items that are made in any order and taken in theirs, a bounded number at a time.
///
/// `@unchecked Sendable`: everything mutable is guarded by `mutex`.
@safe final class ItemQueue<Item: Sendable, Failure: Error>: @unchecked Sendable {
  private let count: Int
  private let window: Int
  private var slots: [Result<Item, Failure>?]
  private var nextToMake = 0
  private var nextToTake = 0
  private var isStopped = false
  private var hasFailed = false
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  init(count: Int, window: Int) {
    self.count = count
    self.window = window
    slots = Array(repeating: nil, count: window)
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

  /// The next item in order; waits for it. `nil` after the last, after a failure, or once stopped.
  ///
  /// Several threads may take: each item goes to one of them.
  func take() -> Result<Item, Failure>? {
    lock()
    defer { unlock() }
    // The place is looked up anew after every wait: another consumer may have taken the item.
    while nextToTake < count, !hasFailed {
      let place = nextToTake % window
      if let result = slots[place] {
        slots[place] = nil
        nextToTake += 1
        if case .failure = result {
          isStopped = true
          hasFailed = true
        }
        unsafe pthread_cond_broadcast(changed)
        return result
      }
      if isStopped { return nil }
      unsafe pthread_cond_wait(changed, mutex)
    }
    return nil
  }

  /// The number of the next item to make; waits while the window is full. `nil` when there is
  /// none left or the queue is stopped.
  func claim() -> Int? {
    lock()
    defer { unlock() }
    while !isStopped, nextToMake < count, nextToMake >= nextToTake + window {
      unsafe pthread_cond_wait(changed, mutex)
    }
    guard !isStopped, nextToMake < count else { return nil }
    nextToMake += 1
    return nextToMake - 1
  }

  /// Hands over an item that was claimed.
  func fill(_ index: Int, _ result: Result<Item, Failure>) {
    lock()
    defer { unlock() }
    slots[index % window] = result
    unsafe pthread_cond_broadcast(changed)
  }

  /// Ends claiming; a waiting consumer gets `nil`.
  func stop() {
    lock()
    defer { unlock() }
    isStopped = true
    unsafe pthread_cond_broadcast(changed)
  }

  private func lock() { unsafe pthread_mutex_lock(mutex) }
  private func unlock() { unsafe pthread_mutex_unlock(mutex) }
}
