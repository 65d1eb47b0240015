import Foundation
import MerestoneTestSupport
import Testing

@Suite("Commands that ask a graph")
struct GraphCommandTests {
  @Test("help pages are as they were looked at")
  func help() throws {
    for name in ["inspect", "verify", "lookup", "sample", "plan", "preprocess"] {
      try expectSnapshot("help-\(name)", merestone(name, "--help").output)
    }
  }

  @Test("inspect prints the graph's figures")
  func inspect() throws {
    let run = merestone("inspect", TinyGraph.club, "--memory", "1GiB")
    #expect(run.status == 0)
    #expect(run.notes == "")
    // The manifest holds the inputs' paths, so its size depends on the machine.
    let text = run.output.replacing(TinyGraph.club, with: "GRAPH")
      .replacing(/on disk +[^\n]*/, with: "on disk")
    try expectSnapshot("inspect", text)
  }

  @Test("inspect --json has the documented keys with the graph's values")
  func inspectJSON() throws {
    let object = try json(merestone("inspect", TinyGraph.club, "--json"))
    #expect(object["nodes"] as? Int == 10)
    #expect(object["edges"] as? Int == 28)
    #expect(object["shards"] as? Int == 2)
    #expect(object["partitionBookBytes"] as? Int == 2 * 3 * 8)
    for key in ["bitsPerEdge", "cutRatio", "nodeImbalance", "edgeImbalance"] {
      #expect(object[key] is Double || object[key] is Int, "\(key)")
    }
    let tables = try #require(object["tableBytes"] as? [String: Int])
    #expect(
      tables == ["denseBothWays": 608, "denseOneWay": 304, "ownerBytes": 38, "hashMaps": 3040])
    var bytes = 0
    for file in try FileManager.default.subpathsOfDirectory(atPath: TinyGraph.club) {
      let path = "\(TinyGraph.club)/\(file)"
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if !isFolder.boolValue { bytes += TestFile.read(path).count }
    }
    #expect(object["diskBytes"] as? Int == bytes)
  }

  @Test("lookup finds nodes by raw id and by global id, and both agree")
  func lookup() throws {
    let byRaw = try json(merestone("lookup", TinyGraph.club, "--raw", "20,91", "--json"))
    let nodes = try #require(byRaw["nodes"] as? [[String: Any]])
    #expect(nodes.map { $0["raw"] as? Int } == [20, 91])
    // Member 20 talks to 15, 31, 44 and 58; nobody talks to 91.
    #expect(nodes.map { $0["inDegree"] as? Int } == [4, 0])
    let columns = try #require(nodes[0]["columns"] as? [String: Any])
    #expect(columns["label"] as? Int == 1)
    #expect(columns["split"] as? String == "test")
    #expect(columns["joined"] as? Int == 2009)
    let globals = nodes.map { "\($0["global"] as? Int ?? -1)" }.joined(separator: ",")
    let byGlobal = merestone("lookup", TinyGraph.club, "--global", globals)
    #expect(byGlobal.output == merestone("lookup", TinyGraph.club, "--raw", "20,91").output)
    try expectSnapshot("lookup", byGlobal.output)
  }

  @Test("lookup reads raw ids from a file, comments and blank lines aside")
  func lookupFile() {
    let folder = TemporaryFolder()
    TestFile.write(Array("# members\n20\n\n  91\n".utf8), to: folder.file("ids"))
    #expect(
      merestone("lookup", TinyGraph.club, "--ids-file", folder.file("ids")).output
        == merestone("lookup", TinyGraph.club, "--raw", "20,91").output)
    TestFile.write(Array("20\n91\n".utf8) + [0xFF, 0x0A], to: folder.file("ids"))
    let bad = merestone("lookup", TinyGraph.club, "--ids-file", folder.file("ids"))
    #expect(bad.status == 65)
    #expect(bad.notes.contains("ids, line 3: expected UTF-8 text"))
  }

  @Test("lookup and sample take string ids where nodes have them")
  func strings() throws {
    let lookup = try json(merestone("lookup", TinyGraph.trips, "--raw", "Bodø", "--json"))
    let node = try #require((lookup["nodes"] as? [[String: Any]])?.first)
    #expect(node["raw"] as? String == "Bodø")
    #expect(node["inDegree"] as? Int == 1)
    let sample = try json(
      merestone("sample", TinyGraph.trips, "--seeds", "Oslo", "--fanouts", "all", "--json"))
    let block = try #require((sample["blocks"] as? [[String: Any]])?.first)
    let edges = try #require(block["edges"] as? [[String]])
    #expect(edges.map { $0[0] }.sorted() == ["Bergen", "Stavanger", "Tromsø"])
    #expect(edges.allSatisfy { $0[1] == "Oslo" })
  }

  @Test("sample prints a subgraph in raw ids")
  func sample() throws {
    let run = merestone("sample", TinyGraph.club, "--seeds", "20,90", "--fanouts", "2,-1")
    #expect(run.status == 0)
    try expectSnapshot("sample", run.output)
  }

  @Test("sample --json keeps at most the fanout, only edges of the input, and chains its blocks")
  func sampleJSON() throws {
    let arguments = [
      "sample", TinyGraph.club, "--seeds", "20,90", "--fanouts", "2,3", "--seed", "5", "--json",
    ]
    let run = merestone(arguments)
    let object = try json(run)
    #expect(object["seeds"] as? [Int] == [20, 90])
    let blocks = try #require(object["blocks"] as? [[String: Any]])
    #expect(blocks.count == 2)
    let input = try inputEdges()
    var destinations = [20, 90]
    for (block, fanout) in zip(blocks, [2, 3]) {
      #expect(block["destinations"] as? [Int] == destinations)
      let edges = try #require(block["edges"] as? [[Int]])
      #expect((block["edgeIds"] as? [Int])?.count == edges.count)
      for edge in edges { #expect(input.contains(edge), "\(edge)") }
      for node in destinations {
        let degree = input.count { $0[1] == node }
        #expect(edges.count { $0[1] == node } == min(fanout, degree))
      }
      destinations = try #require(block["sources"] as? [Int])
    }
    #expect(object["nodes"] as? [Int] == destinations)
    #expect(merestone(arguments).output == run.output)
  }

  @Test("sample gives the same by every way of reading, and refuses one that the graph has not")
  func sampleReading() throws {
    let folder = TemporaryFolder()
    let edges = folder.file("edges.tsv")
    let lines = (0..<4000).map { "\($0 * 7 % 300)\t\($0 * $0 % 290)\n" }
    TestFile.write(Array(lines.joined().utf8), to: edges)
    let packed = folder.file("packed")
    let plain = folder.file("plain")
    let both = folder.file("both")
    for (graph, encoding) in [(packed, "packed"), (plain, "lz4"), (both, "both")] {
      let arguments = [
        "preprocess", edges, "--out", graph, "--encoding", encoding, "--shards", "3",
      ]
      #expect(merestone(arguments).status == 0)
      #expect(merestone("verify", graph).status == 0)
    }
    func sample(_ graph: String, _ way: String) -> CommandLineRun {
      merestone(
        "sample", graph, "--seeds", "1,4,91", "--fanouts", "4,-1,2", "--json", "--reading", way)
    }
    let expected = sample(plain, "grouped")
    #expect(expected.status == 0)
    let blocks = try #require(try json(expected)["blocks"] as? [[String: Any]])
    #expect(blocks.allSatisfy { ($0["edgeIds"] as? [Int])?.count ?? 0 > 8 })
    for way in ["flat", "packed", "grouped"] {
      #expect(sample(packed, way).output == expected.output, "\(way)")
      #expect(sample(both, way).output == expected.output, "\(way)")
    }
    #expect(sample(plain, "flat").output == expected.output)
    let refused = sample(plain, "packed")
    #expect(refused.status == 64)
    #expect(refused.notes.contains("--encoding packed"))
    let inspected = try json(merestone("inspect", packed, "--memory", "1GiB", "--json"))
    let reading = try #require((inspected["reading"] as? [[String: Any]])?.first)
    #expect(reading["way"] as? String == "flat")
    #expect((reading["packedBytes"] as? Int ?? 0) >= 8 * 301)
    // Stored twice: as much as both.
    func streams(_ graph: String) throws -> [String: Any] {
      try #require(json(merestone("inspect", graph, "--json"))["streams"] as? [String: Any])
    }
    func bytes(_ graph: String, _ stream: String) throws -> Int? {
      (try streams(graph)[stream] as? [String: Any])?["bytes"] as? Int
    }
    #expect(try bytes(both, "pages") == bytes(plain, "pages"))
    #expect(try bytes(both, "packedPages") == bytes(packed, "pages"))
    #expect(try bytes(both, "nodeIndex") == bytes(plain, "nodeIndex"))
    #expect(try bytes(plain, "packedPages") == nil)
    #expect(merestone("inspect", both).output.contains("edge pages, packed"))
    let damaged = (0..<3).map { "\(both)/shard-0000\($0)/edges/r0000.packed" }
    for file in damaged { TestFile.flip(file, byte: TestFile.read(file).count / 2) }
    let found = merestone("verify", both, "--quiet")
    #expect(found.status == 65 && damaged.allSatisfy(found.output.contains))
    #expect(sample(both, "packed").status == 65)
    #expect(sample(both, "grouped").output == expected.output)
  }

  @Test("sample keeps edges by every scheme, and says weights and times where there are some")
  func sampleSchemes() throws {
    let folder = TemporaryFolder()
    let messages = folder.file("messages.graph")
    let made = merestone(
      "preprocess", TinyGraph.data + "/messages", "--out", messages, "--quiet")
    #expect(made.status == 0, "\(made.notes)")
    let byScheme: [(String, [String])] = [
      ("replacement", []), ("weighted", ["--weight", "time"]), ("top", ["--weight", "time"]),
      ("weighted-replacement", ["--weight", "time"]), ("labor", []), ("labor-star", []),
      ("temporal", ["--time", "time", "--seed-times", "100000"]),
      ("recent", ["--time", "time", "--seed-times", "100000,50"]),
    ]
    for (scheme, options) in byScheme {
      let object = try json(
        merestone(
          ["sample", messages, "--seeds", "1,2", "--fanouts", "2,2", "--json", "--scheme", scheme]
            + options))
      let block = try #require((object["blocks"] as? [[String: Any]])?.first)
      let edges = try #require(block["edgeIds"] as? [Int])
      #expect(((block["weights"] as? [Double])?.count == edges.count) == scheme.hasPrefix("labor"))
      let times = block["sourceTimes"] as? [Int]
      #expect((times == nil) == options.filter { $0 == "--time" }.isEmpty)
      #expect(times.map { $0.count == (block["sources"] as? [Int])?.count } ?? true)
    }
  }

  @Test("verify finds nothing in a whole graph and the byte in a damaged one")
  func verify() throws {
    let whole = merestone("verify", TinyGraph.club, "--quiet")
    #expect(whole.status == 0)
    #expect(whole.output == "\(TinyGraph.club): no problems\n")
    let folder = TemporaryFolder()
    let copy = try TinyGraph.copy(of: TinyGraph.club, in: folder)
    let file = "\(copy)/shard-00001/edges/r0000.csc"
    TestFile.flip(file, byte: TestFile.read(file).count - 20)
    let damaged = merestone("verify", copy, "--quiet")
    #expect(damaged.status == 65)
    #expect(damaged.output.contains(file))
    #expect(damaged.notes.contains("has 1 problem"))
    let problems = try json(merestone("verify", copy, "--quiet", "--json"), status: 65)
    #expect((problems["problems"] as? [String])?.count == 1)
  }

  @Test("questions that a graph cannot answer exit with 64 or 65 and say what to do")
  func badQuestions() {
    let graph = TinyGraph.club
    let cases: [(Int32, String, [String])] = [
      (64, "separate ids by commas", ["lookup", graph, "--raw", "x"]),
      (64, "Give either --raw, --global or --ids-file", ["lookup", graph]),
      (64, "--raw names no id", ["lookup", graph, "--raw", ","]),
      (64, "have 0 to 9", ["lookup", graph, "--global", "10"]),
      (64, "has the node types node", ["lookup", graph, "--raw", "3", "--type", "town"]),
      (65, "has no node of type node with raw id 4", ["lookup", graph, "--raw", "4"]),
      (74, "No such file", ["lookup", graph, "--ids-file", "/nonexistent"]),
      (64, "not a fanout", ["sample", graph, "--seeds", "3", "--fanouts", "2,x"]),
      (64, "not a fanout", ["sample", graph, "--seeds", "3", "--fanouts", "-2"]),
      (64, "--seeds names no id", ["sample", graph, "--seeds", "", "--fanouts", "2"]),
      (
        64, "needs --weight",
        ["sample", graph, "--seeds", "3", "--fanouts", "2", "--scheme", "top"]
      ),
      (
        64, "--time needs --scheme temporal or recent",
        ["sample", graph, "--seeds", "3", "--fanouts", "2", "--time", "t"]
      ),
      (
        64, "have no column 'wieght'",
        [
          "sample", graph, "--seeds", "3", "--fanouts", "2", "--scheme", "top", "--weight",
          "wieght",
        ]
      ),
      (65, "raw id 4", ["sample", graph, "--seeds", "4", "--fanouts", "2"]),
    ]
    for (status, text, arguments) in cases {
      let run = merestone(arguments)
      #expect(run.status == status, "\(arguments)")
      #expect(run.notes.contains(text), "\(arguments): \(run.notes)")
      #expect(run.output == "")
    }
  }

  /// Both directions of the pairs in `data/club/edges.tsv`.
  private func inputEdges() throws -> [[Int]] {
    let text = try String(contentsOfFile: TinyGraph.data + "/club/edges.tsv", encoding: .utf8)
    let pairs = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      $0.split(separator: "\t").map { Int($0)! }
    }
    return pairs + pairs.map { [$0[1], $0[0]] }
  }

  private func json(_ run: CommandLineRun, status: Int32 = 0) throws -> [String: Any] {
    #expect(run.status == status, "\(run.notes)")
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    return try #require(object as? [String: Any])
  }
}
