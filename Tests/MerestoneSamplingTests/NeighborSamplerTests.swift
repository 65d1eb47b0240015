import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling
@testable import MerestoneStorage

@Suite("Neighbour sampling")
struct NeighborSamplerTests {
  static let key = RandomKey(seed: 11, stream: .neighborSampling, epoch: 2, step: 3, slice: 1)

  static func topologies(
    _ graph: TestGraph, edgeSet: EdgeSet = .all, in folder: TemporaryFolder
  ) throws -> [Topology] {
    let store = try graph.store(at: folder.file("graph"))
    let pool = ThreadPool(threads: 2)
    var packed = graph
    packed.pageFormat = .packed
    let packedStore = try packed.store(at: folder.file("packed"))
    return [
      try Topology.open(
        packedStore, edgeSet: edgeSet, memory: ByteCount(1 << 30), way: .packed, pool: pool),
      try Topology.open(store, edgeSet: edgeSet, memory: ByteCount(1 << 30), pool: pool),
      try Topology.open(store, edgeSet: edgeSet, memory: ByteCount(0), pool: pool),
    ]
  }

  /// ```
  /// 1 -> 0 <- 2      2 -> 1      3 -> 2 (twice)      4 is alone
  /// ```
  @Test("keeps all edges with fanout -1 and numbers sources by first appearance")
  func drawnGraph() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(lists: [[1, 2], [2], [3, 3], [], []], bounds: [0, 2, 2, 5])
    for topology in try Self.topologies(graph, in: folder) {
      var sampler = try NeighborSampler(topology: topology, fanouts: [-1, -1])
      let batch = try sampler.sample(seeds: [NodeID(2), NodeID(0), NodeID(2)], key: Self.key)
      #expect(batch.seedIndices == [0, 1, 0].map { BlockIndex($0) })
      #expect(
        batch.blocks[0]
          == Block(
            sources: [2, 0, 3, 1].map { NodeID($0) }, destinationCount: 2, indptr: [0, 2, 4],
            indices: [2, 2, 3, 0].map { BlockIndex($0) }, edges: [3, 4, 0, 1].map { EdgeID($0) }))
      #expect(
        batch.blocks[1]
          == Block(
            sources: [2, 0, 3, 1].map { NodeID($0) }, destinationCount: 4,
            indptr: [0, 2, 4, 4, 5], indices: [2, 2, 3, 0, 0].map { BlockIndex($0) },
            edges: [3, 4, 0, 1, 2].map { EdgeID($0) }))
      #expect(try sampler.inDegrees(of: [0, 1, 4].map { NodeID($0) }) == [2, 1, 0])
    }
  }

  @Test(
    "gives the naive sampler's mini-batches, decoded or page by page",
    arguments: 0..<12 as Range<UInt64>)
  func equalsReference(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(
      nodes: 60 + Int(seed) * 30, meanInDegree: 7, shards: 1 + Int(seed) % 4, seed: seed)
    if seed % 3 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let edgeSet: EdgeSet = seed % 2 == 0 ? .message : .all
    let reference = ReferenceSampler(graph: graph, edgeSet: edgeSet)
    for topology in try Self.topologies(graph, edgeSet: edgeSet, in: folder) {
      for fanouts in [[3], [5, 2], [-1, 4, 0], [15, 10, 5]] {
        var sampler = try NeighborSampler(topology: topology, fanouts: fanouts)
        for start in 0..<3 as Range<UInt64> {
          let seeds = [start, 40, start, 17, 55]
          let batch = try sampler.sample(seeds: seeds.map { NodeID($0) }, key: Self.key)
          #expect(batch == reference.sample(seeds, fanouts: fanouts, key: Self.key))
        }
      }
    }
  }

  @Test("gives the same mini-batches through stamps, growing hash tables, and reused memory")
  func memoriesAgree() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 9000, meanInDegree: 6, shards: 2, seed: 3)
    let topology = try Self.topologies(graph, in: folder)[0]
    var stamped = try NeighborSampler(topology: topology, fanouts: [5, -1, 4])
    var hashed = try NeighborSampler(
      topology: topology, fanouts: [5, -1, 4], stampBudget: ByteCount(0))
    var paged = try NeighborSampler(topology: Topology(store: topology.store), fanouts: [5, -1, 4])
    var reused = MiniBatch(seeds: [], seedIndices: [], blocks: [])
    for (step, count) in [400, 3, 1200, 0, 60].enumerated() {
      let seeds = (0..<count).map { NodeID(UInt64($0 * 7 + step)) }
      let key = RandomKey(seed: 5, stream: .neighborSampling, step: step)
      let batch = try stamped.sample(seeds: seeds, key: key)
      #expect(try hashed.sample(seeds: seeds, key: key) == batch)
      #expect(try paged.sample(seeds: seeds, key: key) == batch)
      try stamped.sample(seeds: seeds, key: key, into: &reused)
      #expect(reused == batch)
    }
  }

  @Test("gives the same bytes for any number of shards and threads")
  func sameBytes() throws {
    var runs: [[MiniBatch]] = []
    for shards in [1, 3, 7] {
      let folder = TemporaryFolder()
      let graph = TestGraph(nodes: 300, meanInDegree: 9, shards: shards, seed: 4)
      for topology in try Self.topologies(graph, in: folder) {
        for threads in [1, 3] { runs.append(try Self.batches(of: topology, threads: threads)) }
      }
    }
    for run in runs {
      #expect(run.count == 12)
      #expect(run == runs[0])
    }
  }

  static func batches(of topology: Topology, threads: Int) throws -> [MiniBatch] {
    let prefetcher = Prefetcher<MiniBatch, SamplingError>(count: 12, threads: threads, window: 4) {
      _ throws(SamplingError) in
      var sampler = try NeighborSampler(topology: topology, fanouts: [4, 3])
      return { step throws(SamplingError) in
        try sampler.sample(
          seeds: (0..<10).map { NodeID(UInt64(step * 10 + $0)) },
          key: RandomKey(seed: 1, stream: .neighborSampling, step: step))
      }
    }
    var made: [MiniBatch] = []
    while let batch = try prefetcher.next() { made.append(batch) }
    return made
  }

  @Test("refuses a seed beyond the graph and a senseless fanout, by name")
  func badInput() throws {
    let folder = TemporaryFolder()
    for topology in try Self.topologies(TestGraph(lists: [[], [0]]), in: folder) {
      var sampler = try NeighborSampler(topology: topology, fanouts: [2])
      #expect(throws: SamplingError.seedOutOfRange(seed: NodeID(2), nodeCount: 2)) {
        try sampler.sample(seeds: [NodeID(0), NodeID(2)], key: Self.key)
      }
      #expect(try sampler.sample(seeds: [], key: Self.key).blocks[0].sources.isEmpty)
      #expect(throws: SamplingError.fanoutBelowMinusOne(fanout: -2, hop: 1)) {
        _ = try NeighborSampler(topology: topology, fanouts: [1, -2])
      }
    }
  }

  @Test("reports a damaged page when it is touched, decoded or page by page")
  func damagedPage() throws {
    let folder = TemporaryFolder()
    let graph = TestGraph(nodes: 200, meanInDegree: 30, seed: 9)
    _ = try graph.store(at: folder.file("graph"))
    let file = folder.file("graph/shard-00000/edges/r0000.csc")
    let pageStart = try EdgeStore(path: file).header.pagesOffset
    TestFile.flip(file, byte: pageStart + 40)
    let store = try GraphStore.open(folder.file("graph"))
    #expect(throws: SamplingError.self) {
      try Topology.open(store, memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
    }
    var sampler = try NeighborSampler(topology: Topology(store: store), fanouts: [-1])
    #expect(throws: SamplingError.self) {
      try sampler.sample(seeds: (0..<200).map { NodeID($0) }, key: Self.key)
    }
  }
}
