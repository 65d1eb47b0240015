import MerestoneCore
import MerestonePartition
import MerestoneTestSupport
import Testing

@Suite("Partitions that must beat others")
struct RealPartitionTests {
  @Test(
    "multilevel finds a ring of cliques that streaming cannot see, also among nodes without edges",
    arguments: [400, 40_000])
  func ringOfCliques(nodes: Int) throws {
    // 40 cliques of 10 nodes in a ring, numbers scattered: 4 shards cut 4 of 1,840 edges.
    var pairs: [(UInt32, UInt32)] = []
    func node(_ clique: Int, _ member: Int) -> UInt32 {
      UInt32((clique * 10 + member) * 7 % 400 * (nodes / 400))
    }
    for clique in 0..<40 {
      for a in 0..<10 {
        for b in a + 1..<10 { pairs.append((node(clique, a), node(clique, b))) }
      }
      pairs.append((node(clique, 0), node((clique + 1) % 40, 1)))
    }
    var generator = SplitMix64(seed: 1)
    pairs.shuffle(using: &generator)
    let edges = EdgeList(nodes, pairs)
    let result = try ShardAssignment.make(
      neighbors: InMemoryNeighbors(
        nodeCount: nodes, sources: edges.sources, destinations: edges.destinations),
      inDegrees: edges.inDegrees,
      options: PartitionOptions(shards: 4, partitioner: .multilevel), pool: ThreadPool(threads: 2))
    #expect(edges.cut(result.shardOf) <= 8)
    for shard in 0..<4 {
      #expect(result.shardOf.count { Int($0) == shard } <= nodes / 4 * 105 / 100 + 1)
    }
  }

  @Test("states the memory that it takes, more for more")
  func memory() {
    for partitioner in Partitioner.allCases {
      for ordering in NodeOrdering.allCases {
        let options = PartitionOptions(shards: 8, partitioner: partitioner, ordering: ordering)
        let small = Partition.workingBytes(options, nodes: 1 << 20, entries: 1 << 24)
        let large = Partition.workingBytes(options, nodes: 1 << 26, entries: 1 << 29)
        #expect(small <= large && large < 12 << 30)
      }
    }
    let ldg = PartitionOptions(shards: 8, partitioner: .ldg, ordering: .degree)
    #expect(Partition.workingBytes(ldg, nodes: 1 << 26, entries: 1 << 29) <= 16 << 26)
  }
}
