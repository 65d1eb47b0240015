import FoundationEssentials
import MerestoneCore
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Orders of times")
struct TimeTests {
  let folder = ScratchFolder()

  /// Edges with a hub and columns of integers and others.
  func text(nodes: Int, edges: Int, seed: UInt64) -> String {
    var generator = SplitMix64(seed: seed)
    var text = "# columns: src\tdst\ttime\thour\tweight\n"
    for edge in 0..<edges {
      let source = Int.random(in: 0..<nodes, using: &generator)
      let destination = edge % 3 == 0 ? 1 : Int.random(in: 0..<nodes, using: &generator)
      let time = Int.random(in: 0..<200, using: &generator)
      text += "\(source)\t\(destination)\t\(1_700_000_000 + time)\t\(time % 24)\t0.5\n"
    }
    return text
  }

  /// The positions and every sixteenth time of a column's order, from its stored values.
  func expected(_ graph: StoredGraph, column: Int) -> (positions: [Int], times: [Int64]) {
    var result: (positions: [Int], times: [Int64]) = ([], [])
    var first = 0
    while first < graph.ends.count {
      let end =
        graph.ends[first...].firstIndex { $0.destination != graph.ends[first].destination }
        ?? graph.ends.count
      let times = graph.edges[first..<end].map { Int64($0.values[column])! }
      let order = times.indices.sorted { one, other in
        times[one] == times[other] ? one < other : times[one] > times[other]
      }
      for (place, position) in order.enumerated() {
        result.positions.append(position)
        if (first + place) % 16 == 0 { result.times.append(times[position]) }
      }
      first = end
    }
    return result
  }

  func stored(
    _ graph: StoredGraph, _ name: String
  ) throws -> (positions: [Int], times: [Int64]) {
    var result: (positions: [Int], times: [Int64]) = ([], [])
    for shard in 0..<graph.store.book.shardCount {
      let order = try graph.store.edgeOrder(name, relation: RelationID(0), shard: ShardID(shard))
      if let positions = order.positions {
        result.positions += try (0..<positions.rows).map { Int(try positions.value(at: $0)) }
      }
      if let times = order.times {
        result.times += try (0..<times.rows).map { try times.integer(at: $0) }
      }
    }
    return result
  }

  @Test("are those of a naive sort, for whatever columns are named", arguments: 0..<4, [1, 5])
  func naive(seed: Int, shards: Int) throws {
    let path = folder.write(
      "edges.tsv", text(nodes: 7 + 100 * seed, edges: 9 + 900 * seed, seed: UInt64(seed)))
    var options = folder.options(path)
    options.partition.shards = shards
    options.partition.partitioner = [.range, .random, .ldg][seed % 3]
    if seed > 1 { options.times = .columns(["hour", "time"]) }
    _ = try Preprocess(options).run()
    let graph = try StoredGraph(options.output)
    let columns = graph.store.manifest.relations[0].columns
    #expect(
      columns.map { $0.order != nil }
        == columns.map { $0.name == "time" || (seed > 1 && $0.name == "hour") })
    for (number, column) in columns.enumerated() where column.order != nil {
      let (found, wanted) = (try stored(graph, column.name), expected(graph, column: number))
      #expect(found.positions == wanted.positions)
      #expect(found.times == wanted.times)
    }
    #expect(try Verification.run(options.output, pool: ThreadPool(threads: 2)).isEmpty)
  }

  @Test("of a column that has no integers are refused, and left out where nobody asks")
  func names() throws {
    let path = folder.write("edges.tsv", text(nodes: 5, edges: 9, seed: 1))
    for (name, available) in ["weight": ["time", "hour"], "tiem": ["time", "hour", "weight"]] {
      var options = folder.options(path)
      options.times = .columns([name])
      let error = #expect(throws: PreprocessError.self) { try Preprocess(options).run() }
      guard case .noIndexColumn(let flag, let column, let values, let columns) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(flag == "--times" && column == name && values == "integers")
      #expect(Set(columns).isSubset(of: available) && columns.starts(with: ["time", "hour"]))
      #expect(error?.exitCode == 64)
    }
    let fractions = folder.write("fractions.tsv", "# columns: src\tdst\ttime\n1\t2\t0.5\n")
    let options = folder.options(fractions)
    let report = try Preprocess(options).run()
    #expect(report.warnings.isEmpty)
    #expect(try GraphStore.open(options.output).manifest.relations[0].columns[0].order == nil)
  }

  @Test("have the same bytes at any number of threads, under any cap, and resumed")
  func sameness() throws {
    let path = folder.write("edges.tsv", text(nodes: 300, edges: 4000, seed: 4))
    var options = folder.options(path, graph: "plain")
    options.partition.shards = 3
    options.threads = 1
    options.memory = ByteCount(256 << 20)
    _ = try Preprocess(options).run()
    let plain = try folder.files(of: "plain")
    #expect(plain.keys.contains { $0.hasSuffix(".order.npy") })
    #expect(plain.keys.contains { $0.hasSuffix(".times.npy") })
    options.threads = 3
    options.memory = ByteCount(1 << 30)
    options.output = "\(folder.path)/graph"
    for stage in ["times", "finish"] {
      let canceller = ResumeTests.Canceller(stage)
      options.resumes = false
      #expect(throws: PreprocessError.interrupted) {
        try Preprocess(options).run(progress: canceller, cancellation: canceller.cancellation)
      }
      options.resumes = true
      _ = try Preprocess(options).run()
      #expect(try folder.files() == plain)
      try FileManager.default.removeItem(atPath: options.output)
    }
    // An interrupted run goes on without them, or with others.
    for times in [[], ["hour"]] {
      let canceller = ResumeTests.Canceller("finish")
      options.resumes = false
      options.times = .automatic
      #expect(throws: PreprocessError.interrupted) {
        try Preprocess(options).run(progress: canceller, cancellation: canceller.cancellation)
      }
      // What a kill may have left.
      let left = "\(options.output).partial/shard-00000/edges/r0000.c00.order.npy.crc.partial"
      #expect(FileManager.default.createFile(atPath: left, contents: Data([1])))
      options.resumes = true
      options.times = .columns(times)
      _ = try Preprocess(options).run()
      let resumed = try folder.files()
      try FileManager.default.removeItem(atPath: options.output)
      options.resumes = false
      _ = try Preprocess(options).run()
      #expect(try folder.files() == resumed)
      #expect(resumed.keys.contains { $0.contains(".order.") } == !times.isEmpty)
      try FileManager.default.removeItem(atPath: options.output)
    }
  }

  @Test("that are damaged are noticed, wherever a bit flipped")
  func flips() throws {
    let path = folder.write("edges.tsv", text(nodes: 90, edges: 900, seed: 6))
    var options = folder.options(path)
    options.partition.shards = 2
    _ = try Preprocess(options).run()
    let pool = ThreadPool(threads: 2)
    let names = try folder.files().keys.sorted().filter {
      $0.contains(".order.") || $0.contains(".times.")
    }
    #expect(names.count == 8)
    for name in names {
      let whole = "\(options.output)/\(name)"
      var bytes = FileManager.default.contents(atPath: whole)!
      for byte in stride(from: 0, to: bytes.count, by: 97) {
        bytes[byte] ^= 4
        #expect(FileManager.default.createFile(atPath: whole, contents: bytes))
        let problems = try Verification.run(options.output, pool: pool)
        #expect(!problems.isEmpty, "byte \(byte) of \(name)")
        bytes[byte] ^= 4
      }
      #expect(FileManager.default.createFile(atPath: whole, contents: bytes))
    }
    #expect(try Verification.run(options.output, pool: pool).isEmpty)
  }
}
