import MerestoneTestSupport
import Testing

@testable import MerestonePreprocess

@Suite struct EdgeGroupTests {
  @Test("edges are spread evenly over the buckets in which equal ones meet")
  func spreadsBuckets() {
    let bucketCount = 69
    var sizes = [Int](repeating: 0, count: bucketCount)
    for source in 0..<200 as Range<UInt32> {
      for destination in 0..<200 as Range<UInt32> {
        let hash = EdgeGroup.hash(source, destination)
        sizes[EdgeGroup.bucket(ofHash: hash ^ hash >> 32, count: bucketCount)] += 1
      }
    }
    let mean = 40_000 / bucketCount
    #expect(sizes.allSatisfy { $0 > mean / 2 && $0 < mean * 2 })
  }

  /// What stays of pairs without columns, by counting each direction.
  @Test(
    "pairs are settled by their numbers", arguments: [false, true], [0, 1, 2, 5000])
  func settlesPairs(isUndirected: Bool, count: Int) {
    for duplicates in [DuplicatePolicy.keep, .drop] {
      settlePairs(isUndirected: isUndirected, duplicates: duplicates, count: count)
    }
  }

  private func settlePairs(isUndirected: Bool, duplicates: DuplicatePolicy, count: Int) {
    var options = PreprocessOptions(edges: [], output: "")
    options.isUndirected = isUndirected
    options.duplicates = duplicates
    var generator = SplitMix64(seed: UInt64(count))
    let nodes: [UInt64] = [0, 1, 2, 3, 70_000, 0xffff_ffff] + (100..<140)
    let records = (0..<count).map { _ in
      nodes.randomElement(using: &generator)! | nodes.randomElement(using: &generator)! << 32
    }
    var numbers: [UInt64: Int] = [:]
    for record in records { numbers[record, default: 0] += 1 }
    var expected: [UInt64: Int] = [:]
    var (added, repetitions) = (0, 0)
    for (record, number) in numbers {
      repetitions += number - 1
      let reverse = record >> 32 | record << 32
      func stays(_ number: Int) -> Int { duplicates == .drop ? min(number, 1) : number }
      let (here, there) = (stays(number), stays(numbers[reverse] ?? 0))
      expected[record] = isUndirected ? max(here, there) : here
      if isUndirected, here > there, reverse != record {
        expected[reverse] = here
        added += here - there
      }
    }
    var group = PairGroup(
      records: records.flatMap { record in
        (0..<8).map { UInt8(truncatingIfNeeded: record >> UInt64(8 * $0)) }
      }, options: options)
    group.run()
    var found: [UInt64: Int] = [:]
    for record in group.output { found[record, default: 0] += 1 }
    #expect(found == expected)
    #expect(group.counts.edges == expected.values.reduce(0, +))
    #expect(group.counts.duplicates == repetitions)
    #expect(group.counts.duplicatesDropped == (duplicates == .drop ? repetitions : 0))
    #expect(group.counts.reversesAdded == added)
  }
}
