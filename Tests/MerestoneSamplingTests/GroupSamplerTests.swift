import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Sampling a group of mini-batches bucket by bucket")
struct GroupSamplerTests {
  private static func request(_ place: Int) -> BatchRequest {
    BatchRequest(
      seeds: (0..<30).map { NodeID(UInt64(($0 * 331 + place * 7919) % 9000)) },
      key: RandomKey(seed: 5, stream: .neighborSampling, step: place))
  }

  private static func sampler(
    _ topology: Topology, fanouts: [Int], dropsBehind: Bool, threads: Int = 2
  ) -> GroupSampler {
    GroupSampler(
      topology: topology, fanouts: fanouts, pool: ThreadPool(threads: threads),
      stampBudget: ByteCount(1 << 20), dropsBehind: dropsBehind,
      // Two pages and two blocks of the node index.
      sizes: GroupSampler.BucketSizes(edgeShift: 13, nodeShift: 10), pulse: Pulse())
  }

  @Test("gives the mini-batches of one-by-one sampling", arguments: [1, 3], [false, true])
  func manyBuckets(shards: Int, dropsBehind: Bool) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 9000, meanInDegree: 12, shards: shards, seed: 4)
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    for fanouts in [[4, 3, 2], [-1, 2], []] {
      var single = try NeighborSampler(topology: topology, fanouts: fanouts)
      let members = (0..<5).map { _ in GroupMember() }
      let sampler = Self.sampler(topology, fanouts: fanouts, dropsBehind: dropsBehind)
      for round in 0..<2 {
        try sampler.sample(members) { Self.request(5 * round + $0) }
        for (place, member) in members.enumerated() {
          let request = Self.request(5 * round + place)
          var batch = MiniBatch.empty
          try sampler.finish(member, into: &batch)
          let isSame = try batch == single.sample(seeds: request.seeds, key: request.key)
          #expect(isSame, "round \(round), member \(place), fanouts \(fanouts)")
        }
      }
    }
  }

  @Test("keeps memory of finished mini-batches with those that are handed over")
  func finishedParts() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 9000, meanInDegree: 12, seed: 4)
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    let sampler = Self.sampler(topology, fanouts: [4, 3], dropsBehind: false)
    let members = [GroupMember(), GroupMember()]
    var batch = MiniBatch.empty
    for round in 0..<3 {
      try sampler.sample(members) { Self.request(2 * round + $0) }
      for member in members {
        try sampler.finish(member, into: &batch)
        batch.features.fill(count: batch.inputNodes.count, width: 8) { _ in }
        #expect(batch.byteCount > 32 * batch.inputNodes.count)
        #expect(member.batch.features.byteCount == 0)
        if round > 0 {
          #expect(member.batch.blocks[1].sources.capacity == 0)
          #expect(member.batch.blocks[1].indices.capacity == 0)
        }
      }
    }
  }
}
