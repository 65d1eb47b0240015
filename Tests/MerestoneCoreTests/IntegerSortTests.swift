import MerestoneCore
import Testing

@Suite struct IntegerSortTests {
  /// Sizes around what is sorted by networks and what is cut in parts.
  @Test(
    arguments: [0, 1, 2, 31, 32, 33, 1000, 8192, 8193, 100_000],
    [1, 8, 12, 22, 33, 40, 64])
  func sortsLikeTheLibrary(count: Int, bits: Int) {
    var generator = SystemRandomNumberGenerator()
    let mask = bits == 64 ? UInt64.max : (1 as UInt64) << UInt64(bits) - 1
    // A third of the keys share their high bits, as the edges of a hub do.
    let keys = (0..<count).map { index -> UInt64 in
      let key = UInt64.random(in: 0...mask, using: &generator)
      return index % 3 == 0 ? key & 0xff : key
    }
    var sorted = keys + [7]
    IntegerSort.sort(&sorted, count: count)
    #expect(Array(sorted.prefix(count)) == keys.sorted())
    #expect(sorted[count] == 7, "what lies behind the keys stays")
  }

  @Test(arguments: [0, 1, 2, 33, 1000, 100_000])
  func sortsPairsByTheirUpperWords(count: Int) {
    var generator = SystemRandomNumberGenerator()
    // Few upper words, so that the lower ones decide, too; both reach the highest bit.
    let pairs = (0..<count).map { index in
      IntegerSort.Pair(
        lower: .random(in: 0...(.max), using: &generator),
        upper: .random(in: 0...9, using: &generator) &* (.max / 9))
    }
    var sorted = pairs
    IntegerSort.sort(&sorted)
    let expected = pairs.sorted { ($0.upper, $0.lower) < ($1.upper, $1.lower) }
    #expect(sorted.map(\.upper) == expected.map(\.upper))
    #expect(sorted.map(\.lower) == expected.map(\.lower))
  }
}
