import MerestoneCore
import MerestonePartition
import MerestoneTestSupport
import Testing

@Suite("Partitions")
struct PartitionTests {
  func partition(
    _ edges: EdgeList, _ partitioner: Partitioner, shards: Int, order: NodeOrdering = .degree,
    imbalance: Double = 0.05, seed: UInt64 = 1
  ) throws -> ShardedGraph {
    try ShardedGraph(
      edges,
      PartitionOptions(
        shards: shards, partitioner: partitioner, ordering: order, imbalance: imbalance, seed: seed)
    )
  }

  // 0 -> 2, 1 -> 2, 3 -> 2, 0 -> 1, 3 -> 1, 2 -> 4; in-degrees 0, 2, 3, 0, 1
  let drawn = EdgeList(5, [(0, 2), (1, 2), (3, 2), (0, 1), (3, 1), (2, 4)])

  @Test("the degree order goes from the highest in-degree down, ties by input index")
  func degreeOrder() throws {
    let result = try partition(drawn, .range, shards: 1)
    #expect(result.inputs == [2, 1, 4, 0, 3])
    #expect(result.order.globals == [3, 1, 0, 4, 2])
    #expect(result.order.inDegrees == [3, 2, 1, 0, 0])
  }

  @Test("the input order is the input's")
  func inputOrder() throws {
    let result = try partition(drawn, .range, shards: 2, order: .input)
    #expect(result.inputs == [0, 1, 2, 3, 4])
    // Loads 1, 3, 4, 1, 2 make 11; the prefix nearest to 5.5 is 1 + 3 = 4.
    #expect(result.order.nodeBounds == [0, 2, 5])
    #expect(result.order.edgeBounds == [0, 2, 6])
    let imbalances = result.order.imbalances()
    #expect(abs(imbalances.nodes - 0.2) < 1e-12)
    #expect(abs(imbalances.edges - 1.0 / 3) < 1e-12)
  }

  @Test("degrees beyond one digit of the counting sort are ordered too")
  func largeDegrees() throws {
    let pairs = [3000, 5, 3000, 70_000, 0, 2999].enumerated().flatMap { node, degree in
      (0..<degree).map { _ in (UInt32(0), UInt32(node)) }
    }
    let result = try partition(EdgeList(6, pairs), .range, shards: 1)
    #expect(result.inputs == [3, 0, 2, 5, 1, 4])
  }

  @Test("training nodes are counted where they are")
  func trainImbalance() throws {
    let order = try partition(drawn, .range, shards: 2, order: .input).order
    // Two in the first shard, one in the second: 2 / 1.5 - 1.
    let training = order.imbalances(train: [true, true, true, false, false]).training
    #expect(abs(training! - 1.0 / 3) < 1e-12)
    #expect(order.imbalances().training == nil)
  }

  @Test("ldg keeps two joined triangles whole")
  func twoTriangles() throws {
    // 0 - 2 - 4 and 1 - 3 - 5, joined by 0 - 1
    let triangles = EdgeList(
      6, [(0, 2), (2, 4), (4, 0), (1, 3), (3, 5), (5, 1), (0, 1)])
    let result = try partition(triangles, .ldg, shards: 2)
    #expect(result.cutEdges == 1)
    let shard = result.shardOf
    #expect(shard[0] == shard[2] && shard[2] == shard[4] && shard[1] == shard[3])
  }

  @Test("every node gets one global id, and sums hold", arguments: Partitioner.allCases, 0..<20)
  func bijection(partitioner: Partitioner, seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let nodes = Int.random(in: 1...200, using: &generator)
    let edges = EdgeList.random(
      nodes: nodes, edges: Int.random(in: 0...1000, using: &generator), seed: UInt64(seed))
    let shards = Int.random(in: 1...min(nodes, 9), using: &generator)
    let ordering: NodeOrdering = seed % 2 == 0 ? .degree : .input
    let result = try partition(edges, partitioner, shards: shards, order: ordering)
    let (order, inputs) = (result.order, result.inputs)
    #expect(Set(inputs) == Set(0..<UInt32(nodes)))
    #expect(order.nodeBounds.count == shards + 1 && order.nodeBounds.last == UInt64(nodes))
    let degrees = edges.inDegrees
    for shard in 0..<shards {
      let owned = Int(order.nodeBounds[shard])..<Int(order.nodeBounds[shard + 1])
      let sum = owned.reduce(UInt64(0)) { $0 + UInt64(degrees[Int(inputs[$1])]) }
      #expect(sum == order.edgeBounds[shard + 1] - order.edgeBounds[shard])
      // Inside a shard the order holds.
      let keys = owned.map { global -> (UInt32, UInt32) in
        let input = inputs[global]
        return (ordering == .degree ? UInt32.max - degrees[Int(input)] : 0, input)
      }
      #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 })
      if partitioner == .range { #expect(!owned.isEmpty) }
    }
    if let assignment = result.assignment {
      #expect(assignment.shardOf.map { Int($0) } == result.shardOf)
    }
  }

  @Test("range gives the same global ids for any number of shards", arguments: 0..<5)
  func rangeIsIndependentOfShards(seed: Int) throws {
    let edges = EdgeList.random(nodes: 100, edges: 700, seed: UInt64(seed))
    let one = try partition(edges, .range, shards: 1)
    for shards in [2, 3, 7, 100] {
      #expect(
        try partition(edges, .range, shards: shards).order.globals == one.order.globals)
    }
  }

  @Test("range balances load within the heaviest node", arguments: 0..<10)
  func rangeBalance(seed: Int) throws {
    let edges = EdgeList.random(nodes: 500, edges: 4000, seed: UInt64(seed))
    let heaviest = UInt64(edges.inDegrees.max()! + 1)
    let result = try partition(edges, .range, shards: 5)
    for (nodes, edges) in zip(result.nodeCounts, result.edgeCounts) {
      #expect(nodes + edges <= 4500 / 5 + heaviest)
    }
  }

  @Test("ldg keeps its bounds on nodes and edges", arguments: 0..<10, [0.0, 0.05])
  func bounds(seed: Int, imbalance: Double) throws {
    let edges = EdgeList.random(nodes: 600, edges: 5000, seed: UInt64(seed))
    let heaviest = UInt64(edges.inDegrees.max()!)
    let result = try partition(edges, .ldg, shards: 4, imbalance: imbalance)
    let nodeBound = UInt64(((1 + imbalance) * 600 / 4).rounded(.up)) + 1
    let edgeBound = UInt64(((1 + imbalance) * 5000 / 4).rounded(.up)) + heaviest
    #expect(result.nodeCounts.allSatisfy { $0 <= nodeBound })
    #expect(
      result.edgeCounts.allSatisfy { $0 <= edgeBound } || !result.assignment!.warnings.isEmpty)
  }

  @Test(
    "ldg and random do not depend on the number of threads", arguments: [Partitioner.ldg, .random])
  func threads(partitioner: Partitioner) throws {
    let edges = EdgeList.random(nodes: 5000, edges: 40_000, seed: 3)
    let options = PartitionOptions(shards: 4, partitioner: partitioner, seed: 5)
    let one = try ShardedGraph(edges, options, pool: ThreadPool(threads: 1))
    for threads in [2, 4] {
      let other = try ShardedGraph(edges, options, pool: ThreadPool(threads: threads))
      #expect(other.order.globals == one.order.globals)
      #expect(other.order.nodeBounds == one.order.nodeBounds)
      #expect(other.order.edgeBounds == one.order.edgeBounds)
    }
  }

  @Test("random follows its seed")
  func randomSeed() throws {
    let edges = EdgeList.random(nodes: 300, edges: 1000, seed: 3)
    func globals(_ seed: UInt64) throws -> [UInt32] {
      try partition(edges, .random, shards: 4, seed: seed).order.globals
    }
    #expect(try globals(1) == globals(1))
    #expect(try globals(1) != globals(2))
  }

  @Test("ldg finds planted communities that random cuts", arguments: 0..<3)
  func planted(seed: Int) throws {
    let edges = EdgeList.planted(nodes: 2000, edges: 20_000, communities: 4, seed: UInt64(seed))
    let random = try partition(edges, .random, shards: 4).cutRatio
    let ldg = try partition(edges, .ldg, shards: 4).cutRatio
    #expect(abs(random - 0.75) < 0.03)
    #expect(ldg < 0.4)
  }

  @Test("graphs without edges, with one node and with loops only have partitions")
  func corners() throws {
    for partitioner in Partitioner.allCases {
      let empty = try partition(EdgeList(7, []), partitioner, shards: 3)
      #expect(empty.order.edgeBounds == [0, 0, 0, 0])
      #expect(empty.order.imbalances().edges == 0)
      let single = try partition(EdgeList(1, [(0, 0), (0, 0)]), partitioner, shards: 1)
      #expect(single.order.edgeBounds == [0, 2])
      let loops = try partition(EdgeList(3, [(0, 0), (1, 1), (2, 2)]), partitioner, shards: 3)
      #expect(loops.cutEdges == 0)
      #expect(try partition(EdgeList(0, []), partitioner, shards: 1).order.globals.isEmpty)
    }
  }

  @Test("ldg keeps its bounds where heavy nodes come last")
  func heavyNodesLast() throws {
    // A ring of five light nodes fills one shard up to the bound on nodes, which would leave the
    // three heavy ones to the other: 300 edges, where ceil(305 / 2) + 100 = 253 are allowed.
    let ring: [UInt32] = [0, 1, 2, 3, 4]
    let heavy: [UInt32] = (0..<300).map { 5 + UInt32($0) % 3 }
    let edges = EdgeList(
      nodeCount: 8, sources: ring + heavy, destinations: [1, 2, 3, 4, 0] + heavy)
    let result = try partition(edges, .ldg, shards: 2, imbalance: 0)
    #expect(result.assignment!.warnings.isEmpty)
    #expect(result.edgeCounts.max()! <= 253)
    #expect(result.nodeCounts.max()! <= 5)
  }

  @Test("options that fit no partition are refused with the mend")
  func errors() {
    #expect(throws: PartitionError.shardsOutOfRange(shards: 6, nodeCount: 5)) {
      try partition(drawn, .range, shards: 6)
    }
    #expect(throws: PartitionError.shardsOutOfRange(shards: 0, nodeCount: 5)) {
      try partition(drawn, .ldg, shards: 0)
    }
    #expect(throws: PartitionError.imbalanceOutOfRange(-0.5)) {
      try partition(drawn, .ldg, shards: 2, imbalance: -0.5)
    }
    #expect(throws: PartitionError.imbalanceOutOfRange(.infinity)) {
      try partition(drawn, .ldg, shards: 2, imbalance: .infinity)
    }
    let message = PartitionError.shardsOutOfRange(shards: 6, nodeCount: 5).description
    #expect(message.contains("at most 5") && message.contains("--shards"))
  }

  @Test(
    "cancelled work ends with an error", arguments: Partitioner.allCases.filter(\.readsNeighbors))
  func cancelled(partitioner: Partitioner) {
    let cancellation = Cancellation()
    cancellation.cancel()
    let neighbors = InMemoryNeighbors(
      nodeCount: 5, sources: drawn.sources, destinations: drawn.destinations)
    #expect(throws: PartitionError.interrupted) {
      try ShardAssignment.make(
        neighbors: neighbors, inDegrees: drawn.inDegrees,
        options: PartitionOptions(shards: 2, partitioner: partitioner),
        pool: ThreadPool(threads: 2), cancellation: cancellation)
    }
    #expect(throws: PartitionError.interrupted) {
      try LocalityOrder.sequence(
        of: neighbors, inDegrees: drawn.inDegrees, cancellation: cancellation)
    }
  }
}
