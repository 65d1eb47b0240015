import MerestoneCore
import MerestonePartition
import Testing

@testable import MerestonePreprocess

@Suite struct NeighborSampleTests {
  /// A hub with edges to every node, and a ring.
  static func chunk(nodes: Int) -> EdgeChunk {
    var chunk = EdgeChunk()
    for node in 1..<nodes {
      chunk.sources += [0, UInt32(node)]
      chunk.destinations += [UInt32(node), UInt32(node % (nodes - 1) + 1)]
    }
    return chunk
  }

  static func totals(of chunk: EdgeChunk, nodes: Int) -> [UInt32] {
    var totals = [UInt32](repeating: 0, count: nodes)
    for node in chunk.sources + chunk.destinations { totals[Int(node)] += 1 }
    return totals
  }

  @Test(arguments: [1 << 20, 1 << 24, 1 << 30])
  func nodesBelowTheLimitKeepAllAndHubsAboutAsManyAsItSays(edges: Int) {
    let nodes = 100_000
    let chunk = Self.chunk(nodes: nodes)
    let pool = ThreadPool(threads: 2)
    let sample = NeighborSample(
      totals: Self.totals(of: chunk, nodes: nodes), edges: edges, partitioner: .ldg, pool: pool)
    var kept = [UInt64](repeating: 0, count: 2 * chunk.count)
    let count = sample.take(0..<chunk.count, of: chunk, .numbers, into: &kept)
    var lengths = [Int](repeating: 0, count: nodes)
    for pair in kept.prefix(count) { lengths[Int(pair >> 32)] += 1 }
    // Every node but the hub has three: the hub and two in the ring.
    #expect(lengths.dropFirst().allSatisfy { $0 == 3 })
    // Up to a quarter more; chance is within six standard deviations but once in 10^9.
    let limit = Double(NeighborSample.limit(edges: edges, partitioner: .ldg))
    #expect(Double(lengths[0]) > limit - 6 * limit.squareRoot())
    #expect(Double(lengths[0]) < 1.25 * limit + 6 * (1.25 * limit).squareRoot())
  }

  @Test(arguments: [1 << 24, Partition.wholeEdgeLimit + 1])
  func multilevelKeepsAllOfAGraphThatItHoldsInMemory(edges: Int) {
    let nodes = 100_000
    let chunk = Self.chunk(nodes: nodes)
    let sample = NeighborSample(
      totals: Self.totals(of: chunk, nodes: nodes), edges: edges, partitioner: .multilevel,
      pool: ThreadPool(threads: 1))
    var kept = [UInt64](repeating: 0, count: 2 * chunk.count)
    let count = sample.take(0..<chunk.count, of: chunk, .numbers, into: &kept)
    let isWhole = edges <= Partition.wholeEdgeLimit
    #expect((count == 2 * chunk.count) == isWhole)
    // What is not whole is in memory at both ends of each edge.
    func entries(_ partitioner: Partitioner) -> Int {
      var options = PreprocessOptions(edges: [], output: "")
      options.partition.partitioner = partitioner
      return MemoryPlan.entries(nodes: 1 << 24, edges: edges, options: options)
    }
    #expect(entries(.multilevel) == (isWhole ? 1 : 2) * entries(.ldg))
  }

  @Test func theFormOfTheSourceDoesNotChangeTheSample() throws {
    let nodes = 5_000
    let chunk = Self.chunk(nodes: nodes)
    let totals = Self.totals(of: chunk, nodes: nodes)
    let sample = NeighborSample(
      totals: totals, edges: 1 << 30, partitioner: .ldg, pool: ThreadPool(threads: 1))
    // Packed as an edge source with a table has it: the class of a degree below its number.
    let packed = EdgeChunk(
      sources: chunk.sources.map(sample.packed), destinations: chunk.destinations.map(sample.packed)
    )
    var (plain, other) = (
      [UInt64](repeating: 0, count: 2 * chunk.count), [UInt64](repeating: 0, count: 2 * chunk.count)
    )
    let count = sample.take(0..<chunk.count, of: chunk, .numbers, into: &plain)
    let otherCount = sample.take(0..<chunk.count, of: packed, .packed, into: &other)
    #expect(count == otherCount)
    #expect(plain.prefix(count) == other.prefix(count))
    #expect(count < 2 * chunk.count, "the hub loses some")
  }
}
