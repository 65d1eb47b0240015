import Glibc
import MerestoneCore

/// What an item takes, in bytes.
package struct ItemSize: Sendable {
  package var bytes = 0

  /// What its maker holds while it makes it, and keeps for the next one.
  package var scratchBytes = 0

  package init(bytes: Int = 0, scratchBytes: Int = 0) {
    self.bytes = bytes
    self.scratchBytes = scratchBytes
  }
}

/// Items that are made in any order and taken in theirs, a bounded number at a time.
///
/// `@unchecked Sendable`: everything mutable is guarded by `mutex`.
@safe final class ItemQueue<Item: Sendable, Failure: Error>: @unchecked Sendable {
  private let count: Int
  private let window: Int
  private let memory: Int
  // What the largest item so far took; `nil` before the first is made.
  private var largest: ItemSize?
  // How many are in the making, and the most that were.
  private var making = 0
  private var mostMaking = 0
  private var slots: [Result<Item, Failure>?]
  private var nextToMake = 0
  private var nextToTake = 0
  private var makers: Int
  private var hasEnded = false
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  /// - Parameters:
  ///   - count: How many items there are.
  ///   - window: The most items that are claimed and not taken.
  ///   - memory: What these and the scratch of their makers may take together, if each takes as much as
  ///     the largest so far. One item is made even where it takes more, and the first alone, because nobody
  ///     knows what it takes.
  ///   - makers: Threads that claim items; each says ``leave()`` at its end.
  init(count: Int, window: Int, memory: ByteCount, makers: Int) {
    self.count = count
    self.window = window
    self.memory = memory.bytes
    self.makers = makers
    slots = Array(repeating: nil, count: window)
    unsafe mutex = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(changed, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe pthread_cond_destroy(changed)
    unsafe mutex.deallocate()
    unsafe changed.deallocate()
  }

  /// The next item in order; waits for it. `nil` after the last, after a failure, or once cancelled.
  ///
  /// Several threads may take: each item goes to one of them.
  ///
  /// - Parameters:
  ///   - interval: How long to wait in vain before each call of `missing`.
  ///   - missing: Gets the number of the item that is waited for; what it returns fails the queue.
  func take(
    interval: Duration, missing: (Int) -> Failure?
  ) -> Result<Item, Failure>? {
    lock()
    defer { unlock() }
    // The place is looked up anew after every wait: another consumer may have taken the item.
    while nextToTake < count, !hasEnded {
      let place = nextToTake % window
      if let result = slots[place] {
        slots[place] = nil
        nextToTake += 1
        if case .failure = result { end() }
        unsafe pthread_cond_broadcast(changed)
        return result
      }
      let item = nextToTake
      if !wait(atMost: interval), item == nextToTake, slots[item % window] == nil, !hasEnded,
        let failure = missing(item)
      {
        end()
        return .failure(failure)
      }
    }
    return nil
  }

  /// The number of the next item to make; waits while the window is full. `nil` when there is
  /// none left or the queue has ended.
  func claim() -> Int? {
    lock()
    defer { unlock() }
    while !hasEnded, nextToMake < count, !hasRoom {
      unsafe pthread_cond_wait(changed, mutex)
    }
    guard !hasEnded, nextToMake < count else { return nil }
    nextToMake += 1
    making += 1
    mostMaking = max(mostMaking, making)
    return nextToMake - 1
  }

  /// Whether there is room for one more item.
  private var hasRoom: Bool {
    let items = nextToMake - nextToTake + 1
    if items == 1 { return true }
    guard items <= window, memory < .max else { return items <= window }
    guard let largest else { return false }
    let makers = max(mostMaking, making + 1)
    return items * largest.bytes + makers * largest.scratchBytes <= memory
  }

  /// Hands over an item that was claimed.
  /// - Parameter size: What it takes.
  func fill(_ index: Int, _ result: Result<Item, Failure>, _ size: ItemSize = ItemSize()) {
    lock()
    defer { unlock() }
    making -= 1
    largest = ItemSize(
      bytes: max(largest?.bytes ?? 0, size.bytes),
      scratchBytes: max(largest?.scratchBytes ?? 0, size.scratchBytes))
    // More items than the first may be made now.
    unsafe pthread_cond_broadcast(changed)
    // After the end nobody takes, and the slot's memory is of use elsewhere.
    if hasEnded { return }
    slots[index % window] = result
  }

  /// Ends claiming and taking, items that are made included.
  func cancel() {
    lock()
    defer { unlock() }
    end()
    for place in slots.indices { slots[place] = nil }
  }

  /// A thread claims no more.
  func leave() {
    lock()
    defer { unlock() }
    makers -= 1
    unsafe pthread_cond_broadcast(changed)
  }

  /// Waits until all makers have left.
  /// - Returns: Whether they have, in time.
  func waitForMakers(atMost duration: Duration) -> Bool {
    lock()
    defer { unlock() }
    let end = ContinuousClock.now + duration
    while makers > 0 {
      let rest = ContinuousClock.now.duration(to: end)
      if rest <= .zero { return false }
      _ = wait(atMost: rest)
    }
    return true
  }

  private func end() {
    hasEnded = true
    unsafe pthread_cond_broadcast(changed)
  }

  /// - Returns: Whether the wait ended before its time.
  private func wait(atMost duration: Duration) -> Bool {
    var end = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &end)
    let (seconds, attoseconds) = duration.components
    let nanoseconds = end.tv_nsec + Int(attoseconds / 1_000_000_000)
    // A century is for ever.
    end.tv_sec += Int(min(seconds, 3_000_000_000)) + nanoseconds / 1_000_000_000
    end.tv_nsec = nanoseconds % 1_000_000_000
    return unsafe pthread_cond_timedwait(changed, mutex, &end) != ETIMEDOUT
  }

  private func lock() { unsafe pthread_mutex_lock(mutex) }
  private func unlock() { unsafe pthread_mutex_unlock(mutex) }
}
