import Glibc
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

  static func request(_ step: Int) -> BatchRequest<NodeID> {
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

  @Test(
    "is the same where groups end by time", arguments: [Duration.nanoseconds(1), .seconds(100)])
  func longest(longest: Duration) throws {
    let folder = TemporaryFolder()
    let store = try TestGraph(nodes: 20_000, meanInDegree: 7, shards: 2, seed: 8)
      .store(at: folder.file("graph"))
    let topology = try Topology(store: store)
    let pulse = Pulse()
    let series = try BatchSeries(
      topology: topology, fanouts: [4, 3], count: 9, threads: 1, pool: ThreadPool(threads: 1),
      longest: longest, pulse: pulse
    ) { Self.request($0) }
    var sampler = try NeighborSampler(topology: topology, fanouts: [4, 3])
    let mark = WorkMark(pulse)
    var beats: [Int] = []
    for step in 0..<9 {
      var batch = MiniBatch.empty
      let before = pulse.count
      try series.make(step, mark, into: &batch)
      beats.append(pulse.count - before)
      let request = Self.request(step)
      #expect(try batch == sampler.sample(seeds: request.seeds, key: request.key))
    }
    // Sampling beats, taking from a group that is sampled hardly does: all are one group, or every
    // one is a group.
    let sampling = beats.filter { $0 > beats[2] }.count
    #expect(longest < .seconds(1) ? beats.allSatisfy { $0 > 1 } : sampling <= 2, "\(beats)")
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

  /// A graph with features, cut into two shards.
  static func graphWithFeatures(nodes: Int, meanInDegree: Int) -> TestGraph {
    var graph = TestGraph(nodes: nodes, meanInDegree: meanInDegree, shards: 2, seed: 6)
    graph.features = (0..<nodes).map { node in (0..<70).map { Float(node * 70 + $0) } }
    return graph
  }

  @Test("carries the feature rows of the input nodes, in every way of reading", arguments: [1, 3])
  func features(threads: Int) throws {
    let folder = TemporaryFolder()
    let graph = Self.graphWithFeatures(nodes: 12_000, meanInDegree: 6)
    let store = try graph.store(at: folder.file("graph"))
    let rows = try NodeRows("features", of: NodeTypeID(0), in: store)
    let flat = try Topology.open(
      store, memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
    for fanouts in [[4, 3], []] {
      for topology in [flat, try Topology(store: store)] {
        let stream = try BatchStream(
          topology: topology, fanouts: fanouts, features: rows, count: 8, threads: threads
        ) { Self.request($0) }
        for step in 0..<8 {
          var batch = try #require(try stream.next())
          let nodes = batch.inputNodes
          #expect(batch.features.count == nodes.count)
          #expect(batch.features.width == 70)
          #expect(
            batch.features.values == nodes.flatMap { graph.features[Int($0.rawValue)] },
            "step \(step), fanouts \(fanouts)")
          if let last = nodes.indices.last {
            #expect(Array(batch.features[last]) == graph.features[Int(nodes[last].rawValue)])
          }
          // A larger and a smaller mini-batch come after each other in the same memory.
          stream.recycle(batch)
          batch = .empty
        }
        #expect(try stream.next() == nil)
      }
    }
  }

  @Test(
    "says within the mini-batch that needs it which file and byte are damaged", arguments: [1, 2],
    [Reading.flat, .grouped])
  func damagedFeatures(threads: Int, way: Reading) throws {
    let folder = TemporaryFolder()
    let graph = Self.graphWithFeatures(nodes: 12_000, meanInDegree: 2)
    _ = try graph.store(at: folder.file("graph"))
    // 280 bytes a row, 6,000 rows a shard: the second MiB begins in row 3,744 of the shard.
    let file = folder.file("graph/shard-00001/nodes/t0000.c00.npy")
    let body = TestFile.read(file).count - 6000 * 280
    TestFile.flip(file, byte: body + (1 << 20) + 100)
    let store = try GraphStore.open(folder.file("graph"))
    let topology =
      way == .flat
      ? try Topology.open(store, memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
      : try Topology(store: store)
    let stream = try BatchStream(
      topology: topology, fanouts: [0],
      features: NodeRows("features", of: NodeTypeID(0), in: store), count: 40, threads: threads
    ) { step in
      // The first damaged row is asked for by mini-batch 5.
      BatchRequest(
        seeds: [NodeID(7), NodeID(UInt64(6000 + 3743 + (step < 5 ? -step : 1)))],
        key: RandomKey(seed: 1, stream: .query, step: step))
    }
    for _ in 0..<5 { #expect(try stream.next() != nil) }
    let error = #expect(throws: SamplingError.self) { try stream.next() }
    guard case .storage(.wrongChecksum(let path, let byteOffset, _, _, _)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(path == file)
    #expect(byteOffset == body + 1 << 20)
    #expect(try stream.next() == nil)
  }

  @Test(
    "ends when it is cancelled in the middle of a mini-batch", arguments: [false, true])
  func cancel(isGrouped: Bool) throws {
    let folder = TemporaryFolder()
    let store = try TestGraph(nodes: 3000, meanInDegree: 60, seed: 4).store(
      at: folder.file("graph"))
    let topology =
      isGrouped
      ? try Topology(store: store)
      : try Topology.open(store, memory: ByteCount(1 << 30), pool: ThreadPool(threads: 1))
    // Each hop reads all edges: thousands of hops take far longer than the test.
    let stream = try BatchStream(
      topology: topology, fanouts: Array(repeating: -1, count: 20_000), count: 4, threads: 2
    ) { step in
      BatchRequest(
        seeds: (0..<3000).map { NodeID($0) },
        key: RandomKey(seed: 1, stream: .query, step: step))
    }
    ThreadPool(threads: 2).forEach(2) { place in
      if place == 0 {
        do throws(SamplingError) {
          let batch = try stream.next()
          #expect(batch == nil)
        } catch {
          Issue.record(error)
        }
      } else {
        usleep(100_000)
        stream.cancel()
      }
    }
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
