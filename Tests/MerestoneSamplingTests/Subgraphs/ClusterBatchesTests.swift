import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Batches of shards")
struct ClusterBatchesTests {
  @Test("hold each shard once and all edges among their nodes", arguments: [1, 2, 3, 100])
  func batches(shardsPerBatch: Int) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(nodes: 90, meanInDegree: 6, shards: 7, seed: 3)
    // An empty shard.
    graph.bounds[3] = graph.bounds[2]
    let reference = ReferenceSubgraphs(graph: graph)
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var orders: Set<[ShardID]> = []
      for epoch in 0..<8 {
        let key = RandomKey(seed: 2, stream: .seedShuffle, epoch: epoch)
        var batches = try ClusterBatches(topology, shardsPerBatch: shardsPerBatch, key: key)
        #expect(batches.count == (7 + min(7, shardsPerBatch) - 1) / min(7, shardsPerBatch))
        var seen: [ShardID] = []
        for batch in 0..<batches.count {
          let shards = batches.shards(of: batch)
          seen += shards
          let nodes = shards.flatMap { shard in
            Array(graph.bounds[shard.rawValue]..<graph.bounds[shard.rawValue + 1])
          }
          #expect(try batches.subgraph(of: batch) == reference.induced(on: nodes))
        }
        #expect(seen.sorted() == (0..<7).map { ShardID($0) })
        orders.insert(seen)
      }
      // Epochs have orders of their own, which one batch of all shards does not show.
      #expect(orders.count > (shardsPerBatch < 7 ? 4 : 0))
    }
  }

  @Test("put every shard everywhere equally often")
  func uniform() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 10, meanInDegree: 2, shards: 5, seed: 3)
    let topology = try NeighborSamplerTests.topologies(graph, in: folder)[0]
    var counts = [Int](repeating: 0, count: 25)
    for epoch in 0..<5000 {
      let batches = try ClusterBatches(
        topology, shardsPerBatch: 1,
        key: RandomKey(seed: 4, stream: .subgraph, epoch: epoch))
      for batch in 0..<5 { counts[batch * 5 + batches.shards(of: batch)[0].rawValue] += 1 }
    }
    for batch in 0..<5 {
      let part = Array(counts[batch * 5..<batch * 5 + 5])
      #expect(GoodnessOfFit.accepts(part, law: [1, 1, 1, 1, 1]), "\(part)")
    }
  }

  @Test("refuse no shards at all")
  func badInput() throws {
    let folder = TemporaryFolder()
    for topology in try NeighborSamplerTests.topologies(TestGraph(lists: [[]]), in: folder) {
      #expect(throws: SamplingError.self) {
        try ClusterBatches(topology, shardsPerBatch: 0, key: SaintSamplerTests.key(0))
      }
      var batches = try ClusterBatches(topology, shardsPerBatch: 1, key: SaintSamplerTests.key(0))
      #expect(
        try batches.subgraph(of: 0) == LocalSubgraph(nodes: [NodeID(0)], indptr: [0, 0]))
    }
  }
}
