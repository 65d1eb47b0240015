import Glibc
import Synchronization

/// Runs loops over index ranges on a fixed number of threads.
///
/// Each index is one unit of work with an output of its own, handed out in any order, so that
/// results never depend on the number of threads. Threads spin for about 20 us before they sleep:
/// training steps are made of loops that last a few microseconds each. A loop started while the
/// pool is busy (nested, or from a second thread) runs on the calling thread alone.
///
/// This is for computation; waiting belongs elsewhere.
public final class ThreadPool: Sendable {
  /// How many threads work on a loop, the caller included.
  public let threadCount: Int

  private let shared: SharedState
  private let busy = Atomic<Bool>(false)
  // The helper threads, joined by `deinit`; written once by `init`.
  private let helpers: Mutex<[pthread_t]>

  /// - Parameter threads: Threads to use, the caller included; at least 1.
  public init(threads: Int) {
    threadCount = max(1, threads)
    shared = SharedState()
    var started: [pthread_t] = []
    for _ in 1..<max(1, threads) {
      var thread = pthread_t()
      // SAFETY: the retained reference is taken over by the thread, which releases it at its end.
      let context = unsafe Unmanaged.passRetained(shared).toOpaque()
      let status = unsafe pthread_create(
        &thread, nil,
        { argument in
          let state = unsafe Unmanaged<SharedState>.fromOpaque(argument!).takeRetainedValue()
          state.runHelper()
          return nil
        }, context)
      precondition(status == 0, "pthread_create failed with \(status)")
      started.append(thread)
    }
    helpers = Mutex(started)
  }

  deinit {
    shared.stop()
    helpers.withLock { threads in
      for thread in threads { pthread_join(thread, nil) }
    }
  }

  /// The number of processors that are online.
  public static var availableProcessors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Calls `body` once for every index of `0..<count`, on all threads, and returns when all calls
  /// have returned.
  public func forEach(_ count: Int, _ body: (Int) -> Void) {
    guard count > 0 else { return }
    let acquired = busy.compareExchange(
      expected: false, desired: true, ordering: .acquiring
    ).exchanged
    guard threadCount > 1, count > 1, acquired else {
      if acquired { busy.store(false, ordering: .releasing) }
      for index in 0..<count { body(index) }
      return
    }
    defer { busy.store(false, ordering: .releasing) }
    withoutActuallyEscaping(body) { escaping in
      shared.run(count: count, helperCount: threadCount - 1, body: escaping)
    }
  }

  /// Like ``forEach(_:_:)-swift.method`` for a body that can fail: the error of the lowest failing
  /// index is thrown after all started calls have returned.
  public func forEach<E: Error>(_ count: Int, throwing body: (Int) throws(E) -> Void) throws(E) {
    let failure = Mutex<(index: Int, error: E)?>(nil)
    forEach(count) { index in
      let earlier = failure.withLock { $0.map { $0.index < index } ?? false }
      if earlier { return }
      do throws(E) {
        try body(index)
      } catch {
        failure.withLock { held in
          if held == nil || held!.index > index { held = (index, error) }
        }
      }
    }
    if let held = failure.withLock({ $0 }) { throw held.error }
  }

  /// Splits `0..<count` into ranges of `tile` elements and calls `body` for each. The split does
  /// not depend on the number of threads.
  public func forEachTile(of count: Int, tile: Int, _ body: (Range<Int>) -> Void) {
    precondition(tile > 0, "a tile of \(tile) elements")
    forEach((count + tile - 1) / tile) { index in
      let lower = index &* tile
      body(lower..<min(lower &+ tile, count))
    }
  }
}

/// What the caller and the helper threads share.
///
/// `@unchecked`: `job` is written by the one thread that runs a loop, before it publishes a new
/// `generation` (release), and read by helpers after they saw it (acquire); it stays untouched
/// until every helper has reported back through `running`.
@safe private final class SharedState: @unchecked Sendable {
  private var job: ((Int) -> Void)?
  private var count = 0
  private let next = Atomic<Int>(0)
  private let running = Atomic<Int>(0)
  private let generation = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let wake: UnsafeMutablePointer<pthread_cond_t>

  private static let spinNanoseconds: UInt64 = 20_000

  init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe wake = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(wake, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe pthread_cond_destroy(wake)
    unsafe mutex.deallocate()
    unsafe wake.deallocate()
  }

  func run(count: Int, helperCount: Int, body: @escaping (Int) -> Void) {
    self.job = body
    self.count = count
    next.store(0, ordering: .relaxed)
    running.store(helperCount, ordering: .relaxed)
    publishGeneration()
    work(body, count)
    var spins = 0
    while running.load(ordering: .acquiring) != 0 {
      spins &+= 1
      if spins > 200 { sched_yield() }
    }
    job = nil
  }

  func stop() {
    stopping.store(true, ordering: .relaxed)
    publishGeneration()
  }

  func runHelper() {
    var seen = 0
    while true {
      seen = waitForGeneration(after: seen)
      if stopping.load(ordering: .relaxed) { return }
      if let job { work(job, count) }
      running.subtract(1, ordering: .acquiringAndReleasing)
    }
  }

  private func work(_ body: (Int) -> Void, _ count: Int) {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      if index >= count { return }
      body(index)
    }
  }

  private func publishGeneration() {
    generation.add(1, ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    unsafe pthread_mutex_lock(mutex)
    unsafe pthread_cond_broadcast(wake)
    unsafe pthread_mutex_unlock(mutex)
  }

  private func waitForGeneration(after seen: Int) -> Int {
    let deadline = Self.now() + Self.spinNanoseconds
    while true {
      for _ in 0..<64 {
        let current = generation.load(ordering: .acquiring)
        if current != seen { return current }
      }
      if Self.now() > deadline { break }
    }
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    sleepers.add(1, ordering: .sequentiallyConsistent)
    defer { sleepers.subtract(1, ordering: .sequentiallyConsistent) }
    while true {
      let current = generation.load(ordering: .sequentiallyConsistent)
      if current != seen { return current }
      unsafe pthread_cond_wait(wake, mutex)
    }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
