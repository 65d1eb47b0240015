import Glibc
package import MerestoneCore
import Synchronization

/// Makes numbered items ahead of their consumer on threads of its own and hands them over in order.
///
/// At most `window` items are finished or in the making at any time, and fewer where they are large,
/// so memory is bounded and a slow consumer holds the producers back. An error reaches the consumer in the place of its item;
/// the threads then stop. Letting the prefetcher go stops and joins them.
package final class Prefetcher<Item: Sendable, Failure: Error>: Sendable {
  /// Makes an item by its number; it belongs to one thread.
  package typealias Producer = (Int) throws(Failure) -> Item

  /// Watches over threads for a consumer that waits.
  package struct Watchdog: Sendable {
    /// How long nothing may move while the consumer waits.
    package var patience: Duration

    /// What the consumer gets then.
    package var failure: @Sendable (Stall) -> Failure

    package init(patience: Duration, failure: @escaping @Sendable (Stall) -> Failure) {
      self.patience = patience
      self.failure = failure
    }
  }

  private let queue: ItemQueue<Item, Failure>
  private let pulse: Pulse
  private let marks: [WorkMark]
  private let watchdog: Watchdog?
  private let threads: [pthread_t]
  private let hasStalled = Atomic<Bool>(false)

  /// Starts making items.
  ///
  /// - Parameters:
  ///   - count: How many items there are: `0..<count`.
  ///   - threads: How many threads make them.
  ///   - window: The most items that wait or are in the making; at least 1.
  ///   - memory: What they may take together; one item is made even where it takes more.
  ///   - pulse: Where other threads that help with an item say that they get on.
  ///   - watchdog: Without one, the consumer waits as long as it takes.
  ///   - size: What an item takes.
  ///   - makeProducer: Called once per thread, on that thread; its result has buffers of its own
  ///     and says in the mark what it is doing.
  package init(
    count: Int, threads threadCount: Int, window: Int,
    memory: ByteCount = ByteCount(.max), pulse: Pulse = Pulse(), watchdog: Watchdog? = nil,
    size: @escaping @Sendable (Item) -> ItemSize = { _ in ItemSize() },
    makeProducer: @escaping @Sendable (WorkMark) throws(Failure) -> Producer
  ) {
    let marks = (0..<max(1, min(threadCount, count))).map { _ in WorkMark(pulse) }
    let queue = ItemQueue<Item, Failure>(
      count: count, window: max(1, window), memory: memory, makers: marks.count)
    self.queue = queue
    self.pulse = pulse
    self.marks = marks
    self.watchdog = watchdog
    threads = marks.map { mark in
      Self.start {
        Self.produce(for: queue, mark, size, makeProducer)
        queue.leave()
      }
    }
  }

  /// Threads that do not stop in the watchdog's time are left to themselves: what they use lives as
  /// long as they do.
  deinit {
    cancel()
    let stalled = hasStalled.load(ordering: .relaxed)
    let haveLeft = queue.waitForMakers(
      atMost: stalled ? .zero : watchdog?.patience ?? .seconds(1 << 32))
    for thread in threads {
      if haveLeft { pthread_join(thread, nil) } else { pthread_detach(thread) }
    }
  }

  /// The next item in order; waits for it. `nil` after the last, after a failure, and once
  /// cancelled. Any thread: each item is handed out once.
  package func next() throws(Failure) -> Item? {
    guard let watchdog else {
      return try queue.take(interval: .seconds(1 << 32), missing: { _ in nil })?.get()
    }
    var lastCount = pulse.count
    var lastMove = ContinuousClock.now
    let result = queue.take(interval: watchdog.patience / 8) { item in
      let now = ContinuousClock.now
      let count = pulse.count
      guard count == lastCount else {
        lastCount = count
        lastMove = now
        return nil
      }
      let waited = lastMove.duration(to: now)
      guard waited >= watchdog.patience else { return nil }
      pulse.cancel()
      hasStalled.store(true, ordering: .relaxed)
      let stage = marks.first { $0.item == item }?.stage ?? .starting
      let (seconds, attoseconds) = waited.components
      return watchdog.failure(
        Stall(
          stage: stage, item: item, seconds: Double(seconds) + Double(attoseconds) * 1e-18))
    }
    return try result?.get()
  }

  /// Ends the series: waiting consumers get `nil`, threads stop at their next step.
  package func cancel() {
    pulse.cancel()
    queue.cancel()
  }

  private static func produce(
    for queue: ItemQueue<Item, Failure>, _ mark: WorkMark, _ size: (Item) -> ItemSize,
    _ makeProducer: (WorkMark) throws(Failure) -> Producer
  ) {
    do throws(Failure) {
      let make = try makeProducer(mark)
      while let index = queue.claim() {
        mark.begin(index)
        do throws(Failure) {
          let item = try make(index)
          let size = size(item)
          // Consumed: a second owner would cost the consumer a copy.
          queue.fill(index, .success(consume item), size)
        } catch {
          queue.fill(index, .failure(error))
        }
        mark.pulse.beat()
      }
    } catch {
      while let index = queue.claim() { queue.fill(index, .failure(error)) }
    }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let launch = Launch(body)
    // SAFETY: the reference is retained for the thread, which takes it over.
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        unsafe Unmanaged<Launch>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(launch).toOpaque())
    precondition(status == 0, "pthread_create failed with \(status)")
    return thread
  }
}

/// What a new thread runs.
private final class Launch: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
