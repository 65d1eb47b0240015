import MerestoneCore
import Testing

@testable import MerestoneSampling

@Suite("Picking positions of a list")
struct PositionPickerTests {
  func pick(_ k: Int, of n: UInt64, entity: UInt64, draws: RandomDraws) -> [UInt64] {
    [UInt64](unsafeUninitializedCapacity: k) { buffer, count in
      PositionPicker.pick(k, of: n, entity: entity, draws: draws, into: buffer.baseAddress!)
      count = k
    }
  }

  @Test("picks every subset equally often", arguments: [(5, 2), (6, 3), (4, 1)])
  func picksUniformly(count: Int, fanout: Int) {
    // Chi-square over all subsets; the bound is exceeded for about 1 of 10,000 keys, and the key
    // is fixed.
    var counts: [[UInt64]: Int] = [:]
    let runs = 20_000
    let draws = NeighborSamplerTests.key.draws
    for entity in 0..<UInt64(runs) {
      let subset = pick(fanout, of: UInt64(count), entity: entity, draws: draws)
      #expect(subset.count == fanout && subset == subset.sorted())
      counts[subset, default: 0] += 1
    }
    let subsets = (0..<fanout).reduce(1) { $0 * (count - $1) / ($1 + 1) }
    #expect(counts.count == subsets)
    let expected = Double(runs) / Double(subsets)
    let chiSquare = counts.values.reduce(0.0) { sum, count in
      sum + (Double(count) - expected) * (Double(count) - expected) / expected
    }
    let degrees = Double(subsets - 1)
    #expect(chiSquare < degrees + 3.72 * (2 * degrees).squareRoot() + 10)
  }

  @Test(
    "draws from lists longer than 2^16 and 2^32 with wide words",
    arguments: [1 << 16, 1 << 16 + 1, 1 << 33, 1 << 62] as [UInt64])
  func wideLists(count: UInt64) {
    let draws = NeighborSamplerTests.key.draws
    let picked = pick(40, of: count, entity: 3, draws: draws)
    #expect(picked == Array(Set(picked)).sorted() && picked.count == 40)
    #expect(picked.last! < count && picked.last! > count / 2)
    #expect(
      picked.map { Int($0) }
        == ReferenceSampler.ranks(40, of: Int(count), entity: 3, draws: draws))
  }
}
