import MerestoneCore
import Synchronization
import Testing

@Suite("Loops on several threads")
struct ThreadPoolTests {
  struct Failure: Error, Equatable { var index: Int }

  @Test("every index is visited once", arguments: [1, 2, 4], [0, 1, 3, 1000])
  func visitsEachIndexOnce(threads: Int, count: Int) {
    let pool = ThreadPool(threads: threads)
    for _ in 0..<50 {
      var visits = [Int](repeating: 0, count: count)
      visits.withSharedBuffer { shared in
        pool.forEach(count) { index in
          shared.withPart(index..<index + 1) { $0[0] += 1 }
        }
      }
      #expect(visits == [Int](repeating: 1, count: count))
    }
  }

  @Test("a loop inside a loop runs on its caller")
  func nested() {
    let pool = ThreadPool(threads: 4)
    let sum = Atomic<Int>(0)
    pool.forEach(20) { outer in
      pool.forEach(20) { inner in sum.add(outer * inner, ordering: .relaxed) }
    }
    #expect(sum.load(ordering: .relaxed) == 190 * 190)
  }

  @Test("the error of the lowest failing index is thrown", arguments: [1, 2, 4])
  func throwsLowest(threads: Int) {
    let pool = ThreadPool(threads: threads)
    #expect(throws: Failure(index: 3)) {
      try pool.forEach(100) { index throws(Failure) in
        if index % 10 == 3 { throw Failure(index: index) }
      }
    }
  }
}

@Suite("Byte counts as people write them")
struct ByteCountTests {
  @Test(
    "are read with their units",
    arguments: [
      ("4GiB", 4 << 30), ("512MiB", 512 << 20), ("1.5 kb", 1500), ("10", 10), ("2G", 2 << 30),
    ])
  func reads(text: String, bytes: Int) { #expect(ByteCount(text)?.bytes == bytes) }

  @Test("are refused without a number or with an unknown unit", arguments: ["", "GiB", "3 bits"])
  func refuses(text: String) { #expect(ByteCount(text) == nil) }

  @Test("are written with three digits")
  func writes() {
    #expect(ByteCount(1536 << 20).description == "1.50 GiB")
    #expect(ByteCount(999).description == "999 B")
    #expect(1_234_567.grouped == "1,234,567")
    #expect((-1234).grouped == "-1,234")
  }
}
