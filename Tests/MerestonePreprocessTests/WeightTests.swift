import FoundationEssentials
import MerestoneCore
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Cumulative weights")
struct WeightTests {
  let folder = ScratchFolder()

  /// Edges with a hub and two columns of numbers, one of words.
  func text(nodes: Int, edges: Int, seed: UInt64, hasZeros: Bool) -> String {
    var generator = SplitMix64(seed: seed)
    var text = "# columns: src\tdst\tweight\tcount\tkind\n"
    for edge in 0..<edges {
      let source = Int.random(in: 0..<nodes, using: &generator)
      let destination = edge % 3 == 0 ? 1 : Int.random(in: 0..<nodes, using: &generator)
      let weight = Int.random(in: hasZeros ? 0..<6 : 1..<6, using: &generator)
      text += "\(source)\t\(destination)\t0.\(weight)\(edge % 10)\t\(edge % 7 + 1)\tk\(edge % 3)\n"
    }
    return text
  }

  /// The sums of a column before every sixteenth edge, added up edge by edge from its stored values.
  func expected(_ graph: StoredGraph, column: Int) -> [Double] {
    var result: [Double] = []
    var (sum, destination) = (0.0, UInt64.max)
    for (edge, end) in graph.ends.enumerated() {
      if end.destination != destination { (sum, destination) = (0, end.destination) }
      if edge % 16 == 0 { result.append(sum) }
      sum += Double(graph.edges[edge].values[column])!
    }
    return result
  }

  func stored(_ graph: StoredGraph, _ name: String) throws -> [Double] {
    var result: [Double] = []
    for shard in 0..<graph.store.book.shardCount {
      let sums = try graph.store.edgeSums(name, relation: RelationID(0), shard: ShardID(shard))
      guard let sums else { continue }
      result += try (0..<sums.rows).map { try sums.value(at: $0) }
    }
    return result
  }

  @Test("are those of a naive summation, for whatever columns are named", arguments: 0..<4, [1, 5])
  func naive(seed: Int, shards: Int) throws {
    let path = folder.write(
      "edges.tsv",
      text(
        nodes: 7 + 100 * seed, edges: 9 + 900 * seed, seed: UInt64(seed), hasZeros: seed % 2 == 0))
    var options = folder.options(path)
    options.partition.shards = shards
    options.partition.partitioner = [.range, .random, .ldg][seed % 3]
    if seed > 1 { options.weights = .columns(["weight", "count"]) }
    _ = try Preprocess(options).run()
    let graph = try StoredGraph(options.output)
    let columns = graph.store.manifest.relations[0].columns
    #expect(
      columns.map { $0.cumulative != nil }
        == columns.map {
          $0.name == "weight" || (seed > 1 && $0.name == "count")
        })
    for (number, column) in columns.enumerated() {
      guard let cumulative = column.cumulative else { continue }
      #expect(try stored(graph, column.name) == expected(graph, column: number))
      #expect(
        cumulative.everyEdgeCounts
          == graph.edges.allSatisfy { Double($0.values[number])! != 0 })
    }
  }

  @Test("of several relations are those of each")
  func relations() throws {
    let path = folder.write(
      "edges.tsv",
      "# columns: src\tdst\trelation\tweight\n"
        + (0..<400).map { "\($0 % 37)\t\($0 % 11)\tr\($0 % 3)\t\($0 % 5 + 1)\n" }.joined())
    var options = folder.options(path)
    options.relations = .split
    options.partition.shards = 2
    _ = try Preprocess(options).run()
    let store = try GraphStore.open(options.output)
    #expect(store.manifest.relations.count == 3)
    #expect(
      store.manifest.relations.allSatisfy { $0.columns[0].cumulative?.everyEdgeCounts == true })
    // Verification adds them up again.
    #expect(try Verification.run(options.output, pool: ThreadPool(threads: 2)).isEmpty)
  }

  @Test("are left out, with a warning, where nobody asks and a weight is none")
  func refused() throws {
    let path = folder.write(
      "edges.tsv",
      "# columns: src\tdst\tweight\n"
        + (0..<100).map { "n\($0 + 1)\tn\($0 / 9)\t\($0 >= 60 ? -3 : $0 + 1)\n" }.joined())
    var options = folder.options(path)
    options.partition.shards = 3
    let report = try Preprocess(options).run()
    #expect(
      report.warnings.filter { $0.contains("n61 -> n6 has -3.0 in column weight") }.count == 1)
    #expect(report.warnings.count == 1)
    let store = try GraphStore.open(options.output)
    #expect(store.manifest.relations[0].columns[0].cumulative == nil)
    #expect(try folder.files().keys.allSatisfy { !$0.contains(".sums.") })
    options = folder.options(path, graph: "asked")
    options.weights = .columns(["weight"])
    #expect(
      throws: PreprocessError.badWeight(
        column: "weight", value: "-3.0", source: .string("n61"), destination: .string("n6"))
    ) { try Preprocess(options).run() }
    // Nothing is lost: the run goes on without them, or begins anew.
    #expect(!folder.exists("asked") && folder.exists("asked.partial"))
    options.weights = .columns([])
    options.resumes = true
    _ = try Preprocess(options).run()
    let without = try folder.files(of: "asked")
    #expect(without.keys.allSatisfy { !$0.contains(".sums.") })
    #expect(folder.entries == ["asked", "edges.tsv", "graph"])
    options.output = "\(folder.path)/plain"
    options.resumes = false
    _ = try Preprocess(options).run()
    #expect(try folder.files(of: "plain") == without)
  }

  @Test("of weights that are too large together are refused, by the node")
  func overflow() throws {
    let path = folder.write(
      "edges.tsv", "# columns: src\tdst\tweight\n1\t7\t1e308\n2\t7\t1e308\n2\t3\t1\n")
    var options = folder.options(path)
    options.weights = .columns(["weight"])
    let error = PreprocessError.weightOverflow(column: "weight", destination: .integer(7))
    #expect(throws: error) { try Preprocess(options).run() }
  }

  @Test("of a column that is none of numbers are refused, and the others named")
  func names() throws {
    let path = folder.write("edges.tsv", text(nodes: 5, edges: 9, seed: 1, hasZeros: false))
    // What a column is shows when it was looked at.
    let columns = ["kind": ["weight", "count"], "wieght": ["weight", "count", "kind"]]
    for (name, available) in columns {
      var options = folder.options(path)
      options.weights = .columns([name])
      let error = PreprocessError.noIndexColumn(
        flag: "--weights", name: name, values: "numbers", available: available)
      #expect(throws: error) { try Preprocess(options).run() }
      #expect(error.exitCode == 64 && error.description.contains("weight, count"))
    }
  }

  @Test("have the same bytes at any number of threads and when a cancelled run is resumed")
  func sameness() throws {
    let path = folder.write("edges.tsv", text(nodes: 300, edges: 4000, seed: 4, hasZeros: true))
    var options = folder.options(path, graph: "plain")
    options.partition.shards = 3
    options.threads = 1
    _ = try Preprocess(options).run()
    let plain = try folder.files(of: "plain")
    #expect(plain.keys.contains { $0.hasSuffix(".sums.npy") })
    options.threads = 3
    options.output = "\(folder.path)/graph"
    for stage in ["weights", "finish"] {
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
  }

  @Test("of other columns than those of an interrupted run replace what that has written")
  func chosenAnew() throws {
    let path = folder.write("edges.tsv", text(nodes: 50, edges: 2000, seed: 5, hasZeros: true))
    var options = folder.options(path)
    options.partition.shards = 3
    options.weights = .columns(["weight", "count"])
    let canceller = ResumeTests.Canceller("finish")
    #expect(throws: PreprocessError.interrupted) {
      try Preprocess(options).run(progress: canceller, cancellation: canceller.cancellation)
    }
    options.resumes = true
    options.weights = .columns(["count"])
    _ = try Preprocess(options).run()
    options.output = "\(folder.path)/plain"
    options.resumes = false
    _ = try Preprocess(options).run()
    #expect(try folder.files() == folder.files(of: "plain"))
  }

  @Test("that are damaged are noticed, wherever a bit flipped")
  func flips() throws {
    let path = folder.write("edges.tsv", text(nodes: 90, edges: 3000, seed: 6, hasZeros: true))
    var options = folder.options(path)
    options.partition.shards = 2
    _ = try Preprocess(options).run()
    let pool = ThreadPool(threads: 2)
    for name in try folder.files().keys.sorted() where name.contains(".sums.") {
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
