import FoundationEssentials
import MerestoneCore
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Out-edges")
struct ReverseTests {
  let folder = ScratchFolder()

  /// Edges with hubs on both ends, loops and duplicates; the last tenth of the ids has no out-edges.
  func text(nodes: Int, edges: Int, seed: UInt64) -> String {
    var generator = SplitMix64(seed: seed)
    var text = ""
    for edge in 0..<edges {
      let a = Int.random(in: 0..<nodes, using: &generator)
      let b = Int.random(in: 0..<nodes, using: &generator)
      let source = edge % 3 == 0 ? 1 : min(a * b / nodes, nodes * 9 / 10)
      text += "\(source)\t\(edge % 5 == 0 ? 2 : b)\n"
    }
    return text
  }

  func options(_ path: String, graph: String = "graph", shards: Int = 1) -> PreprocessOptions {
    var options = folder.options(path, graph: graph)
    options.storesReverse = true
    options.partition.shards = shards
    return options
  }

  /// All out-edges in the order of the store, as (source, destination, edge).
  func outEdges(_ store: GraphStore) throws -> [[UInt64]] {
    var result: [[UInt64]] = []
    var scratch = PageScratch()
    for shard in (0..<store.book.shardCount).map({ ShardID($0) }) {
      guard let piece = try store.outEdges(RelationID(0), shard: shard) else { continue }
      let owned = store.book.nodes(of: NodeTypeID(0), in: shard)
      #expect(piece.lists.destinationCount == owned.count)
      for source in owned {
        var destinations: [NodeID] = []
        var edges: [EdgeID] = []
        try piece.copyOutEdges(
          of: LocalNodeID(source - owned.lowerBound), destinations: &destinations, edges: &edges,
          scratch: &scratch)
        for (destination, edge) in zip(destinations, edges) {
          result.append([source, destination.rawValue, edge.rawValue])
        }
      }
    }
    return result
  }

  @Test("of a drawn graph are its edges by source, with their ids")
  func drawn() throws {
    // 0 -> 1 (twice), 0 -> 2, 1 -> 0, 2 -> 2; 3 has an in-edge only.
    let path = folder.write("edges.tsv", "0\t2\n0\t1\n1\t0\n0\t1\n2\t2\n2\t3\n")
    var options = options(path)
    options.partition.ordering = .input
    _ = try Preprocess(options).run()
    // In-edges by destination: 1>0, 0>1, 0>1, 0>2, 2>2, 2>3.
    let graph = try StoredGraph(options.output)
    #expect(
      try outEdges(graph.store) == [
        [0, 1, 1], [0, 1, 2], [0, 2, 3], [1, 0, 0], [2, 2, 4], [2, 3, 5],
      ])
    #expect(
      graph.store.manifest.relations[0].reverse
        == ReverseEntry(shardEdges: [6], maxOutDegree: 3))
  }

  @Test("are a naive reversal of the edges", arguments: 0..<6, [1, 3])
  func naive(seed: Int, shards: Int) throws {
    let path = folder.write(
      "edges.tsv", text(nodes: 20 + 300 * seed, edges: 100 + 4000 * seed, seed: UInt64(seed)))
    var options = options(path, shards: shards)
    options.partition.partitioner = [.range, .random, .ldg][seed % 3]
    _ = try Preprocess(options).run()
    let graph = try StoredGraph(options.output)
    let expected = graph.ends.enumerated().map { edge, ends in
      [ends.source, ends.destination, UInt64(edge)]
    }.sorted { ($0[0], $0[2]) < ($1[0], $1[2]) }
    #expect(try outEdges(graph.store) == expected)
  }

  @Test("have no files in shards without any, and none at all where nobody asks")
  func empty() throws {
    let path = folder.write("edges.tsv", (1..<60).map { "0\t\($0)\n" }.joined())
    var options = options(path, shards: 4)
    options.partition.ordering = .input
    _ = try Preprocess(options).run()
    let graph = try StoredGraph(options.output)
    #expect(graph.store.manifest.relations[0].reverse?.shardEdges == [59, 0, 0, 0])
    #expect(try folder.files().keys.filter { $0.contains(".rev") }.count == 2)
    options = folder.options(path, graph: "plain")
    _ = try Preprocess(options).run()
    #expect(try GraphStore.open(options.output).manifest.relations[0].reverse == nil)
    #expect(try folder.files(of: "plain").keys.allSatisfy { !$0.contains(".rev") })
  }

  @Test("have the same bytes at any number of threads and under any cap")
  func sameness() throws {
    let path = folder.write("edges.tsv", text(nodes: 3000, edges: 30_000, seed: 4))
    var expected: [String: Data]?
    for (threads, memory) in [(1, 4 << 30), (2, 4 << 30), (3, 150 << 20)] {
      var options = options(path, graph: "graph\(threads)", shards: 3)
      options.threads = threads
      options.memory = ByteCount(memory)
      _ = try Preprocess(options).run()
      let files = try folder.files(of: "graph\(threads)")
      if let expected { #expect(files == expected) } else { expected = files }
    }
  }

  @Test("that a cancelled run began go on and give the bytes of undisturbed work")
  func resumed() throws {
    let path = folder.write("edges.tsv", text(nodes: 200, edges: 3000, seed: 5))
    _ = try Preprocess(options(path, graph: "plain", shards: 2)).run()
    for stage in ["reverse", "finish"] {
      var options = options(path, shards: 2)
      let canceller = ResumeTests.Canceller(stage)
      #expect(throws: PreprocessError.interrupted) {
        try Preprocess(options).run(progress: canceller, cancellation: canceller.cancellation)
      }
      options.resumes = true
      _ = try Preprocess(options).run()
      #expect(try folder.files() == folder.files(of: "plain"))
      try FileManager.default.removeItem(atPath: options.output)
    }
  }

  @Test("that are damaged are noticed, wherever a bit flipped")
  func flips() throws {
    let path = folder.write("edges.tsv", text(nodes: 700, edges: 6000, seed: 6))
    let options = options(path, shards: 2)
    _ = try Preprocess(options).run()
    let pool = ThreadPool(threads: 2)
    for name in try folder.files().keys.sorted() where name.contains(".rev") {
      let whole = "\(options.output)/\(name)"
      let bytes = TestFile.read(whole)
      for byte in Set(stride(from: 0, to: bytes.count, by: 331)).union([bytes.count - 1]) {
        TestFile.patch(whole, [bytes[byte] ^ UInt8(1 << (byte % 8))], at: byte)
        let found = try Verification.run(options.output, pool: pool)
        #expect(
          found.contains { $0.error.location.path == whole }, "byte \(byte) of \(name): \(found)")
        TestFile.patch(whole, [bytes[byte]], at: byte)
      }
      TestFile.resize(whole, to: bytes.count - 1)
      #expect(throws: StorageError.self) { try GraphStore.open(options.output) }
      TestFile.write(bytes, to: whole)
    }
    #expect(try Verification.run(options.output, pool: pool) == [])
  }

  @Test("with a wrong id or a wrong end are noticed though every checksum fits")
  func wrong() throws {
    let path = folder.write("edges.tsv", "0\t1\n0\t2\n1\t2\n")
    var options = options(path)
    options.partition.ordering = .input
    _ = try Preprocess(options).run()
    let graph = options.output
    let pool = ThreadPool(threads: 1)
    // Edges: 0>1 is 0, 0>2 is 1, 1>2 is 2. The last list names edge 1 instead.
    let ids: [UInt64] = [0, 1, 1]
    var writer = try EdgeIDWriter(
      path: "\(graph)/" + GraphLayout.reverseIDs(RelationID(0), shard: ShardID(0)), count: 3,
      edgeCount: 3)
    try writer.append(ids.span)
    _ = try writer.finish(.deferred)
    let found = try Verification.run(graph, pool: pool)
    #expect(found.count == 1)
    #expect(found.first?.description.contains("out-edges of edge") ?? false)
  }
}
