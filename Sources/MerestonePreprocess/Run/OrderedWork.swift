import MerestoneIngest

/// Works on numbered items ahead of whoever takes them: several threads prepare them, within a
/// budget of memory, and they are taken one after the other in their order.
///
/// An item is begun once all that are in memory, itself included, cost no more than the budget; one
/// that costs more by itself is alone there. Places that items are prepared in are used again.
final class OrderedWork<Place: AnyObject>: @unchecked Sendable {
  // `@unchecked Sendable`: what changes is in the monitor; a place is touched by the thread that
  // prepares its item, then by the taker.
  private let items: Range<Int>
  private let budget: Int
  private let cost: (Int) -> Int
  private let make: () -> Place
  private let prepare: (Int, Place) throws(PreprocessError) -> Void
  private let monitor: Monitor<State>
  private var threads: [BackgroundThread] = []

  /// Places for each thread that do for items of uneven sizes.
  static var placesPerThread: Int { 4 }

  /// A place, and the bytes that it holds on to.
  private struct Held {
    var place: Place
    var bytes = 0
  }

  private struct State {
    var next: Int
    var taken: Int
    var idle: [Held]
    var ready: [Int: Result<Held, PreprocessError>] = [:]
    /// Bytes of all places.
    var bytes = 0
    var inFlight = 0
    var isStopped = false
  }

  /// - Parameters:
  ///   - items: Taken from the first to the last.
  ///   - threads: That prepare items, beside the one that takes them.
  ///   - places: Items in memory at most; by default ``placesPerThread`` for each.
  ///   - budget: Bytes of the items in memory.
  ///   - cost: Bytes that an item takes.
  ///   - make: A new place.
  ///   - prepare: The work on an item.
  init(
    _ items: Range<Int>, threads count: Int, places: Int? = nil, budget: Int,
    cost: @escaping (Int) -> Int, make: @escaping () -> Place,
    prepare: @escaping (Int, Place) throws(PreprocessError) -> Void
  ) {
    self.items = items
    self.budget = budget
    self.cost = cost
    self.make = make
    self.prepare = prepare
    let idle = (0..<max(places ?? count * Self.placesPerThread, 1)).map { _ in Held(place: make()) }
    monitor = Monitor(State(next: items.lowerBound, taken: items.lowerBound, idle: idle))
    for _ in 0..<min(count, items.count) {
      if let thread = BackgroundThread({ [self] in while work() {} }) { threads.append(thread) }
    }
  }

  /// Lends the next item, which nobody touches any more once this returns.
  func take<R>(_ body: (Place) throws(PreprocessError) -> R) throws(PreprocessError) -> R {
    // Where the system has no room for threads, the work is done here.
    if threads.isEmpty { _ = work() }
    let held = try monitor.wait { state in
      state.ready.removeValue(forKey: state.taken)
    }.get()
    defer {
      monitor.update { state in
        state.taken += 1
        state.inFlight -= 1
        state.idle.append(held)
      }
    }
    return try body(held.place)
  }

  /// Ends the work; items that are being prepared are waited for.
  func stop() {
    monitor.update { $0.isStopped = true }
    for thread in threads { thread.join() }
    threads = []
  }

  /// Prepares one item. False where there is none left to begin.
  private func work() -> Bool {
    let claimed: (item: Int, held: Held)? = monitor.wait { state in
      if state.isStopped || state.next == items.upperBound { return .some(nil) }
      guard let held = begin(&state) else { return nil }
      state.next += 1
      state.inFlight += 1
      return (state.next - 1, held)
    }
    guard let (item, held) = claimed else { return false }
    do throws(PreprocessError) {
      try prepare(item, held.place)
      monitor.update { $0.ready[item] = .success(held) }
      return true
    } catch {
      monitor.update { state in
        state.ready[item] = .failure(error)
        state.isStopped = true
      }
      return false
    }
  }

  /// A place for the next item where the budget has room for it.
  private func begin(_ state: inout State) -> Held? {
    guard var held = state.idle.popLast() else { return nil }
    let needed = cost(state.next)
    func excess() -> Bool { state.bytes - held.bytes + max(held.bytes, needed) > budget }
    // What idle places hold on to must not stand in the way.
    for index in state.idle.indices where excess() && state.idle[index].bytes > 0 {
      state.bytes -= state.idle[index].bytes
      state.idle[index] = Held(place: make())
    }
    if excess(), held.bytes > needed {
      state.bytes -= held.bytes
      held = Held(place: make())
    }
    guard !excess() || state.inFlight == 0 else {
      state.idle.append(held)
      return nil
    }
    state.bytes += max(held.bytes, needed) - held.bytes
    held.bytes = max(held.bytes, needed)
    return held
  }
}
