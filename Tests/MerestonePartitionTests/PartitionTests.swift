import MerestoneCore
import MerestonePartition
import MerestoneTestSupport
import Testing

@Suite("Partitions")
struct PartitionTests {
  let pool = ThreadPool(threads: 2)

  func partition(
    _ edges: EdgeList, _ partitioner: Partitioner, shards: Int, order: NodeOrdering = .degree,
    imbalance: Double = 0.05, seed: UInt64 = 1
  ) throws -> Partition {
    try Partition.make(
      edges,
      options: PartitionOptions(
        shards: shards, partitioner: partitioner, ordering: order, imbalance: imbalance, seed: seed),
      pool: pool)
  }

  /// The shard of every input index.
  func assignment(_ partition: Partition) -> [Int] {
    partition.order.globals.map { global in
      partition.nodeBounds.lastIndex { $0 <= UInt64(global) }.map {
        min($0, partition.nodeBounds.count - 2)
      }!
    }
  }

  // 0 -> 2, 1 -> 2, 3 -> 2, 0 -> 1, 3 -> 1, 2 -> 4; in-degrees 0, 2, 3, 0, 1
  let drawn = EdgeList(5, [(0, 2), (1, 2), (3, 2), (0, 1), (3, 1), (2, 4)])

  @Test("the degree order goes from the highest in-degree down, ties by input index")
  func degreeOrder() throws {
    let result = try partition(drawn, .range, shards: 1)
    #expect(result.order.inputs == [2, 1, 4, 0, 3])
    #expect(result.order.globals == [3, 1, 0, 4, 2])
    #expect(result.inDegrees == [3, 2, 1, 0, 0])
    #expect(result.ordering == .degree)
  }

  @Test("the input order is the input's")
  func inputOrder() throws {
    let result = try partition(drawn, .range, shards: 2, order: .input)
    #expect(result.order.inputs == [0, 1, 2, 3, 4])
    // Loads 1, 3, 4, 1, 2 make 11; the prefix nearest to 5.5 is 1 + 3 = 4.
    #expect(result.nodeBounds == [0, 2, 5])
    #expect(result.edgeBounds == [0, 2, 6])
    // Cut: 0 -> 2, 1 -> 2 and 3 -> 1.
    #expect(result.metrics.cutEdges == 3)
    #expect(result.metrics.cutRatio == 0.5)
    #expect(abs(result.metrics.nodeImbalance - 0.2) < 1e-12)
    #expect(abs(result.metrics.edgeImbalance - 1.0 / 3) < 1e-12)
  }

  @Test("auto stands for degree")
  func autoOrder() throws {
    let result = try partition(drawn, .range, shards: 1, order: .auto)
    #expect(result.ordering == .degree)
    #expect(result.order.inputs == [2, 1, 4, 0, 3])
  }

  @Test("degrees beyond one digit of the counting sort are ordered too")
  func largeDegrees() throws {
    let pairs = [3000, 5, 3000, 70_000, 0, 2999].enumerated().flatMap { node, degree in
      (0..<degree).map { _ in (UInt32(0), UInt32(node)) }
    }
    let result = try partition(EdgeList(6, pairs), .range, shards: 1)
    #expect(result.order.inputs == [3, 0, 2, 5, 1, 4])
  }

  @Test("training nodes are counted where they are")
  func trainImbalance() throws {
    let result = try Partition.make(
      drawn, train: [true, true, true, false, false],
      options: PartitionOptions(shards: 2, ordering: .input), pool: pool)
    // Two in the first shard, one in the second: 2 / 1.5 - 1.
    #expect(abs(result.metrics.trainImbalance! - 1.0 / 3) < 1e-12)
    #expect(try partition(drawn, .range, shards: 2).metrics.trainImbalance == nil)
  }

  @Test("ldg keeps two joined triangles whole")
  func twoTriangles() throws {
    // 0 - 2 - 4 and 1 - 3 - 5, joined by 0 - 1
    let triangles = EdgeList(
      6, [(0, 2), (2, 4), (4, 0), (1, 3), (3, 5), (5, 1), (0, 1)])
    let result = try partition(triangles, .ldg, shards: 2)
    #expect(result.metrics.cutEdges == 1)
    let shard = assignment(result)
    #expect(shard[0] == shard[2] && shard[2] == shard[4] && shard[1] == shard[3])
  }

  @Test("every node gets one global id, and sums hold", arguments: Partitioner.allCases, 0..<20)
  func bijection(partitioner: Partitioner, seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let nodes = Int.random(in: 1...200, using: &generator)
    let edges = EdgeList.random(
      nodes: nodes, edges: Int.random(in: 0...1000, using: &generator), seed: UInt64(seed))
    let shards = Int.random(in: 1...min(nodes, 9), using: &generator)
    let order: NodeOrdering = seed % 2 == 0 ? .degree : .input
    let result = try partition(edges, partitioner, shards: shards, order: order)
    #expect(Set(result.order.inputs) == Set(0..<UInt32(nodes)))
    #expect(
      result.order.inputs.indices.allSatisfy {
        result.order.globals[Int(result.order.inputs[$0])] == UInt32($0)
      })
    #expect(result.nodeBounds.count == shards + 1 && result.nodeBounds.last == UInt64(nodes))
    let degrees = try edges.inDegrees()
    for shard in 0..<shards {
      let owned = Int(result.nodeBounds[shard])..<Int(result.nodeBounds[shard + 1])
      let sum = owned.reduce(UInt64(0)) { $0 + degrees[Int(result.order.inputs[$1])] }
      #expect(sum == result.edgeBounds[shard + 1] - result.edgeBounds[shard])
      // Inside a shard the order holds.
      let keys = owned.map { global -> (UInt64, UInt32) in
        let input = result.order.inputs[global]
        return (order == .degree ? UInt64.max - degrees[Int(input)] : 0, input)
      }
      #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 })
      if partitioner == .range { #expect(!owned.isEmpty) }
    }
    let shard = assignment(result)
    let cut = zip(edges.sources, edges.destinations).count { shard[Int($0)] != shard[Int($1)] }
    #expect(result.metrics.cutEdges == cut)
  }

  @Test("range gives the same global ids for any number of shards", arguments: 0..<5)
  func rangeIsIndependentOfShards(seed: Int) throws {
    let edges = EdgeList.random(nodes: 100, edges: 700, seed: UInt64(seed))
    let one = try partition(edges, .range, shards: 1)
    for shards in [2, 3, 7, 100] {
      #expect(try partition(edges, .range, shards: shards).order == one.order)
    }
  }

  @Test("range balances load within the heaviest node", arguments: 0..<10)
  func rangeBalance(seed: Int) throws {
    let edges = EdgeList.random(nodes: 500, edges: 4000, seed: UInt64(seed))
    let heaviest = try edges.inDegrees().max()! + 1
    let result = try partition(edges, .range, shards: 5)
    for shard in 0..<5 {
      let load =
        result.nodeBounds[shard + 1] - result.nodeBounds[shard]
        + result.edgeBounds[shard + 1] - result.edgeBounds[shard]
      #expect(load <= 4500 / 5 + heaviest)
    }
  }

  @Test("ldg keeps its bounds on nodes and edges", arguments: 0..<10, [0.0, 0.05])
  func bounds(seed: Int, imbalance: Double) throws {
    let edges = EdgeList.random(nodes: 600, edges: 5000, seed: UInt64(seed))
    let heaviest = try edges.inDegrees().max()!
    let result = try partition(edges, .ldg, shards: 4, imbalance: imbalance)
    let nodeBound = UInt64(((1 + imbalance) * 600 / 4).rounded(.up)) + 1
    let edgeBound = UInt64(((1 + imbalance) * 5000 / 4).rounded(.up)) + heaviest
    for shard in 0..<4 {
      #expect(result.nodeBounds[shard + 1] - result.nodeBounds[shard] <= nodeBound)
      let size = result.edgeBounds[shard + 1] - result.edgeBounds[shard]
      #expect(size <= edgeBound || !result.warnings.isEmpty)
    }
  }

  @Test(
    "ldg and random do not depend on the number of threads", arguments: [Partitioner.ldg, .random])
  func threads(partitioner: Partitioner) throws {
    let edges = EdgeList.random(nodes: 5000, edges: 40_000, seed: 3)
    let options = PartitionOptions(shards: 4, partitioner: partitioner, seed: 5)
    let one = try Partition.make(edges, options: options, pool: ThreadPool(threads: 1))
    for threads in [2, 4] {
      let other = try Partition.make(edges, options: options, pool: ThreadPool(threads: threads))
      #expect(other.order == one.order && other.nodeBounds == one.nodeBounds)
      #expect(other.metrics == one.metrics)
    }
  }

  @Test("random follows its seed")
  func randomSeed() throws {
    let edges = EdgeList.random(nodes: 300, edges: 1000, seed: 3)
    let first = try partition(edges, .random, shards: 4, seed: 1)
    #expect(try partition(edges, .random, shards: 4, seed: 1).order == first.order)
    #expect(try partition(edges, .random, shards: 4, seed: 2).order != first.order)
  }

  @Test("ldg finds planted communities that random cuts", arguments: 0..<3)
  func planted(seed: Int) throws {
    let edges = EdgeList.planted(nodes: 2000, edges: 20_000, communities: 4, seed: UInt64(seed))
    let random = try partition(edges, .random, shards: 4).metrics.cutRatio
    let ldg = try partition(edges, .ldg, shards: 4).metrics.cutRatio
    #expect(abs(random - 0.75) < 0.03)
    #expect(ldg < 0.4)
  }

  @Test("graphs without edges, with one node and with loops only have partitions")
  func corners() throws {
    for partitioner in Partitioner.allCases {
      let empty = try partition(EdgeList(7, []), partitioner, shards: 3)
      #expect(empty.metrics.cutRatio == 0 && empty.edgeBounds == [0, 0, 0, 0])
      let single = try partition(EdgeList(1, [(0, 0), (0, 0)]), partitioner, shards: 1)
      #expect(single.edgeBounds == [0, 2])
      let loops = try partition(EdgeList(3, [(0, 0), (1, 1), (2, 2)]), partitioner, shards: 3)
      #expect(loops.metrics.cutEdges == 0)
      #expect(try partition(EdgeList(0, []), partitioner, shards: 1).order.count == 0)
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
    #expect(result.warnings.isEmpty)
    let sizes = zip(result.edgeBounds, result.edgeBounds.dropFirst()).map { $1 - $0 }
    #expect(sizes.max()! <= 253)
    let nodes = zip(result.nodeBounds, result.nodeBounds.dropFirst()).map { $1 - $0 }
    #expect(nodes.max()! <= 5)
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
    #expect(throws: PartitionError.endpointOutOfRange(edge: 1, node: 5, nodeCount: 5)) {
      try partition(EdgeList(5, [(0, 1), (5, 1)]), .range, shards: 2)
    }
    let message = PartitionError.shardsOutOfRange(shards: 6, nodeCount: 5).description
    #expect(message.contains("at most 5") && message.contains("--shards"))
  }

  @Test("cancelled work ends with an error")
  func cancelled() {
    let cancellation = Cancellation()
    cancellation.cancel()
    for partitioner in Partitioner.allCases {
      #expect(throws: PartitionError.interrupted) {
        try Partition.make(
          drawn, options: PartitionOptions(shards: 2, partitioner: partitioner), pool: pool,
          cancellation: cancellation)
      }
    }
  }

  @Test("an order that is no permutation is found")
  func noPermutation() {
    #expect(
      throws: PartitionError.inconsistent(
        check: "the number of nodes with a global id", expected: 3, found: 2)
    ) { try NodeOrder(inputs: [0, 2, 2]) }
  }
}
