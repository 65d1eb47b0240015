import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import Merestone

@Suite("Edge columns that are prepared for sampling")
struct PreparedColumnsTests {
  @Test("are prepared once for all schemes, each in the memory that those before it left")
  func shared() throws {
    let folder = TemporaryFolder()
    let graph = try SamplerTests.graph(in: folder, memory: ByteCount(1 << 30))
    #expect(graph.columns.byteCount == 0)
    _ = try graph.sampler(.weighted(by: "amount", fanouts: [4]))
    let weights = graph.columns.byteCount
    #expect(weights > 16 * graph.edgeCount)
    _ = try graph.sampler(.weightedWithReplacement(by: "amount", fanouts: [4, 3]))
    #expect(graph.columns.byteCount == weights)
    for scheme: SamplingScheme in [
      .temporal(by: "time", fanouts: [4]), .recent(by: "time", fanouts: [2]),
    ] {
      _ = try graph.sampler(scheme)
      #expect(graph.columns.byteCount == weights + 8 * graph.edgeCount)
    }

    // Room for the weights and not for the times.
    let flat = 8 * (graph.nodeCount + 1) + 4 * graph.edgeCount
    let room = weights + 7 * graph.edgeCount
    let tight = try Graph(
      at: folder.file("graph"), memory: ByteCount((flat + room) / 3 * 4), reading: .flat)
    _ = try tight.sampler(.weighted(by: "amount", fanouts: [4]))
    #expect(tight.columns.byteCount == weights)
    _ = try tight.sampler(.temporal(by: "time", fanouts: [4]))
    #expect(tight.columns.byteCount == weights)
    _ = try tight.sampler(.top(by: "time", fanouts: [4]))
    #expect(tight.columns.byteCount == weights + 4 * graph.edgeCount)
  }

  @Test("long lists are prepared once for LABOR, in half of the memory that is left")
  func longLists() throws {
    let folder = TemporaryFolder()
    let nodes = 3000
    let lists = (0..<nodes).map { node in
      (0..<(node % 500 == 3 ? 1500 : node % 5)).map { UInt64(($0 * 2 + node) % nodes) }.sorted()
    }
    _ = try TestGraph(lists: lists).store(at: folder.file("graph"))
    let graph = try Graph(at: folder.file("graph"), memory: ByteCount(1 << 30))
    let seeds = (0..<1000).map { NodeID(UInt64($0)) }
    let sampler = try graph.sampler(.labor(fanouts: [4, 3]))
    let taken = graph.columns.byteCount
    #expect(taken > 8 * (6 * 1500 + nodes))
    _ = try graph.sampler(.labor(fanouts: [2]))
    #expect(graph.columns.byteCount == taken)

    // Decoded edges and less than twice what the long lists take; and no edges in memory.
    let flat = 8 * (nodes + 1) + 4 * graph.edgeCount
    for (memory, reading) in [((flat + taken) / 3 * 4, Reading.flat), (0, .grouped)] {
      let other = try Graph(
        at: folder.file("graph"), memory: ByteCount(memory), reading: reading)
      let scan = try other.sampler(.labor(fanouts: [4, 3]))
      #expect(other.columns.byteCount == 0)
      #expect(try scan.sample(nodes: seeds) == sampler.sample(nodes: seeds))
    }
  }
}
