import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("The search among sorted keys")
struct SortedSearchTests {
  /// What the search found, and how many keys it read.
  private func search(_ keys: [UInt64], for key: UInt64) -> (place: Int?, reads: Int) {
    var reads = 0
    let place = SortedSearch.firstIndex(of: key, count: keys.count) { index -> UInt64 in
      reads += 1
      return keys[index]
    }
    return (place, reads)
  }

  private func limit(_ count: Int) -> Int {
    3 * (Int.bitWidth - count.leadingZeroBitCount) + 3
  }

  @Test("finds what a linear search finds", arguments: 0..<60 as Range<UInt64>)
  func matchesLinear(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let count = Int.random(in: 0...80, using: &generator)
    let bound: UInt64 = [3, 50, .max][Int(seed % 3)]
    var keys = (0..<count).map { _ in UInt64.random(in: 0...bound, using: &generator) }
    if seed % 4 == 0 { keys += [0, 0, .max, .max] }
    keys.sort()
    let absent = (0..<40).map { _ in UInt64.random(in: 0...bound, using: &generator) }
    for key in keys + absent + [0, 1, .max, .max - 1] {
      #expect(search(keys, for: key).place == keys.firstIndex(of: key), "key \(key)")
    }
  }

  @Test("takes about ten reads among 100,000 hashes")
  func hashedKeys() {
    let keys = (0..<100_000).map { RawIDHash.mix(UInt64($0)) }.sorted()
    var reads = 0
    for index in stride(from: 0, to: keys.count, by: 97) {
      let found = search(keys, for: keys[index])
      #expect(found.place == index)
      #expect(found.reads <= limit(keys.count))
      reads += found.reads
    }
    #expect(reads / (keys.count / 97) <= 10)
  }

  @Test("stays logarithmic where keys lie as badly as they can", arguments: 0..<5)
  func adversarialKeys(shape: Int) {
    let count = 20_000
    let keys: [UInt64] =
      switch shape {
      // Crowded at the bottom, but for one at the top; crowded at the top.
      case 0: (0..<count).map { UInt64($0) } + [.max]
      case 1: [0] + (0..<count).map { .max - UInt64(count - $0) }
      // Growing by a constant factor.
      case 2: (0..<count).map { UInt64(1.0022 ** $0) }
      // Two crowds, and all the same.
      case 3: (0..<count).map { UInt64($0) + ($0 < count / 2 ? 0 : 1 << 63) }
      default: [UInt64](repeating: 7, count: count)
      }
    for index in stride(from: 0, to: keys.count, by: 331) {
      for key in [keys[index], keys[index] &+ 1, keys[index] &- 1] {
        let found = search(keys, for: key)
        #expect(found.reads <= limit(keys.count), "key \(key)")
        if let place = found.place {
          #expect(keys[place] == key && (place == 0 || keys[place - 1] < key))
        }
      }
      #expect(search(keys, for: keys[index]).place != nil)
    }
  }
}

infix operator ** : MultiplicationPrecedence

/// A power with a whole exponent.
private func ** (base: Double, exponent: Int) -> Double {
  var (result, factor, rest) = (1.0, base, exponent)
  while rest > 0 {
    if rest & 1 == 1 { result *= factor }
    factor *= factor
    rest >>= 1
  }
  return result
}
