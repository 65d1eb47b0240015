import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import Merestone
@testable import MerestoneSampling
@testable import MerestoneStorage

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

  @Test("serves the next series of the same sampler, one by one, and goes with the graph")
  func decoded() throws {
    let folder = TemporaryFolder()
    var graph: Graph? = try SamplerTests.graph(in: folder, memory: ByteCount(1 << 30))
    weak let store = graph?.store
    func series(_ scheme: SamplingScheme) throws -> [MiniBatch] {
      let batches = try #require(graph).sampler(scheme).batches(
        of: SamplerTests.seeds, size: 25, threads: 2)
      var all: [MiniBatch] = []
      while let batch = try batches.next() { all.append(batch) }
      return all
    }
    func left() -> SeriesMemory<NeighborSampler>? {
      let left: SeriesMemory<NeighborSampler>? = store?.spareMemory.take { _ in true }
      if let left { store?.spareMemory.leave(left) }
      return left
    }
    let first = try series(.uniform(fanouts: [4, 3]))
    weak let memory = left()
    #expect(memory != nil)
    #expect(try series(.uniform(fanouts: [4, 3])) == first)
    #expect(left() === memory)
    _ = try series(.uniform(fanouts: [2]))
    #expect(memory == nil, "another sampler's")
    #expect(try series(.uniform(fanouts: [4, 3])) == first)

    // A series that goes after the graph leaves nothing that would hold it.
    var batches: MiniBatches? = try graph?.sampler(.uniform(fanouts: [4, 3])).batches(
      of: SamplerTests.seeds, size: 25, threads: 2)
    _ = try batches?.next()
    graph = nil
    batches = nil
    #expect(store == nil)
  }

  @Test("is kept until it is taken or dropped, and not at all once closed")
  func closed() {
    final class Memory: Sendable {}
    let spare = SpareMemory()
    func take() -> Memory? { spare.take { _ in true } }
    let memory = Memory()
    spare.leave(memory)
    #expect(take() === memory)
    #expect(take() == nil)
    spare.leave(memory)
    spare.drop()
    #expect(take() == nil)
    spare.leave(memory)
    spare.close()
    #expect(take() == nil)
    spare.leave(memory)
    #expect(take() == nil)
  }

  @Test("is not left by a series that failed")
  func failed() throws {
    let folder = TemporaryFolder()
    let graph = try SamplerTests.graph(in: folder, memory: ByteCount(1 << 30))
    do {
      let batches = try graph.sampler(.uniform(fanouts: [4, 3])).batches(
        of: [NodeID(400)], size: 25, threads: 1)
      #expect(throws: GraphError.self) { try batches.next() }
    }
    let left: SeriesMemory<NeighborSampler>? = graph.store.spareMemory.take { _ in true }
    #expect(left == nil)
  }
}
