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
}
