import Glibc
import MerestoneCore
import MerestoneTestSupport
import Synchronization
import Testing

@testable import MerestoneSampling

/// Holds threads until it is opened.
private final class Gate: Sendable {
  private let flag = Atomic<Bool>(false)

  func open() { flag.store(true, ordering: .relaxed) }

  func pass() {
    while !flag.load(ordering: .relaxed) { usleep(1000) }
  }
}

@Suite("Items made ahead, watched over")
struct PrefetcherWatchTests {
  typealias Maker = Prefetcher<Int, SamplingError>

  private static func watchdog(_ patience: Duration) -> Maker.Watchdog {
    Maker.Watchdog(patience: patience) { .stalled($0) }
  }

  @Test(
    "that do not come are named with their stage, and the threads are not waited for",
    arguments: [PipelineStage.starting, .seeds, .sampling, .features], [1, 3])
  func stall(stage: PipelineStage, threads: Int) throws {
    let gate = Gate()
    defer { gate.open() }
    let start = ContinuousClock.now
    do {
      let items = Maker(
        count: 50, threads: threads, window: 6, watchdog: Self.watchdog(.milliseconds(200))
      ) { mark in
        { item in
          if item == 7 {
            if stage != .starting { mark.enter(stage) }
            gate.pass()
          }
          mark.enter(.labels)
          return item
        }
      }
      for expected in 0..<7 { #expect(try items.next() == expected) }
      let error = #expect(throws: SamplingError.self) { try items.next() }
      guard case .stalled(let stall) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(stall.stage == stage)
      #expect(stall.item == 7)
      #expect(stall.seconds >= 0.2)
      #expect("\(SamplingError.stalled(stall))".contains("\(stage)"))
      #expect(try items.next() == nil)
    }
    #expect(start.duration(to: .now) < .seconds(20))
  }

  @Test("may take longer than the watchdog's patience while something moves")
  func slow() throws {
    let items = Maker(
      count: 2, threads: 1, window: 2, watchdog: Self.watchdog(.milliseconds(400))
    ) { mark in
      { item in
        for _ in 0..<20 {
          usleep(50_000)
          mark.pulse.beat()
        }
        return item
      }
    }
    #expect(try items.next() == 0)
    #expect(try items.next() == 1)
    #expect(try items.next() == nil)
  }

  @Test("are not missed while nobody waits for them")
  func idleConsumer() throws {
    let items = Maker(
      count: 20, threads: 2, window: 2, watchdog: Self.watchdog(.milliseconds(50))
    ) { _ in { item in item } }
    #expect(try items.next() == 0)
    usleep(300_000)
    for expected in 1..<20 { #expect(try items.next() == expected) }
  }

  @Test("end at once when they are cancelled: for the consumer that waits and for the threads")
  func cancel() throws {
    let left = Atomic<Int>(0)
    let items = Maker(count: 1000, threads: 3, window: 3) { mark in
      { item throws(SamplingError) in
        // Each item is a long one that looks up between its pieces.
        defer { left.add(1, ordering: .relaxed) }
        for _ in 0..<600_000 {
          try mark.pulse.check()
          usleep(1000)
        }
        return item
      }
    }
    let taken = Mutex<[Int?]>([])
    let start = ContinuousClock.now
    ThreadPool(threads: 3).forEach(3) { place in
      if place == 2 {
        usleep(50_000)
        items.cancel()
      } else {
        let item = try? items.next()
        taken.withLock { $0.append(item) }
      }
    }
    #expect(taken.withLock { $0 } == [nil, nil])
    #expect(try items.next() == nil)
    while left.load(ordering: .relaxed) < 3, start.duration(to: .now) < .seconds(30) {
      usleep(1000)
    }
    #expect(start.duration(to: .now) < .seconds(30))
  }

  @Test("stop their threads when they are let go in the middle of an item")
  func letGo() throws {
    let inside = Atomic<Int>(0)
    do {
      let items = Maker(count: 1000, threads: 2, window: 4) { mark in
        { item throws(SamplingError) in
          if item == 0 { return 0 }
          inside.add(1, ordering: .relaxed)
          defer { inside.subtract(1, ordering: .relaxed) }
          while true {
            try mark.pulse.check()
            usleep(1000)
          }
        }
      }
      #expect(try items.next() == 0)
      while inside.load(ordering: .relaxed) < 2 { usleep(1000) }
    }
    #expect(inside.load(ordering: .relaxed) == 0)
  }
}
