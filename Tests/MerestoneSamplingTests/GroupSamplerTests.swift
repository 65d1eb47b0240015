import MerestoneCore
import MerestoneTestSupport
import Synchronization
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Sampling a group of mini-batches bucket by bucket")
struct GroupSamplerTests {
  private static func request(_ place: Int) -> BatchRequest<NodeID> {
    BatchRequest(
      seeds: (0..<30).map { NodeID(UInt64(($0 * 331 + place * 7919) % 9000)) },
      key: RandomKey(seed: 5, stream: .neighborSampling, step: place))
  }

  private static func sampler(
    _ topology: Topology, fanouts: [Int], dropsBehind: Bool, threads: Int = 2
  ) -> GroupSampler {
    GroupSampler(
      following: [FollowedRelation(topology: topology, fanouts: fanouts)],
      types: [topology.nodeType], hopCount: fanouts.count, batchSize: 30,
      pool: ThreadPool(threads: threads), stampBudget: ByteCount(1 << 20), dropsBehind: dropsBehind,
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

  @Test(
    "gives those of every scheme that picks without sources, with columns prepared or read",
    arguments: TestScheme.allCases.filter { $0 != .labor && $0 != .laborStar }, [0, 1 << 24])
  func schemes(scheme: TestScheme, memory: Int) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(nodes: 9000, meanInDegree: 12, shards: 2, seed: 4)
    graph.edgeColumns = [
      TestColumn(
        name: "weight", element: .f32, values: (0..<graph.edgeCount).map { Double($0 % 9) }),
      TestColumn(
        name: "time", element: .i64, values: (0..<graph.edgeCount).map { Double($0 * $0 % 53) }),
    ]
    let store = try graph.store(at: folder.file("graph"))
    let pool = ThreadPool(threads: 2)
    let topology = try Topology.open(
      store, memory: ByteCount(memory), way: .grouped, pool: pool)
    let law = try scheme.open(topology, memory: ByteCount(memory), pool)
    #expect(
      (law.readColumn(fanouts: [4]) == nil) == (memory > 0 || scheme == .replacement),
      "what is read from files")
    // List by list under a cap of 0, where what was read is given back after each.
    if let column = law.readColumn(fanouts: [4]) { #expect(column.partBytes == 0) }
    let fanouts = [4, 3, 2]
    let ample = ByteCount(1 << 30)
    let flat = try Topology.open(store, memory: ample, pool: pool)
    var single = try NeighborSampler(
      topology: flat, fanouts: fanouts, scheme: scheme.open(flat, memory: ample, pool))
    let members = (0..<5).map { _ in GroupMember() }
    let sampler = GroupSampler(
      following: [FollowedRelation(topology: topology, fanouts: fanouts, scheme: law)],
      types: [topology.nodeType], hopCount: fanouts.count, batchSize: 30,
      pool: ThreadPool(threads: 2), stampBudget: ByteCount(1 << 20), dropsBehind: true,
      sizes: GroupSampler.BucketSizes(edgeShift: 13, nodeShift: 10), pulse: Pulse())
    @Sendable func request(_ place: Int) -> BatchRequest<NodeID> {
      var request = Self.request(place)
      // Seeds come twice, as of different times.
      request.seeds += request.seeds + (0..<60).map { NodeID(UInt64($0 * 150)) }
      guard scheme.isTemporal else { return request }
      request.times = request.seeds.indices.map { Int64($0 * 11 % 50) }
      return request
    }
    for round in 0..<2 {
      try sampler.sample(members) { request(5 * round + $0) }
      for (place, member) in members.enumerated() {
        let request = request(5 * round + place)
        var batch = MiniBatch.empty
        try sampler.finish(member, into: &batch)
        let expected = try single.sample(
          seeds: request.seeds, times: request.times, key: request.key)
        let isSame = batch == expected
        #expect(isSame, "round \(round), member \(place)")
        #expect(expected.blocks[2].destinationCount > 512)
      }
    }
    guard scheme == .temporal else { return }
    #expect(throws: SamplingError.timesMissing(column: "time")) {
      try sampler.sample(members) { Self.request($0) }
    }
  }

  @Test("takes members at different hops on together, in memory that they use in turn")
  func staggered() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 9000, meanInDegree: 12, shards: 3, seed: 4)
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    var single = try NeighborSampler(topology: topology, fanouts: [4, 3, 6])
    let sampler = Self.sampler(topology, fanouts: [4, 3, 6], dropsBehind: true)
    var members = (0..<9).map { _ in GroupMember() }
    var underWay: [(first: Int, members: [GroupMember])] = []
    var batch = MiniBatch.empty
    for turn in 0..<8 {
      if turn < 6 {
        let group = Array(members.suffix(3))
        members.removeLast(3)
        try sampler.begin(group) { Self.request(3 * turn + $0) }
        underWay.append((3 * turn, group))
      }
      try sampler.advance(underWay.flatMap(\.members))
      guard underWay[0].members[0].hop == 3 else { continue }
      // The last hop takes most of it.
      let sizes = underWay.map { $0.members.map(\.byteCount).max()! }
      #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 > 2 * $1 }, "\(sizes)")
      let (first, group) = underWay.removeFirst()
      for (place, member) in group.enumerated() {
        try sampler.finish(member, into: &batch)
        let request = Self.request(first + place)
        let isSame = try batch == single.sample(seeds: request.seeds, key: request.key)
        #expect(isSame, "turn \(turn), member \(place)")
      }
      members += group
    }
    #expect(underWay.isEmpty)
  }

  @Test(
    "makes the mini-batches of one-by-one sampling with memory for any number of them",
    arguments: [0, 20_000, 100_000, 1 << 30], [1, 2])
  func series(memory: Int, threads: Int) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 9000, meanInDegree: 12, shards: 2, seed: 4)
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    for count in [1, 2, 23] {
      for fanouts in [[4, 3, 2], [-1], [3, -1]] {
        var single = try NeighborSampler(topology: topology, fanouts: fanouts)
        let batches = GroupedBatches(
          sampler: Self.sampler(topology, fanouts: fanouts, dropsBehind: false, threads: threads),
          count: count, memory: ByteCount(memory)
        ) {
          var request = Self.request($0)
          if $0 % 3 == 1 { request.seeds = [] }
          return request
        }
        var batch = MiniBatch.empty
        for index in 0..<count {
          try batches.make(index, into: &batch)
          var request = Self.request(index)
          if index % 3 == 1 { request.seeds = [] }
          let isSame = try batch == single.sample(seeds: request.seeds, key: request.key)
          #expect(isSame, "\(index) of \(count), fanouts \(fanouts)")
        }
      }
    }
  }

  /// Makes some mini-batches of a series, and lets the others go.
  private static func make(
    _ made: Int, of count: Int = 9, _ topology: Topology, fanouts: [Int] = [4, 3, 2],
    before end: () -> Void = {}
  ) throws {
    let sampler = Self.sampler(topology, fanouts: fanouts, dropsBehind: false)
    let batches = GroupedBatches(sampler: sampler, count: count, memory: ByteCount(300_000)) {
      Self.request($0)
    }
    var single = try NeighborSampler(topology: topology, fanouts: fanouts)
    var batch = MiniBatch.empty
    for index in 0..<made {
      try batches.make(index, into: &batch)
      let request = Self.request(index)
      let isSame = try batch == single.sample(seeds: request.seeds, key: request.key)
      #expect(isSame, "\(index) of \(count), fanouts \(fanouts)")
    }
    withExtendedLifetime(batches, end)
  }

  @Test("makes a series in the memory that one of its kind left", arguments: [2, 9])
  func leftMemory(made: Int) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 9000, meanInDegree: 12, shards: 2, seed: 4)
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    let spare = topology.store.spareMemory
    func left() -> GroupMemory? { spare.take { _ in true } }

    // Finished, or abandoned on the way.
    try Self.make(made, topology) {
      let memory = left()
      #expect((memory != nil) == (made == 9), "left when the last one was made")
      if let memory { spare.leave(memory) }
    }
    let memory = try #require(left())
    let members = memory.idle.withLock { $0.members }
    #expect(!members.isEmpty)
    #expect(members.allSatisfy { $0.blocks.isEmpty })
    spare.leave(memory)

    try Self.make(3, topology) { #expect(left() == nil, "two series in one memory") }
    try Self.make(9, topology)
    #expect(left() === memory)

    // Another kind, or whatever else takes memory, drops it.
    spare.leave(memory)
    try Self.make(9, topology, fanouts: [4, 3])
    #expect(left() !== memory)
    spare.leave(memory)
    _ = try Topology.open(topology.store, memory: ByteCount(0), pool: ThreadPool(threads: 1))
    #expect(left() == nil)
  }

  @Test("expects of mini-batches what those before took, and more where their seeds take more")
  func expectations() {
    var idle = GroupMemory.Idle(hops: 1)
    #expect(idle.scaled([70], 0) == 70)
    idle.byteCounts = [100]
    #expect(idle.scaled([70], 0) == 100)
    #expect(idle.scaled([170], 0) == 170)
    idle.raiseEstimates(to: [80])
    idle.raiseEstimates(to: [40])
    #expect(idle.scaled([70], 0) == 100)
    #expect(idle.scaled([120], 0) == 150)
  }

  @Test("leaves no memory after an error")
  func leftNoMemory() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 9000, meanInDegree: 12, shards: 2, seed: 4)
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    do {
      let batches = GroupedBatches(
        sampler: Self.sampler(topology, fanouts: [4, 3, 2], dropsBehind: false), count: 2,
        memory: ByteCount(0)
      ) {
        var request = Self.request($0)
        if $0 == 1 { request.seeds.append(NodeID(9000)) }
        return request
      }
      var batch = MiniBatch.empty
      try batches.make(0, into: &batch)
      #expect(throws: SamplingError.self) { try batches.make(1, into: &batch) }
    }
    let left: GroupMemory? = topology.store.spareMemory.take { _ in true }
    #expect(left == nil)
  }

  @Test("keeps as much memory as a group needs")
  func trimmed() {
    let shape = BatchShape(
      hops: 2, types: 1, isTemporal: false,
      relations: [
        RelationBlock(
          relation: RelationID(0), sourceType: NodeTypeID(0), destinationType: NodeTypeID(0))
      ])
    let spaces = HopMemories(shape)
    for _ in 0..<3 {
      var memory = HopMemory(relations: 1)
      memory.relations[0].lists = [EdgeList(start: 1, count: 1)]
      spaces.give(memory, 1)
      var block = HopBlock(shape)
      block.edges[0].edges = [EdgeID(1)]
      var blocks = [HopBlock(shape), block]
      spaces.give(&blocks)
      #expect(blocks.isEmpty)
    }
    spaces.trim(to: 5)
    spaces.trim(to: 2)
    #expect((0..<3).map { _ in spaces.take(1).relations[0].lists.count } == [1, 1, 0])
    #expect((0..<3).map { _ in spaces.takeBlock(1).edges[0].edges.count } == [1, 1, 0])
    #expect(spaces.take(0).relations[0].lists.isEmpty)
  }

  @Test("hands groups over that lie before one that cannot begin", arguments: [1, 3, 20])
  func refusal(size: Int) throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 9000, meanInDegree: 12, shards: 2, seed: 4)
    let topology = try Topology(store: graph.store(at: folder.file("graph")))
    var single = try NeighborSampler(topology: topology, fanouts: [4, 3, 2])
    func groups(of memory: Int) -> GroupedBatches {
      GroupedBatches(
        sampler: Self.sampler(topology, fanouts: [4, 3, 2], dropsBehind: false), count: 20,
        memory: ByteCount(memory)
      ) {
        var request = Self.request($0)
        if $0 == 14 { request.seeds.append(NodeID(9000)) }
        return request
      }
    }
    // With no memory every mini-batch is a group.
    let batches = groups(of: size == 1 ? 0 : size * 120_000)
    var batch = MiniBatch.empty
    var made = 0
    #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(9000), nodeCount: 9000)) {
      while true {
        try batches.make(made, into: &batch)
        let request = Self.request(made)
        let isSame = try batch == single.sample(seeds: request.seeds, key: request.key)
        #expect(isSame, "\(made)")
        made += 1
      }
    }
    switch size {
    case 1: #expect(made == 14)
    case 3: #expect(made > 3 && made < 14)
    default: #expect(made == 0)
    }
    // And again, for whoever else asks.
    #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(9000), nodeCount: 9000)) {
      try batches.make(made + 1, into: &batch)
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
        #expect(member.blocks[1].edges[0].edges.capacity > 0)
        #expect(member.blocks[1].sources[0].capacity == 0)
        #expect(member.blocks[1].edges[0].indices.capacity == 0)
        try sampler.finish(member, into: &batch)
        batch.features.fill(count: batch.inputNodes.count, width: 8) { _ in }
        #expect(batch.byteCount > 32 * batch.inputNodes.count)
        #expect(member.byteCount < 8192)
      }
    }
  }
}

extension GroupSampler {
  /// Samples all hops of mini-batches that begin together.
  fileprivate func sample(
    _ members: [GroupMember],
    request: @Sendable (Int) throws(SamplingError) -> BatchRequest<NodeID>
  ) throws(SamplingError) {
    try begin(members, request: request)
    for _ in 0..<shape.hops { try advance(members) }
  }
}
