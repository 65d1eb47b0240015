import Glibc

/// Makes numbered items ahead of their consumer on threads of its own and hands them over in order.
///
/// At most `window` items are finished or in the making at any time, so memory is bounded and a
/// slow consumer holds the producers back. An error reaches the consumer in the place of its item;
/// the threads then stop. Letting the prefetcher go stops and joins them.
package final class Prefetcher<Item: Sendable, Failure: Error>: Sendable {
  /// Makes an item by its number; it belongs to one thread.
  package typealias Producer = (Int) throws(Failure) -> Item

  private let queue: ItemQueue<Item, Failure>
  private let threads: [pthread_t]

  /// Starts making items.
  ///
  /// - Parameters:
  ///   - count: How many items there are: `0..<count`.
  ///   - threads: How many threads make them.
  ///   - window: The most items that wait or are in the making; at least 1.
  ///   - makeProducer: Called once per thread, on that thread; its result has buffers of its own.
  package init(
    count: Int, threads threadCount: Int, window: Int,
    makeProducer: @escaping @Sendable () throws(Failure) -> Producer
  ) {
    let queue = ItemQueue<Item, Failure>(count: count, window: max(1, window))
    self.queue = queue
    threads = (0..<max(1, min(threadCount, count))).map { _ in
      Self.start { Self.produce(for: queue, makeProducer) }
    }
  }

  deinit {
    queue.stop()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// The next item in order; waits for it. `nil` after the last. Any thread: each item is handed
  /// out once.
  package func next() throws(Failure) -> Item? { try queue.take()?.get() }

  private static func produce(
    for queue: ItemQueue<Item, Failure>, _ makeProducer: () throws(Failure) -> Producer
  ) {
    do throws(Failure) {
      let make = try makeProducer()
      while let index = queue.claim() {
        do throws(Failure) {
          queue.fill(index, .success(try make(index)))
        } catch {
          queue.fill(index, .failure(error))
        }
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
