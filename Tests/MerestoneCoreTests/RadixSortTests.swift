import MerestoneCore
import Testing

@Suite struct RadixSortTests {
  /// Sizes around what is sorted by insertion, by digits and in parts; widths around the digits'.
  @Test(
    arguments: [0, 1, 2, 31, 32, 33, 1000, 8192, 8193, 100_000],
    [1, 8, 11, 12, 19, 22, 33, 40, 63, 64])
  func sortsLikeTheLibrary(count: Int, bits: Int) {
    var generator = SystemRandomNumberGenerator()
    let mask = bits == 64 ? UInt64.max : (1 as UInt64) << UInt64(bits) - 1
    // A third of the keys share their high bits, as the edges of a hub do.
    let keys = (0..<count).map { index -> UInt64 in
      let key = UInt64.random(in: 0...mask, using: &generator)
      return index % 3 == 0 ? key & 0xff : key
    }
    var sorted = keys + [7]
    var other = [UInt64](repeating: 0, count: count + 1)
    RadixSort.sort(&sorted, &other, count: count, bits: bits)
    #expect(Array(sorted.prefix(count)) == keys.sorted())
    #expect(sorted[count] == 7, "what lies behind the keys stays")
  }
}
