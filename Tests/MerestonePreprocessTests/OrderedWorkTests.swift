import Synchronization
import Testing

@testable import MerestonePreprocess

@Suite("Ordered work") struct OrderedWorkTests {
  private final class Place: Sendable {
    let value = Mutex(0)
  }

  private func work(
    _ items: Range<Int>, threads: Int, places: Int = 4, budget: Int = .max,
    cost: @escaping (Int) -> Int = { _ in 1 },
    prepare: @escaping (Int, Place) throws(PreprocessError) -> Void = { (item, place) in
      place.value.withLock { $0 = item * item }
    }
  ) -> OrderedWork<Place> {
    OrderedWork(
      items, threads: threads, places: places, budget: budget, cost: cost, make: Place.init,
      prepare: prepare)
  }

  @Test("is taken in order, whoever prepared it", arguments: [0, 1, 3])
  func isTakenInOrder(threads: Int) throws {
    let work = work(5..<200, threads: threads)
    defer { work.stop() }
    for item in 5..<200 {
      #expect(try work.take { $0.value.withLock { $0 } } == item * item)
    }
  }

  @Test("stays within the budget, but for an item that is alone above it")
  func staysWithinTheBudget() throws {
    let costs = (0..<120).map { $0 % 17 == 0 ? 50 : 1 + $0 % 7 }
    let held = Mutex((sum: 0, items: 0, excess: false))
    let work = work(
      0..<120, threads: 3, budget: 20, cost: { costs[$0] },
      prepare: { (item, _) in
        held.withLock {
          $0.sum += costs[item]
          $0.items += 1
          if $0.sum > 20, $0.items > 1 { $0.excess = true }
        }
      })
    defer { work.stop() }
    for item in 0..<120 {
      try work.take { _ in
        held.withLock {
          $0.sum -= costs[item]
          $0.items -= 1
        }
      }
    }
    #expect(!held.withLock { $0.excess })
  }

  @Test("keeps no more places than it may", arguments: [1, 3])
  func keepsFewPlaces(places: Int) throws {
    let held = Mutex((now: 0, most: 0))
    let work = work(
      0..<50, threads: 4, places: places,
      prepare: { (_, _) in
        held.withLock {
          $0.now += 1
          $0.most = max($0.most, $0.now)
        }
      })
    defer { work.stop() }
    for _ in 0..<50 { try work.take { _ in held.withLock { $0.now -= 1 } } }
    #expect(held.withLock { $0.most } <= places)
  }

  @Test("hands an error on in its turn, after what came before", arguments: [0, 3])
  func handsErrorsOn(threads: Int) throws {
    let work = work(
      0..<40, threads: threads,
      prepare: { (item, place) throws(PreprocessError) in
        if item == 11 { throw .interrupted }
        place.value.withLock { $0 = item }
      })
    defer { work.stop() }
    for item in 0..<11 { #expect(try work.take { $0.value.withLock { $0 } } == item) }
    #expect(throws: PreprocessError.self) { try work.take { _ in } }
  }

  @Test("ends early when it is stopped")
  func endsWhenStopped() throws {
    let begun = Mutex(0)
    let work = work(0..<1_000_000, threads: 2, prepare: { (_, _) in begun.withLock { $0 += 1 } })
    try work.take { _ in }
    work.stop()
    #expect(begun.withLock { $0 } < 20)
  }
}
