import MerestoneStorage
import MerestoneTestSupport
import Testing

@testable import Merestone
@testable import MerestoneSampling

@Suite("Memory that a series of mini-batches leaves to the next")
struct SpareMemoryTests {
  @Test("is dropped by whatever else takes memory, and by nothing that does not")
  func drops() throws {
    let folder = TemporaryFolder()
    _ = try SamplerTests.graph(in: folder, memory: ByteCount(0))
    let graph = try Graph(
      at: folder.file("graph"), memory: ByteCount(1 << 20), reading: .grouped)
    func isLeft() -> Bool {
      let left: GroupMemory? = graph.store.spareMemory.take { _ in true }
      if let left { graph.store.spareMemory.leave(left) }
      return left != nil
    }
    func isLeft(after other: () throws -> Void) throws -> Bool {
      let batches = try graph.sampler(.uniform(fanouts: [4, 3])).batches(
        of: SamplerTests.seeds, size: 25, threads: 2)
      while try batches.next() != nil {}
      #expect(isLeft())
      try other()
      return isLeft()
    }
    let nodes = Array(SamplerTests.seeds[..<3])
    #expect(
      try isLeft {
        _ = try graph.sampler(.uniform(fanouts: [4, 3])).sample(nodes: nodes)
      })
    #expect(try !isLeft { _ = try graph.sampler(.uniform(fanouts: [2])) }, "another scheme")
    #expect(try !isLeft { _ = try graph.rows(of: "features", for: nodes) }, "a column")
    #expect(try isLeft { _ = try graph.rows(of: "features", for: nodes) }, "one in use")
    #expect(try !isLeft { _ = try graph.randomWalks(from: nodes, length: 2) }, "walks")
  }
}
