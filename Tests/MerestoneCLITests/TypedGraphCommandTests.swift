import Foundation
import Merestone
import MerestoneTestSupport
import Testing

private let dblpFolder =
  (ProcessInfo.processInfo.environment["MERESTONE_DATA"]
    ?? TinyGraph.packageRoot + "/../shared/data") + "/hgb-dblp"

@Suite("Commands on a graph with several node types")
struct TypedGraphCommandTests {
  let folder = TemporaryFolder()

  /// Two users and two items: who bought, who knows whom.
  func graph() -> String {
    TestFile.write(
      Array("# columns: src\tdst\trelation\n1\t10\tbuys\n2\t10\tbuys\n1\t2\tknows\n".utf8),
      to: folder.file("edges.tsv"))
    TestFile.write(
      Array("# columns: id\tkind\n1\tuser\n10\titem\n2\tuser\n11\titem\n".utf8),
      to: folder.file("nodes.tsv"))
    let run = merestone(
      "preprocess", folder.file("edges.tsv"), "--nodes", folder.file("nodes.tsv"), "--columns",
      "type=kind", "--out", folder.file("g"), "--shards", "2", "--quiet")
    #expect(run.status == 0, "\(run.notes)")
    #expect(run.output.contains("--type NAME") && !run.output.contains("merestone sample"))
    return folder.file("g")
  }

  @Test("inspect, verify and lookup know types and triples")
  func reading() {
    let graph = graph()
    let inspected = merestone("inspect", graph)
    #expect(inspected.status == 0)
    #expect(inspected.output.contains("(user, buys, item)"))
    #expect(inspected.output.contains("(user, knows, user)"))
    #expect(merestone("verify", graph).status == 0)
    let item = merestone("lookup", graph, "--raw", "10", "--type", "item", "--json")
    #expect(item.output.contains("\"inDegree\": 2"), "\(item.output)")
    let unknown = merestone("lookup", graph, "--raw", "10", "--type", "user")
    #expect(unknown.status == 65 && unknown.notes.contains("node of type user"))
    let type = merestone("lookup", graph, "--raw", "10", "--type", "shop")
    #expect(type.status == 64 && type.notes.contains("user, item"))
  }

  @Test("sample follows a relation from a type to itself, and says so where there is none")
  func sampling() {
    let graph = graph()
    let users = merestone("sample", graph, "--seeds", "2", "--fanouts", "all", "--type", "user")
    #expect(users.status == 0 && users.output.contains("2 <- 1"), "\(users.notes)")
    let items = merestone("sample", graph, "--seeds", "10", "--fanouts", "2", "--type", "item")
    #expect(items.status == 64 && items.notes.contains("among nodes of type item"))
    let relation = merestone(
      "sample", graph, "--seeds", "2", "--fanouts", "2", "--type", "user", "--relation", "buys")
    #expect(relation.status == 64 && relation.notes.contains("no relation 'buys'"))
  }

  private func json(_ arguments: [String]) throws -> [String: Any] {
    let run = merestone(["sample"] + arguments + ["--json"])
    #expect(run.status == 0, "\(run.notes)")
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    return try #require(object as? [String: Any])
  }

  @Test("sample follows several relations from seeds of any types, by type and relation")
  func relations() throws {
    let path = graph()
    let flags = ["--fanouts", "buys=all,0", "--fanouts", "knows=1,1"]
    let object = try json([path, "--seeds", "10,2,11,10"] + flags)
    #expect(object["seeds"] as? [Int] == [10, 2, 11, 10])
    #expect(object["fanouts"] as? [String: [Int]] == ["buys": [-1, 0], "knows": [1, 1]])
    #expect(object["nodes"] as? [String: [Int]] == ["user": [2, 1], "item": [10, 11]])
    let blocks = try #require(object["blocks"] as? [[String: Any]])
    #expect(blocks[0]["destinations"] as? [String: [Int]] == ["user": [2], "item": [10, 11]])
    #expect(blocks[0]["sources"] as? [String: [Int]] == ["user": [2, 1], "item": [10, 11]])
    func edges(_ block: Int, _ relation: String) throws -> [[Int]]? {
      let relations = try #require(blocks[block]["relations"] as? [[String: Any]])
      let found = relations.first { $0["relation"] as? String == relation }
      #expect(found?["source"] as? String == "user")
      #expect((found?["edgeIds"] as? [Int])?.count == (found?["edges"] as? [Any])?.count)
      return found?["edges"] as? [[Int]]
    }
    #expect(try edges(0, "buys")?.sorted { $0[0] < $1[0] } == [[1, 10], [2, 10]])
    #expect(try edges(0, "knows") == [[1, 2]])
    #expect(try edges(1, "buys") == [] && edges(1, "knows") == [[1, 2]])
    let text = merestone(["sample", path, "--seeds", "10,2"] + flags).output
    #expect(text.contains("user -buys-> item: 2 edges into 1 node"), "\(text)")

    // The same as from a program.
    let library = try Graph(at: path)
    let sample = try library.sampler(.uniform(fanouts: ["buys": [-1, 0], "knows": [1, 1]]))
      .sample([.integer(10), .integer(2), .integer(11), .integer(10)])
    #expect(
      sample.nodes == ["user": [.integer(2), .integer(1)], "item": [.integer(10), .integer(11)]])
    #expect(sample.seeds.count == 4 && sample.blocks.count == 2)
    let knows = sample.blocks[1].relations.first { $0.relation.name == "knows" }
    #expect(knows?.sources == [.integer(1)] && knows?.destinations == [.integer(2)])
    #expect(library.relations.contains(Relation(source: "user", name: "buys", destination: "item")))
    #expect(throws: GraphError.unknownNode(.integer(12))) {
      try library.sampler(.uniform(fanouts: ["buys": [1]])).sample([.integer(12)])
    }
    #expect(
      throws: GraphError.unknownRelation(
        name: "buy", nearest: "buys", available: ["buys", "knows"])
    ) { try library.sampler(.uniform(fanouts: ["buy": [1]])) }
  }

  @Test("fanouts by relation that cannot be followed are refused with the mend")
  func badRelations() {
    let path = graph()
    let cases: [(Int32, String, [String])] = [
      (64, "did you mean 'buys'?", ["--seeds", "10", "--fanouts", "bys=2"]),
      (
        64, "fanouts for 1 hops",
        ["--seeds", "10", "--fanouts", "buys=2,1", "--fanouts", "knows=1"]
      ),
      (64, "once for each relation", ["--seeds", "10", "--fanouts", "buys=2", "--fanouts", "1"]),
      (64, "fanouts twice", ["--seeds", "10", "--fanouts", "buys=2", "--fanouts", "buys=1"]),
      (
        64, "needs --scheme uniform,", ["--seeds", "10", "--fanouts", "buys=2", "--scheme", "ego"]
      ),
      (
        64, "leave --relation away", ["--seeds", "10", "--fanouts", "buys=2", "--relation", "buys"]
      ),
      (64, "without its name", ["--seed-edges", "1:10", "--fanouts", "buys=2"]),
      (64, "not a fanout", ["--seeds", "10", "--fanouts", "buys=x"]),
      (65, "no node with raw id 12", ["--seeds", "10,12", "--fanouts", "buys=2"]),
      (
        65, "node of type user with raw id 10",
        ["--seeds", "10", "--fanouts", "buys=2", "--type", "user"]
      ),
      (64, "such as --fanouts buys=10,5", ["--seeds", "10", "--fanouts", "2", "--type", "item"]),
    ]
    for (status, text, flags) in cases {
      let run = merestone(["sample", path] + flags)
      #expect(run.status == status && run.notes.contains(text), "\(flags): \(run.notes)")
      #expect(run.output == "")
    }
  }

  @Test(
    "a real typed graph is sampled with every edge among those of its file",
    .enabled(
      if: FileManager.default.fileExists(atPath: dblpFolder),
      "hgb-dblp is not here; set MERESTONE_DATA"))
  func dblp() throws {
    let graph = folder.file("dblp")
    let unpacked = try run("gzip", "-dc", dblpFolder + "/edges.tsv.gz")
    let made = merestone(
      "preprocess", dblpFolder + "/edges.tsv.gz", "--nodes", dblpFolder + "/nodes.tsv.gz", "--out",
      graph, "--shards", "3", "--quiet")
    #expect(made.status == 0, "\(made.notes)")
    var inDegrees: [String: Int] = [:]
    var known: Set<String> = []
    for line in unpacked.split(separator: "\n") where !line.hasPrefix("#") {
      let fields = line.split(separator: "\t")
      known.insert("\(fields[0]) \(fields[1]) \(fields[2])")
      inDegrees["\(fields[1]) \(fields[2])", default: 0] += 1
    }
    let fanouts = ["paper-author": [5, 2], "author-paper": [0, 3], "term-paper": [1, 4]]
    let flags = fanouts.sorted { $0.key < $1.key }.flatMap {
      ["--fanouts", "\($0.key)=\($0.value[0]),\($0.value[1])"]
    }
    // Authors 0 to 19 and a paper.
    let seeds = (0..<20).map { "\($0)" }.joined(separator: ",") + ",6421"
    let object = try json([graph, "--seeds", seeds] + flags)
    for way in ["flat", "grouped"] {
      let other = try json([graph, "--seeds", seeds, "--reading", way] + flags)
      #expect(NSDictionary(dictionary: other) == NSDictionary(dictionary: object), "\(way)")
    }
    let blocks = try #require(object["blocks"] as? [[String: Any]])
    for (hop, block) in blocks.enumerated() {
      let destinations = try #require(block["destinations"] as? [String: [Int]])
      for relation in try #require(block["relations"] as? [[String: Any]]) {
        let name = try #require(relation["relation"] as? String)
        let edges = try #require(relation["edges"] as? [[Int]])
        for edge in edges { #expect(known.contains("\(edge[0]) \(edge[1]) \(name)")) }
        for node in destinations[relation["destination"] as? String ?? ""] ?? [] {
          let degree = inDegrees["\(node) \(name)"] ?? 0
          #expect(edges.count { $0[1] == node } == min(degree, fanouts[name]![hop]))
        }
      }
    }
    #expect((object["nodes"] as? [String: [Int]])?["term"]?.isEmpty == false)
  }

  private func run(_ program: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
  }

  @Test("relations with edges of their own are sampled by name")
  func split() {
    _ = graph()
    let run = merestone(
      "preprocess", folder.file("edges.tsv"), "--relations", "split", "--out", folder.file("s"),
      "--quiet")
    #expect(run.status == 0, "\(run.notes)")
    let any = merestone("sample", folder.file("s"), "--seeds", "10", "--fanouts", "all")
    #expect(
      any.status == 64 && any.notes.contains("2 relations") && any.notes.contains("--relation"))
    let buys = merestone(
      "sample", folder.file("s"), "--seeds", "10", "--fanouts", "all", "--relation", "buys")
    #expect(buys.status == 0 && buys.output.contains("2 edges"), "\(buys.output)")
  }

  @Test("train refuses it with the mend")
  func training() {
    let run = merestone("train", graph(), "--out", folder.file("run"))
    #expect(run.status == 64)
    #expect(run.notes.contains("2 node types") && run.notes.contains("without the column type"))
  }

  @Test("features name their type")
  func features() {
    _ = graph()
    let edges = folder.file("edges.tsv")
    for flags in [["a.npy", "b.npy"], ["user=a.npy", "user=b.npy"]] {
      let run = merestone(
        ["preprocess", edges, "--out", folder.file("f")]
          + flags.flatMap { ["--features", $0] })
      #expect(run.status == 64, "\(run.notes)")
    }
  }
}
