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
}
