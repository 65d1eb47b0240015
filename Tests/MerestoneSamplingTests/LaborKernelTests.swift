import CMerestoneKernels
import MerestoneCore
import MerestoneTestSupport
import Testing

@Suite("Looking at many sources at once for LABOR")
struct LaborKernelTests {
  @Test(
    "keeps the sources whose number is below the probability, with and without wide vectors",
    arguments: [0, 1, 15, 16, 17, 100, 1000], [0x1p-53, 0.001, 0.1, 0.5, 0.99, 1 - 0x1p-53])
  func equalsReference(count: Int, probability: Double) {
    var generator = SplitMix64(seed: UInt64(count))
    let draws = RandomKey(seed: 3, stream: .neighborSampling, step: count).draws
    let sources = (0..<count).map { _ in UInt32(truncatingIfNeeded: generator.next()) }
    let first = generator.next() >> 8
    let expected = sources.indices.filter {
      draws.unit(entity: UInt64(sources[$0]), number: 0) < probability
    }.map { first + UInt64($0) }
    let limit = UInt64((probability * 0x1p53).rounded(.up)) << 11
    for kernel in [mrs_labor_keep, mrs_labor_keep_baseline] {
      var edges = [UInt64](repeating: 0, count: count + 1)
      let kept = kernel(sources, first, count, limit, draws.key.x, draws.key.y, &edges)
      #expect(Array(edges[..<kept]) == expected)
    }
  }

  @Test(
    "keeps the same by classes",
    arguments: [0, 1, 15, 17, 5000],
    [0x1p-53, 0x1p-40, 0x1p-31, 3 * 0x1p-32, 0.001, 0.0625, 0.1, 0.5, 0.53125, 0.99, 1 - 0x1p-53])
  func classes(count: Int, probability: Double) {
    let draws = RandomKey(seed: 4, stream: .neighborSampling, step: count).draws
    let nodeCount = 100_003
    // A guard byte behind the last node.
    var classes = [UInt8](repeating: 77, count: nodeCount + 1)
    mrs_labor_classify(nodeCount, draws.key.x, draws.key.y, &classes)
    #expect(classes[nodeCount] == 77)
    var generator = SplitMix64(seed: UInt64(count))
    let sources = (0..<count).map { _ in
      UInt32(truncatingIfNeeded: generator.next() % UInt64(nodeCount))
    }
    let expected = sources.indices.filter {
      draws.unit(entity: UInt64(sources[$0]), number: 0) < probability
    }.map { 9 + UInt64($0) }
    let limit = UInt64((probability * 0x1p53).rounded(.up)) << 11
    var edges = [UInt64](repeating: 0, count: count + 1)
    let kept = mrs_labor_keep_classified(
      sources, 9, count, limit, draws.key.x, draws.key.y, classes, &edges)
    #expect(Array(edges[..<kept]) == expected)
  }

  @Test("a number is in a higher class the smaller it is, eight to a factor of two")
  func classOrder() {
    let draws = RandomKey(seed: 5, stream: .neighborSampling).draws
    let nodeCount = 50_000
    var classes = [UInt8](repeating: 0, count: nodeCount)
    mrs_labor_classify(nodeCount, draws.key.x, draws.key.y, &classes)
    let numbers = (0..<nodeCount).map { draws.unit(entity: UInt64($0), number: 0) }
    let ascending = (0..<nodeCount).sorted { numbers[$0] < numbers[$1] }
    var isOrdered = true
    for (smaller, larger) in zip(ascending, ascending.dropFirst()) {
      isOrdered = isOrdered && classes[smaller] >= classes[larger]
    }
    #expect(isOrdered)
    // From 1/2 up there are the classes 0 to 7, an equal part of the numbers in each.
    let upper = numbers.indices.filter { numbers[$0] >= 0.5 }
    let misplaced = upper.filter { classes[$0] != UInt8(15 - Int(numbers[$0] * 16)) }
    #expect(misplaced.isEmpty)
  }
}
