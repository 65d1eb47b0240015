import Glibc
import MerestoneCore
import Synchronization
import Testing

@testable import MerestoneSampling

@Suite("Items made ahead of their consumer")
struct PrefetcherTests {
  struct Failure: Error, Equatable { var item: Int }

  @Test("arrive in order", arguments: [1, 2, 5], [1, 3, 20])
  func inOrder(threads: Int, window: Int) throws {
    let prefetcher = Prefetcher<Int, Failure>(count: 200, threads: threads, window: window) {
      _ in { item in item * item }
    }
    var made: [Int] = []
    while let item = try prefetcher.next() { made.append(item) }
    #expect(made == (0..<200).map { $0 * $0 })
  }

  @Test("fail in the place of the failing item, and end then", arguments: [1, 4])
  func failure(threads: Int) throws {
    let prefetcher = Prefetcher<Int, Failure>(count: 50, threads: threads, window: 6) {
      _ in
      { item throws(Failure) in
        if item == 9 { throw Failure(item: item) }
        return item
      }
    }
    for expected in 0..<9 { #expect(try prefetcher.next() == expected) }
    #expect(throws: Failure(item: 9)) { try prefetcher.next() }
  }

  @Test("go to one consumer each, where several take them", arguments: [1, 2, 7])
  func severalConsumers(window: Int) {
    let count = 3000
    let prefetcher = Prefetcher<Int, Failure>(count: count, threads: 2, window: window) {
      _ in { item in item }
    }
    let taken = Mutex<[Int]>([])
    ThreadPool(threads: 4).forEach(4) { _ in
      var own: [Int] = []
      while let item = try? prefetcher.next() { own.append(item) }
      taken.withLock { $0 += own }
    }
    #expect(taken.withLock { $0.sorted() } == Array(0..<count))
  }

  @Test(
    "are fewer ahead where they are large, but always one",
    arguments: [(400, 4), (150, 1), (20, 1)])
  func memory(memory: Int, expected: Int) throws {
    let made = Atomic<Int>(0)
    let size: @Sendable (Int) -> ItemSize = { _ in ItemSize(bytes: 100) }
    let prefetcher = Prefetcher<Int, Failure>(
      count: 60, threads: 1, window: 6, memory: ByteCount(memory), size: size
    ) { _ in
      { item in
        made.add(1, ordering: .relaxed)
        return item
      }
    }
    for item in 0..<60 {
      let ahead = min(item + expected, 60)
      let end = ContinuousClock.now + .seconds(20)
      while made.load(ordering: .relaxed) < ahead, ContinuousClock.now < end { usleep(50) }
      // Time to make one too many.
      usleep(500)
      #expect(made.load(ordering: .relaxed) == ahead)
      #expect(try prefetcher.next() == item)
    }
  }

  @Test(
    "are in the making on fewer threads where what these hold beside them is large",
    arguments: [(1000, 3), (700, 2), (450, 1), (20, 1)])
  func scratch(memory: Int, expected: Int) throws {
    let started = Atomic<Int>(0)
    let allowed = Atomic<Int>(1)
    let size: @Sendable (Int) -> ItemSize = { _ in ItemSize(bytes: 50, scratchBytes: 250) }
    let prefetcher = Prefetcher<Int, Failure>(
      count: 9, threads: 3, window: 6, memory: ByteCount(memory), size: size
    ) { _ in
      { item in
        started.add(1, ordering: .relaxed)
        while item >= allowed.load(ordering: .relaxed) { usleep(50) }
        return item
      }
    }
    // The first is made alone; then as many as have room beside it when it was taken.
    #expect(try prefetcher.next() == 0)
    let end = ContinuousClock.now + .seconds(20)
    while started.load(ordering: .relaxed) < 1 + expected, ContinuousClock.now < end { usleep(50) }
    // Time to start one too many.
    usleep(20_000)
    #expect(started.load(ordering: .relaxed) == 1 + expected)
    allowed.store(9, ordering: .relaxed)
    for item in 1..<9 { #expect(try prefetcher.next() == item) }
  }

  @Test("have a first that is made alone where memory is bounded: nobody knows what it takes")
  func firstAlone() throws {
    for memory in [ByteCount(1000), ByteCount(.max)] {
      let started = Atomic<Int>(0)
      let mayEnd = Atomic<Bool>(false)
      let size: @Sendable (Int) -> ItemSize = { _ in ItemSize(bytes: 100) }
      let prefetcher = Prefetcher<Int, Failure>(
        count: 9, threads: 3, window: 6, memory: memory, size: size
      ) { _ in
        { item in
          started.add(1, ordering: .relaxed)
          while !mayEnd.load(ordering: .relaxed) { usleep(50) }
          return item
        }
      }
      let expected = memory.bytes == .max ? 3 : 1
      let end = ContinuousClock.now + .seconds(20)
      while started.load(ordering: .relaxed) < expected, ContinuousClock.now < end { usleep(50) }
      // Time to start one too many.
      usleep(20_000)
      #expect(started.load(ordering: .relaxed) == expected)
      mayEnd.store(true, ordering: .relaxed)
      // As many as the window has room for, without a consumer.
      while started.load(ordering: .relaxed) < 6, ContinuousClock.now < end { usleep(50) }
      #expect(started.load(ordering: .relaxed) == 6)
      for item in 0..<9 { #expect(try prefetcher.next() == item) }
    }
  }

  @Test("end early when nobody wants them any more")
  func abandoned() throws {
    for _ in 0..<20 {
      let prefetcher = Prefetcher<Int, Failure>(count: 1_000_000, threads: 3, window: 2) {
        _ in { item in item }
      }
      #expect(try prefetcher.next() == 0)
    }
  }
}
