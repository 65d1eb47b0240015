import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("A stream of mini-batches")
struct BatchStreamTests {
  static func seeds(_ step: Int) -> [NodeID] {
    (0..<(step % 5 == 3 ? 0 : 20 + step)).map { NodeID(UInt64($0 * $0 * 31 + step * 977) % 12_000) }
  }

  static func request(_ step: Int) -> BatchRequest {
    BatchRequest(seeds: seeds(step), key: RandomKey(seed: 9, stream: .neighborSampling, step: step))
  }

  @Test(
    "gives what the sampler gives one by one, in groups of any size, on any threads",
    arguments: [(1, 3), (3, 1), (16, 2)])
  func groupsAgree(shards: Int, threads: Int) throws {
    let folder = TemporaryFolder()
    // Several buckets of edges (65,536 each) and of nodes (16,384 each).
    let graph = TestGraph(nodes: 20_000, meanInDegree: 7, shards: shards, seed: 8)
    let store = try graph.store(at: folder.file("graph"))
    let flat = try Topology.open(
      store, memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
    let count = 8
    for fanouts in [[4, 3, 2], [-1], [], [2, 0]] {
      var sampler = try NeighborSampler(topology: flat, fanouts: fanouts)
      let expected = try (0..<count).map { step in
        let request = Self.request(step)
        return try sampler.sample(seeds: request.seeds, key: request.key)
      }
      for (topology, memory) in [
        (flat, 0), (try Topology(store: store), 0),
        (try Topology(store: store, memory: ByteCount(1000)), 200_000),
        (try Topology(store: store), 1 << 30),
      ] {
        let stream = try BatchStream(
          topology: topology, fanouts: fanouts, count: count, threads: threads,
          groupMemory: ByteCount(memory)
        ) { Self.request($0) }
        for step in 0..<count {
          let batch = try #require(try stream.next())
          #expect(batch == expected[step], "step \(step), fanouts \(fanouts), memory \(memory)")
          if step % 2 == 0 { stream.recycle(batch) }
        }
        #expect(try stream.next() == nil)
      }
    }
  }

  @Test("reports a damaged page and a seed that does not exist, and ends", arguments: [1, 2])
  func failures(threads: Int) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 2000, meanInDegree: 30, seed: 9)
    _ = try graph.store(at: folder.file("graph"))
    let file = folder.file("graph/shard-00000/edges/r0000.csc")
    let store = try GraphStore.open(folder.file("graph"))
    let unknown = try BatchStream(
      topology: Topology(store: store), fanouts: [3], count: 4, threads: threads
    ) { step in
      BatchRequest(
        seeds: [NodeID(step == 2 ? 2000 : 5)], key: RandomKey(seed: 1, stream: .query))
    }
    #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(2000), nodeCount: 2000)) {
      while try unknown.next() != nil {}
    }
    TestFile.flip(file, byte: try EdgeStore(path: file).header.pagesOffset + 40)
    let damaged = try BatchStream(
      topology: Topology(store: GraphStore.open(folder.file("graph"))), fanouts: [-1], count: 4,
      threads: threads, groupMemory: ByteCount(0)
    ) { step in
      BatchRequest(
        seeds: (0..<2000).map { NodeID($0) }, key: RandomKey(seed: 1, stream: .query, step: step))
    }
    #expect(throws: SamplingError.self) { while try damaged.next() != nil {} }
    #expect(try damaged.next() == nil)
  }

  @Test("stops its threads when it is let go before its end")
  func letGo() throws {
    let folder = TemporaryFolder()
    let store = try TestGraph(nodes: 300, meanInDegree: 9, seed: 4).store(at: folder.file("graph"))
    for _ in 0..<20 {
      let stream = try BatchStream(
        topology: Topology(store: store), fanouts: [4, 3], count: 1000, threads: 3,
        groupMemory: ByteCount(50_000)
      ) { step in
        BatchRequest(
          seeds: [NodeID(UInt64(step % 300))],
          key: RandomKey(seed: 1, stream: .query, step: step))
      }
      _ = try stream.next()
    }
  }
}
