import MerestoneCore
import MerestoneTestSupport
import Testing

@Suite("Keyed positions")
struct KeyedPositionsTests {
  @Test(
    "come in the order of their keys, equal ones as they were appended",
    arguments: [0, 1, 2, 31, 33, 5000], [1, 1000, UInt64.max] as [UInt64])
  func naive(count: Int, largest: UInt64) {
    var generator = SplitMix64(seed: UInt64(count))
    var sorted = KeyedPositions(limit: count + 40)
    // Rounds use the memory of those before, and one needs more.
    for round in 0..<3 {
      let count = max(0, count + [0, -3, 40][round])
      let keys = (0..<count).map { _ in UInt64.random(in: 0...largest, using: &generator) }
      let positions = (0..<count).map { UInt32($0 * 7 + round) }
      sorted.begin(count)
      for (key, position) in zip(keys, positions) { sorted.append(key, at: position) }
      #expect(sorted.count == count)
      sorted.sort()
      let order = (0..<count).sorted { one, other in
        keys[one] == keys[other] ? one < other : keys[one] < keys[other]
      }
      #expect((0..<count).map { sorted.key(at: $0) } == order.map { keys[$0] })
      #expect((0..<count).map { sorted.position(at: $0) } == order.map { positions[$0] })
    }
  }
}
