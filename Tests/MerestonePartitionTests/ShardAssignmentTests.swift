import MerestoneCore
import MerestonePartition
import MerestoneTestSupport
import Testing

@Suite("Assigning nodes to shards")
struct ShardAssignmentTests {
  static let partitioners = Partitioner.allCases.filter(\.readsNeighbors)

  func assign(
    _ edges: EdgeList, _ options: PartitionOptions, train: [Bool]? = nil, threads: Int = 2,
    blockNodes: Int = 1 << 16
  ) throws -> ShardAssignment {
    try ShardAssignment.make(
      neighbors: InMemoryNeighbors(
        nodeCount: edges.nodeCount, sources: edges.sources, destinations: edges.destinations,
        blockNodes: blockNodes),
      inDegrees: edges.inDegrees, train: train, options: options,
      pool: ThreadPool(threads: threads))
  }

  @Test("neither threads nor blocks change an assignment", arguments: partitioners)
  func sameness(partitioner: Partitioner) throws {
    // Refining takes long without optimisation.
    let scale = partitioner == .multilevel ? 20 : 1
    let edges = EdgeList.random(nodes: 3000 / scale, edges: 20_000 / scale, seed: 1)
    let options = PartitionOptions(shards: 5, partitioner: partitioner)
    let one = try assign(edges, options, threads: 1)
    #expect(try assign(edges, options, threads: 3, blockNodes: 7) == one)
    #expect(try assign(edges, options, threads: 2, blockNodes: 500) == one)
  }

  @Test("communities are found", arguments: partitioners)
  func communities(partitioner: Partitioner) throws {
    let edges = EdgeList.planted(nodes: 1000, edges: 10_000, communities: 4, seed: 2)
    let shardOf = try assign(
      edges, PartitionOptions(shards: 4, partitioner: partitioner)
    ).shardOf
    #expect(edges.cut(shardOf) < 4500)
  }

  @Test(
    "bounds hold on nodes, edges and training nodes", arguments: partitioners,
    [Balance.both, .nodes, .edges])
  func bounds(partitioner: Partitioner, balance: Balance) throws {
    for seed in 0..<(partitioner == .multilevel ? 2 : 6) as Range<UInt64> {
      let nodeCount = partitioner == .multilevel ? 150 : 700
      let edgeCount = nodeCount * 8
      let edges = EdgeList.random(nodes: nodeCount, edges: edgeCount, seed: seed)
      let degrees = edges.inDegrees
      let train = (0..<nodeCount).map { $0 % 3 == 0 && $0 < 400 }
      let shards = 2 + Int(seed) * 3
      var options = PartitionOptions(shards: shards, partitioner: partitioner)
      options.balance = balance
      let result = try assign(edges, options, train: train)
      var nodes = [Int](repeating: 0, count: shards)
      var sums = nodes
      var training = nodes
      for (node, shard) in result.shardOf.enumerated() {
        nodes[Int(shard)] += 1
        sums[Int(shard)] += Int(degrees[node])
        training[Int(shard)] += train[node] ? 1 : 0
      }
      func bound(_ total: Int, _ heaviest: Int) -> Int {
        Int((1.05 * Double(total) / Double(shards)).rounded(.up)) + heaviest
      }
      if balance != .edges { #expect(nodes.max()! <= bound(nodeCount, 1)) }
      if balance != .nodes { #expect(sums.max()! <= bound(edgeCount, Int(degrees.max()!))) }
      #expect(training.max()! <= bound(train.count { $0 }, 1) || !result.warnings.isEmpty)
    }
  }

  @Test("more shards than anybody needs still cover every node", arguments: partitioners)
  func manyShards(partitioner: Partitioner) throws {
    let edges =
      partitioner == .multilevel
      ? EdgeList.random(nodes: 300, edges: 600, seed: 9)
      : EdgeList.random(nodes: 1500, edges: 3000, seed: 9)
    for shards in partitioner == .multilevel ? [1, 40] : [1, 1024, 1500] {
      let result = try assign(edges, PartitionOptions(shards: shards, partitioner: partitioner))
      #expect(result.shardOf.allSatisfy { $0 < shards })
    }
  }

  @Test("nodes without edges even out the numbers of nodes")
  func filler() throws {
    // Two triangles and six nodes without edges, of which four are for training.
    let edges = EdgeList(12, [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)])
    let train = (0..<12).map { (6..<10).contains($0) }
    let result = try assign(
      edges, PartitionOptions(shards: 3, partitioner: .ldg, imbalance: 0), train: train)
    let sizes = (0..<3).map { shard in result.shardOf.count { Int($0) == shard } }
    #expect(sizes == [4, 4, 4])
    #expect(
      (0..<3).allSatisfy { shard in (6..<10).count { Int(result.shardOf[$0]) == shard } <= 2 })
  }
}
