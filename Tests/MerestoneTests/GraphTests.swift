import Merestone
import MerestoneTestSupport
import Synchronization
import Testing

@Suite("A graph opened from a program")
struct GraphTests {
  /// ```
  /// 1 -> 0 <- 2      2 -> 1      3 -> 2 (twice)      4 is alone
  /// ```
  static func drawn(in folder: TemporaryFolder) throws -> Graph {
    var graph = TestGraph(lists: [[1, 2], [2], [3, 3], [], []], bounds: [0, 2, 5])
    graph.labels = [0, 1, 0, -1, 1]
    graph.features = (0..<5).map { [Float($0), Float($0) / 2] }
    graph.splits = [.train, .test, .train, .none, .validation]
    _ = try graph.store(at: folder.file("graph"))
    return try Graph(at: folder.file("graph"))
  }

  @Test("answers with the user's own ids")
  func samples() throws {
    let folder = TemporaryFolder()
    let graph = try Self.drawn(in: folder)
    #expect(graph.nodeCount == 5 && graph.edgeCount == 5 && graph.shardCount == 2)
    let subgraph = try graph.sample([.integer(0)], fanouts: [-1, -1])
    #expect(subgraph.nodes == [0, 1, 2, 3].map { .integer($0) })
    #expect(subgraph.blocks[0].destinations == [.integer(0)])
    #expect(subgraph.blocks[0].edges.map(\.source) == [.integer(1), .integer(2)])
    #expect(
      subgraph.blocks[1].edges.map { "\($0.source)>\($0.destination)" }
        == ["1>0", "2>0", "2>1", "3>2", "3>2"])
    #expect(subgraph.blocks[1].edgeIDs == [0, 1, 2, 3, 4].map { EdgeID($0) })
  }

  @Test("reads columns by node")
  func columns() throws {
    let folder = TemporaryFolder()
    let graph = try Self.drawn(in: folder)
    #expect(graph.nodeColumns == ["features", "label", "split"])
    let nodes = [NodeID(4), NodeID(1)]
    #expect(try graph.rows(of: "features", for: nodes) == [4, 2, 1, 0.5])
    #expect(try graph.integers(of: "label", for: nodes) == [1, 1])
    #expect(try graph.nodes(of: .train) == [NodeID(0), NodeID(2)])
    #expect(throws: GraphError.unknownColumn(name: "age", available: graph.nodeColumns)) {
      try graph.rows(of: "age", for: nodes)
    }
    #expect(throws: GraphError.nodeOutOfRange(NodeID(5), nodeCount: 5)) {
      try graph.rows(of: "features", for: [NodeID(5)])
    }
  }

  @Test("says where a node's edges lead, where out-edges are stored")
  func outEdges() throws {
    let folder = TemporaryFolder()
    #expect(throws: GraphError.noOutEdges) {
      try Self.drawn(in: folder).outEdges(of: NodeID(0))
    }
    var drawn = TestGraph(lists: [[1, 2], [2], [3, 3], [], []], bounds: [0, 2, 5])
    drawn.storesReverse = true
    _ = try drawn.store(at: folder.file("both"))
    let graph = try Graph(at: folder.file("both"))
    #expect(graph.hasOutEdges)
    let found = try (0..<5).map { node in
      try graph.outEdges(of: NodeID(node)).map { "\($0.destination) by \($0.edge)" }
    }
    #expect(found == [[], ["0 by 0"], ["0 by 1", "1 by 2"], ["2 by 3", "2 by 4"], []])
    #expect(throws: GraphError.nodeOutOfRange(NodeID(5), nodeCount: 5)) {
      try graph.outEdges(of: NodeID(5))
    }
  }

  @Test("names what it does not know")
  func unknown() throws {
    let folder = TemporaryFolder()
    let graph = try Self.drawn(in: folder)
    #expect(try graph.node(.integer(9)) == nil)
    #expect(throws: GraphError.unknownNode(.integer(9))) {
      try graph.sample([.integer(0), .integer(9)], fanouts: [2])
    }
    #expect(throws: GraphError.badFanout(-3, hop: 1)) {
      try graph.sample([.integer(0)], fanouts: [2, -3])
    }
    #expect(throws: GraphError.self) { try Graph(at: folder.file("nowhere")) }
  }

  @Test("gives the same mini-batches to any number of sampler threads, and all seeds once")
  func batches() throws {
    let folder = TemporaryFolder()
    _ = try TestGraph(nodes: 200, meanInDegree: 6, shards: 2, seed: 5).store(
      at: folder.file("graph"))
    let graph = try Graph(at: folder.file("graph"))
    let seeds = (0..<200).map { NodeID($0) }
    var runs: [[MiniBatch]] = []
    for threads in [1, 3] {
      let batches = try graph.batches(
        of: seeds, size: 64, fanouts: [3, 2], shuffled: true, epoch: 4, threads: threads)
      var made: [MiniBatch] = []
      while let batch = try batches.next() { made.append(batch) }
      #expect(made.map(\.seeds.count) == [64, 64, 64, 8])
      #expect(made.flatMap(\.seeds).sorted() == seeds)
      runs.append(made)
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0].flatMap(\.seeds) != seeds)
    let whole = try graph.batches(of: seeds, size: .max, fanouts: [1])
    #expect(whole.count == 1)
    #expect(try whole.next()?.seeds == seeds)
    #expect(try graph.batches(of: [], size: 8, fanouts: [1]).next() == nil)
  }

  @Test("may be used from several threads at once")
  func concurrent() throws {
    let folder = TemporaryFolder()
    _ = try TestGraph(nodes: 300, meanInDegree: 8, shards: 3, seed: 6).store(
      at: folder.file("graph"))
    let expected = try (0..<40).map {
      try Graph(at: folder.file("graph")).sample([.integer($0)], fanouts: [4, 4])
    }
    let graph = try Graph(at: folder.file("graph"))
    let equal = Atomic<Int>(0)
    ThreadPool(threads: 4).forEach(40) { index in
      let subgraph = try? graph.sample([.integer(UInt64(index))], fanouts: [4, 4])
      if subgraph == expected[index] { equal.add(1, ordering: .relaxed) }
    }
    #expect(equal.load(ordering: .relaxed) == 40)
  }
}
