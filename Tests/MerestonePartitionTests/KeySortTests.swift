import MerestoneCore
import MerestonePartition
import MerestoneTestSupport
import Testing

@Suite("Sorting edge keys")
struct KeySortTests {
  @Test(
    "agrees with a stable comparison sort at any number of threads",
    arguments: [0, 1, 2, 33, 1000, 70_000], [1, 3])
  func agreesWithStableSort(count: Int, threads: Int) {
    for bits in [1, 8, 27, 40, 64] {
      var generator = SplitMix64(seed: UInt64(count + bits))
      var keys = (0..<count).map { index -> UInt64 in
        // Every third key comes from a narrow range, as the edges of a hub do.
        let draw = generator.next() >> UInt64(64 - bits)
        return index % 3 == 0 ? draw >> UInt64(bits / 2) : draw
      }
      var payload = (0..<UInt32(count)).map { $0 }
      let expected = keys.enumerated().sorted { ($0.element, $0.offset) < ($1.element, $1.offset) }
      KeySort.sort(&keys, payload: &payload, pool: ThreadPool(threads: threads))
      #expect(keys == expected.map(\.element))
      #expect(payload == expected.map { UInt32($0.offset) })
    }
  }

  @Test("works without payloads")
  func withoutPayload() {
    var generator = SplitMix64(seed: 4)
    var keys = (0..<100_000).map { _ in generator.next() >> 20 }
    let expected = keys.sorted()
    KeySort.sort(&keys, pool: ThreadPool(threads: 2))
    #expect(keys == expected)
  }
}
