import Merestone
import MerestoneStorage
import MerestoneTestSupport
import Synchronization
import Testing

@Suite("A sampler of one scheme")
struct SamplerTests {
  static func graph(in folder: TemporaryFolder, memory: ByteCount) throws -> Graph {
    var graph = TestGraph(nodes: 400, meanInDegree: 8, shards: 2, seed: 5)
    graph.edgeColumns = [
      TestColumn(
        name: "amount", element: .f32, values: (0..<graph.edgeCount).map { Double($0 % 7 + 1) }),
      TestColumn(
        name: "time", element: .i64, values: (0..<graph.edgeCount).map { Double($0 % 100) }),
    ]
    graph.features = (0..<400).map { [Float($0), Float($0) / 8, -1] }
    _ = try graph.store(at: folder.file("graph"))
    return try Graph(at: folder.file("graph"), memory: memory)
  }

  static let seeds = (0..<90).map { NodeID(UInt64($0 * 4)) }

  @Test("gives one mini-batch for one key: in memory and page by page, alone and in a stream")
  func sameEverywhere() throws {
    let folder = TemporaryFolder()
    let graphs = [
      try Self.graph(in: folder, memory: ByteCount(1 << 30)),
      try Graph(at: folder.file("graph"), memory: ByteCount(1000)),
    ]
    let times = Self.seeds.map { Int64($0.rawValue % 90) }
    for scheme: SamplingScheme in [
      .uniform(fanouts: [4, 3]), .uniformWithReplacement(fanouts: [4, 3]),
      .weighted(by: "amount", fanouts: [4, 3]), .top(by: "amount", fanouts: [2]),
      .weightedWithReplacement(by: "amount", fanouts: [3]), .labor(fanouts: [4, 3]),
      .laborStar(fanouts: [4]), .temporal(by: "time", fanouts: [4, 3]),
      .recent(by: "time", fanouts: [4, 3]),
    ] {
      let isTemporal = "\(scheme)".contains("time")
      let runs = try graphs.map { graph in
        let batches = try graph.sampler(scheme).batches(
          of: Self.seeds, times: isTemporal ? times : [], size: 25, threads: 2)
        #expect(batches.count == 4)
        var all: [MiniBatch] = []
        while let batch = try batches.next() { all.append(batch) }
        return all
      }
      #expect(runs[0].count == 4)
      #expect(runs[0] == runs[1], "\(scheme)")
      let alone = try graphs.map {
        try $0.sampler(scheme).sample(
          nodes: Self.seeds, times: isTemporal ? times : [], seed: 3, step: 1)
      }
      #expect(alone[0] == alone[1], "\(scheme)")
    }
  }

  @Test("reuses the memory of a mini-batch that is handed back")
  func reuse() throws {
    let folder = TemporaryFolder()
    let graph = try Self.graph(in: folder, memory: ByteCount(1 << 30))
    let sampler = try graph.sampler(.uniform(fanouts: [4, 3]))
    let plain = try sampler.batches(of: Self.seeds, size: 8, threads: 1)
    let reusing = try sampler.batches(of: Self.seeds, size: 8, threads: 2)
    var batch = MiniBatch.empty
    while try reusing.next(&batch) { #expect(try plain.next() == batch) }
    #expect(try plain.next() == nil)
    #expect(batch == .empty)
  }

  @Test("takes the memory of another series' mini-batch, and nothing of what it held")
  func reuseOfOthers() throws {
    let folder = TemporaryFolder()
    let ample = try Self.graph(in: folder, memory: ByteCount(1 << 30))
    let grouped = try Graph(at: folder.file("graph"), memory: ByteCount(1000))
    let times = [Int64](repeating: 50, count: Self.seeds.count)
    for graph in [ample, grouped] {
      let temporal = try graph.sampler(.temporal(by: "time", fanouts: [4, 3]))
        .batches(of: Self.seeds, times: times, size: 8, features: "features", threads: 1)
      let labor = try graph.sampler(.labor(fanouts: [4, 3]))
        .batches(of: Self.seeds, size: 8, threads: 1)
      for scheme: SamplingScheme in [
        .uniform(fanouts: [4, 3]), .uniformWithReplacement(fanouts: [4, 3]),
      ] {
        let plain = try graph.sampler(scheme).batches(of: Self.seeds, size: 8, threads: 1)
        let reusing = try graph.sampler(scheme).batches(of: Self.seeds, size: 8, threads: 1)
        for _ in 0..<2 {
          var marked = try #require(try temporal.next())
          #expect(try reusing.next(&marked))
          #expect(try plain.next() == marked)
          marked = try #require(try labor.next())
          #expect(try reusing.next(&marked))
          #expect(try plain.next() == marked)
        }
        var batch = MiniBatch.empty
        while try reusing.next(&batch) { #expect(try plain.next() == batch) }
      }
    }
  }

  @Test(
    "gives feature rows with mini-batches, mapped or copied from their files, and none after a cancellation",
    arguments: [1 << 30, 1000])
  func features(memory: Int) throws {
    let folder = TemporaryFolder()
    let graph = try Self.graph(in: folder, memory: ByteCount(memory))
    let sampler = try graph.sampler(.uniform(fanouts: [4, 3]))
    let batches = try sampler.batches(of: Self.seeds, size: 20, features: "features", threads: 2)
    var batch = MiniBatch.empty
    var count = 0
    while count < 3, try batches.next(&batch) {
      #expect(
        batch.features
          == FeatureRows(
            count: batch.inputNodes.count, width: 3,
            values: try graph.rows(of: "features", for: batch.inputNodes)))
      let first = Float(batch.inputNodes[0].rawValue)
      #expect(Array(batch.features[0]) == [first, first / 8, -1])
      count += 1
    }
    #expect(count == 3)
    batches.cancel()
    #expect(try batches.next() == nil)
    #expect(try sampler.batches(of: Self.seeds, size: 20).next()?.features == FeatureRows.none)
    #expect(throws: GraphError.self) {
      try sampler.batches(of: Self.seeds, size: 20, features: "feature")
    }
    #expect(throws: GraphError.self) { try graph.integers(of: "features", for: Self.seeds) }
    #expect(throws: GraphError.self) { try graph.nodes(of: .train, column: "features") }
  }

  @Test("answers from several threads at once")
  func threads() throws {
    let folder = TemporaryFolder()
    let graph = try Self.graph(in: folder, memory: ByteCount(1 << 30))
    let expected = try Self.seeds.map { try graph.sample(nodes: [$0], fanouts: [5, 5]) }
    let wrong = Mutex(0)
    ThreadPool(threads: 4).forEach(Self.seeds.count * 5) { index in
      let place = index % Self.seeds.count
      let found = try? graph.sampler(.uniform(fanouts: [5, 5])).sample(nodes: [Self.seeds[place]])
      if found != expected[place] { wrong.withLock { $0 += 1 } }
    }
    #expect(wrong.withLock { $0 } == 0)
  }

  @Test("refuses what it cannot serve when it is made")
  func refusal() throws {
    let folder = TemporaryFolder()
    let graph = try Self.graph(in: folder, memory: ByteCount(1 << 30))
    for scheme: SamplingScheme in [
      .uniform(fanouts: [-2]), .weighted(by: "amuont", fanouts: [2]),
      .recent(by: "t", fanouts: [2]),
      .temporal(by: "amount", fanouts: [1]),
    ] {
      #expect(throws: GraphError.self, "\(scheme)") { try graph.sampler(scheme) }
    }
    let temporal = try graph.sampler(.temporal(by: "time", fanouts: [1]))
    #expect(throws: GraphError.self) {
      try temporal.batches(of: Self.seeds, times: [1, 2], size: 4)
    }
    #expect(throws: GraphError.self) { try temporal.sample(nodes: [NodeID(1)]) }
  }

  @Test("reads as asked for by hand, and refuses what the graph or the cap does not allow")
  func readsAsAskedFor() throws {
    let folder = TemporaryFolder()
    let expected = try Self.graph(in: folder, memory: ByteCount(1 << 30))
      .sample(nodes: Self.seeds, fanouts: [4, 3])
    let path = folder.file("graph")
    for reading: Reading in [.flat, .grouped] {
      let graph = try Graph(at: path, reading: reading)
      #expect(try graph.sample(nodes: Self.seeds, fanouts: [4, 3]) == expected)
    }
    let error = #expect(throws: GraphError.self) { try Graph(at: path, reading: .packed) }
    #expect("\(try #require(error))".contains("--encoding packed"))
    let small = #expect(throws: GraphError.self) {
      try Graph(at: path, memory: ByteCount(1000), reading: .flat)
    }
    #expect("\(try #require(small))".contains("more than the cap of"))
  }
}
