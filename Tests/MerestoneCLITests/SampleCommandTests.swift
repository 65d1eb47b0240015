import Foundation
import Merestone
import MerestoneTestSupport
import Testing

/// Every scheme gives what the library gives for the same graph, seed and parameters.
@Suite("Sampling by every scheme on the command line")
struct SampleCommandTests {
  let graph: Graph
  let seeds: [NodeID]

  init() throws {
    graph = try Graph(at: TinyGraph.club)
    seeds = try graph.nodes([20, 3, 20, 91].map { .integer($0) })
  }

  private func sample(_ scheme: String, _ flags: String...) throws -> [String: Any] {
    try json(["--scheme", scheme] + flags)
  }

  private func json(_ flags: [String], of path: String = TinyGraph.club) throws -> [String: Any] {
    let run = merestone(["sample", path] + flags + ["--json", "--seed", "7"])
    #expect(run.status == 0, "\(run.notes)")
    #expect(run.notes == "")
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    // Text holds the same and must not fail either.
    #expect(merestone(["sample", path] + flags).status == 0)
    return try #require(object as? [String: Any])
  }

  private func integers(_ nodes: some Sequence<NodeID>) throws -> [Int] {
    try graph.rawIDs(of: Array(nodes)).map { raw in
      guard case .integer(let value) = raw else { return -1 }
      return Int(value)
    }
  }

  /// But for the last bits, which Foundation's reader of JSON loses.
  private func isSame(_ value: Any?, _ expected: [Double]) -> Bool {
    guard let numbers = value as? [NSNumber], numbers.count == expected.count else { return false }
    return zip(numbers, expected).allSatisfy { abs($0.doubleValue - $1) <= 1e-14 }
  }

  private func edges(_ edges: [EdgeID]) -> [Int] { edges.map { Int($0.rawValue) } }

  @Test(
    "walks are those of the library, start by start",
    arguments: [
      (WalkLaw.uniform, ["walk"]), (.restart(probability: 0.4), ["walk", "--restart", "0.4"]),
      (.node2vec(p: 4, q: 0.25), ["node2vec", "--p", "4", "--q", "0.25"]),
    ])
  func walks(law: WalkLaw, flags: [String]) throws {
    let object = try json(
      ["--scheme"] + flags + ["--seeds", "20,3,20,91", "--length", "6", "--walks", "3"])
    let expected = try graph.randomWalks(
      from: seeds.flatMap { [$0, $0, $0] }, length: 6, law: law, seed: 7)
    #expect(object["seeds"] as? [Int] == [20, 3, 20, 91])
    let nodes = try (0..<expected.count).map { try integers(expected[$0]) }
    #expect(object["walks"] as? [[Int]] == nodes)
    #expect(nodes.count == 12 && nodes.contains { $0.count == 7 })
    // Nobody talks to 91: its walks go nowhere.
    #expect(nodes[9...].allSatisfy { Set($0) == [91] })
    let walked = try #require(object["edgeIds"] as? [[Any]])
    for walk in 0..<expected.count {
      #expect(
        walked[walk].map { $0 as? Int }
          == expected.edges(of: walk).map { $0 == Walks.returned ? nil : Int($0.rawValue) })
    }
  }

  @Test("the most important nodes are those of the library")
  func neighborhoods() throws {
    let cases: [([String: Any], Neighborhoods)] = [
      (
        try sample(
          "pinsage", "--seeds", "20,3,20,91", "--count", "3", "--walks", "20", "--length", "4",
          "--restart", "0.25"),
        try graph.visitedNeighborhoods(
          of: seeds, count: 3, walks: 20, length: 4, restart: 0.25, seed: 7)
      ),
      (
        try sample(
          "pagerank", "--seeds", "20,3,20,91", "--count", "4", "--alpha", "0.3", "--epsilon",
          "0.001"),
        try graph.pageRankNeighborhoods(of: seeds, count: 4, alpha: 0.3, epsilon: 0.001)
      ),
    ]
    for (object, expected) in cases {
      let found = try #require(object["neighborhoods"] as? [[String: Any]])
      #expect(found.map { $0["seed"] as? Int } == [20, 3, 20, 91])
      for (place, one) in found.enumerated() {
        let places = expected.places(of: place)
        #expect(try one["nodes"] as? [Int] == integers(expected.nodes[places]))
        #expect(
          isSame(one["weights"], Array(expected.weights[places])))
      }
      #expect(expected.nodes.count > 4)
    }
    // What is not said is as in the library.
    let usual = try sample("pinsage", "--seeds", "3", "--count", "5")
    let usualNodes = ((usual["neighborhoods"] as? [[String: Any]])?.first)?["nodes"] as? [Int]
    #expect(
      try usualNodes
        == integers(graph.visitedNeighborhoods(of: [seeds[1]], count: 5, seed: 7).nodes))
  }

  private func expect(_ object: [String: Any], _ expected: LocalSubgraph) throws {
    let nodes = try integers(expected.nodes)
    #expect(object["nodes"] as? [Int] == nodes)
    #expect(object["edgeIds"] as? [Int] == edges(expected.edges))
    var pairs: [[Int]] = []
    for node in nodes.indices {
      for edge in expected.indptr[node]..<expected.indptr[node + 1] {
        pairs.append([nodes[Int(expected.indices[edge].rawValue)], nodes[node]])
      }
    }
    #expect(object["edges"] as? [[Int]] == pairs)
  }

  @Test("subgraphs are those of the library")
  func subgraphs() throws {
    try expect(
      sample("induced", "--seeds", "20,3,20,15,91"),
      graph.induced([20, 3, 20, 15, 91].map { .integer($0) }))
    try expect(
      sample("ego", "--seeds", "20,91", "--hops", "1"),
      graph.ego(of: graph.nodes([.integer(20), .integer(91)]), hops: 1))
    try expect(
      sample("ego", "--seeds", "20,3,20,91", "--fanouts", "2,1"),
      graph.ego(of: seeds, fanouts: [2, 1], seed: 7))
    let shadow = try sample("shadow", "--seeds", "20,3,20,91", "--fanouts", "2,1")
    let ranked = try sample("shadow", "--seeds", "20,3,20,91", "--count", "3", "--alpha", "0.2")
    for (object, expected) in [
      (shadow, try graph.shadow(of: seeds, fanouts: [2, 1], seed: 7)),
      (ranked, try graph.shadow(of: seeds, pageRankCount: 3, alpha: 0.2)),
    ] {
      #expect(object["seeds"] as? [Int] == [20, 3, 20, 91])
      let found = try #require(object["subgraphs"] as? [[String: Any]])
      #expect(found.count == 4)
      for place in found.indices { try expect(found[place], expected[place]) }
    }
  }

  @Test("drawn subgraphs are those of the library, with their coefficients, by step and epoch")
  func saint() throws {
    let laws: [(SaintLaw, [String])] = [
      (.nodes(count: 3), ["saint-node", "--count", "3"]),
      (.edges(count: 2), ["saint-edge", "--count", "2", "--trials", "30"]),
      (.walks(roots: 2, length: 2), ["saint-walk", "--count", "2", "--length", "2"]),
    ]
    for (law, flags) in laws {
      let trials = flags.contains("--trials") ? 30 : 64
      var expected = try graph.saint(law, trials: trials, seed: 7)
      for (step, epoch) in [(0, 0), (3, 1)] {
        let object = try json(["--scheme"] + flags + ["--step", "\(step)", "--epoch", "\(epoch)"])
        let subgraph = try expected.subgraph(step, epoch: epoch)
        try expect(object, subgraph.graph)
        #expect(isSame(object["nodeNormalization"], subgraph.nodeNormalization))
        #expect(isSame(object["edgeNormalization"], subgraph.edgeNormalization))
      }
    }
  }

  @Test("shards as batches are those of the library, and there are no more of them")
  func cluster() throws {
    var expected = try graph.clusters(perBatch: 1, seed: 7, epoch: 2)
    var shards: [Int] = []
    for step in 0..<expected.count {
      let object = try sample("cluster", "--count", "1", "--step", "\(step)", "--epoch", "2")
      try expect(object, expected.subgraph(step))
      shards += try #require(object["shards"] as? [Int])
    }
    #expect(shards.sorted() == [0, 1])
    let past = merestone(
      "sample", TinyGraph.club, "--scheme", "cluster", "--count", "1", "--step", "2")
    #expect(past.status == 64 && past.notes.contains("use 0 to 1"), "\(past.notes)")
  }

  @Test(
    "negatives are those of the library by every law, end and way to name edges",
    arguments: [
      (NegativeLaw.uniform, EdgeEnd.destination, true, [String]()),
      (.byDegree, .source, true, ["--law", "degree", "--replace", "source"]),
      (.inBatch, .destination, false, ["--law", "in-batch", "--keep-true-edges"]),
    ])
  func negatives(law: NegativeLaw, end: EdgeEnd, rejecting: Bool, flags: [String]) throws {
    // 20 - 91 is no edge; negatives of it can be asked for nevertheless.
    let pairs: [(source: RawID, destination: RawID)] = [
      (.integer(3), .integer(7)), (.integer(20), .integer(91)), (.integer(15), .integer(20)),
    ]
    let expected = try graph.negatives(
      for: pairs, count: 4, law: law, replacing: end, rejectingTrueEdges: rejecting, seed: 7)
    let folder = TemporaryFolder()
    TestFile.write(Array("# some\n3\t7\n20 91\n\n15\t20\n".utf8), to: folder.file("edges"))
    for named in [["--seed-edges", "3:7,20:91,15:20"], ["--edges-file", folder.file("edges")]] {
      let object = try json(["--scheme", "negatives", "--count", "4"] + named + flags)
      #expect(object["edges"] as? [[Int]] == [[3, 7], [20, 91], [15, 20]])
      #expect(
        object["negatives"] as? [[Int]]
          == expected.map { [Int("\($0.source)") ?? -1, Int("\($0.destination)") ?? -1] })
      #expect(object["trueEdges"] as? [Int] == [])
    }
    let byID = try json(["--scheme", "negatives", "--count", "2", "--edge-ids", "5,0"] + flags)
    let drawn = try graph.negatives(
      for: [EdgeID(5), EdgeID(0)], count: 2, law: law, replacing: end,
      rejectingTrueEdges: rejecting, seed: 7)
    let (sources, destinations) = (try integers(drawn.sources), try integers(drawn.destinations))
    #expect(byID["negatives"] as? [[Int]] == zip(sources, destinations).map { [$0, $1] })
  }

  @Test("around edges, what they would show counts as not there")
  func edgeSeeds() throws {
    let words: [(String?, SeedEdgeExclusion)] = [
      (nil, .seedsAndReverse), ("nothing", .nothing), ("seeds", .seeds), ("between", .betweenEnds),
    ]
    let plain = try json(["--seeds", "15", "--fanouts", "all"])
    let block = try #require((plain["blocks"] as? [[String: Any]])?.first)
    let pairs = try #require(block["edges"] as? [[Int]])
    let ids = try #require(block["edgeIds"] as? [Int])
    let edge = try #require(pairs.firstIndex(of: [3, 15]).map { ids[$0] })
    for (word, exclusion) in words {
      let flags = word.map { ["--exclude", $0] } ?? []
      let object = try json(
        ["--seed-edges", "3:15", "--seeds", "91,20", "--fanouts", "all,3"] + flags)
      let expected = try graph.sample(
        edges: [EdgeID(UInt64(edge))], others: [seeds[3], seeds[0]], fanouts: [-1, 3],
        excluding: exclusion, seed: 7)
      #expect(object["seedEdges"] as? [[Int]] == [[3, 15]])
      #expect(object["seedEdgeIds"] as? [Int] == [edge])
      #expect(object["seeds"] as? [Int] == [3, 15, 91, 20])
      let subgraph = try graph.subgraph(of: expected.batch)
      let blocks = try #require(object["blocks"] as? [[String: Any]])
      #expect(blocks.count == 2)
      for (block, hop) in zip(blocks, subgraph.blocks) {
        #expect(block["edgeIds"] as? [Int] == edges(hop.edgeIDs))
      }
      let kept = try #require(blocks[0]["edges"] as? [[Int]])
      #expect(kept.contains([3, 15]) == (exclusion == .nothing))
      #expect(kept.contains([15, 3]) == (exclusion == .nothing || exclusion == .seeds))
      let byID = try json(
        ["--edge-ids", "\(edge)", "--seeds", "91,20", "--fanouts", "all,3"] + flags)
      #expect(NSDictionary(dictionary: byID) == NSDictionary(dictionary: object))
    }
  }

  @Test("a pair of nodes stands for all its parallel edges, string ids are strings")
  func parallelEdges() throws {
    // By train and by plane.
    let object = try json(["--seed-edges", "Oslo:Bergen", "--fanouts", "all"], of: TinyGraph.trips)
    #expect(
      object["seedEdges"] as? [[String]] == [["Oslo", "Bergen"], ["Oslo", "Bergen"]])
    #expect(Set(try #require(object["seedEdgeIds"] as? [Int])).count == 2)
    let walk = try json(
      ["--scheme", "walk", "--seeds", "Oslo", "--length", "2"], of: TinyGraph.trips)
    #expect((walk["walks"] as? [[String]])?.first?.first == "Oslo")
  }

  @Test("the columns of a relation decide which edges are top")
  func columns() throws {
    let object = try json(
      ["--scheme", "top", "--seeds", "Bergen", "--fanouts", "1", "--weight", "weight"],
      of: TinyGraph.trips)
    let trips = try Graph(at: TinyGraph.trips)
    let expected = try trips.sampler(.top(by: "weight", fanouts: [1]))
      .sample([.string("Bergen")], seed: 7)
    let block = try #require((object["blocks"] as? [[String: Any]])?.first)
    #expect(block["edgeIds"] as? [Int] == edges(expected.blocks[0].edgeIDs))
  }

  @Test("nothing to follow gives the right empty answer")
  func empty() throws {
    let none = try json(["--seeds", "20,20", "--fanouts", "0,0"])
    #expect(none["nodes"] as? [Int] == [20] && none["seeds"] as? [Int] == [20, 20])
    #expect((none["blocks"] as? [[String: Any]])?.map { ($0["edges"] as? [Any])?.count } == [0, 0])
    #expect(try sample("walk", "--seeds", "3", "--length", "0")["walks"] as? [[Int]] == [[3]])
    let ranked = try sample("pagerank", "--seeds", "91", "--count", "0")
    #expect(((ranked["neighborhoods"] as? [[String: Any]])?[0]["nodes"] as? [Int]) == [])
    #expect(try sample("ego", "--seeds", "3", "--hops", "0")["nodes"] as? [Int] == [3])
    #expect(try sample("saint-node", "--count", "0")["nodes"] as? [Int] == [])
    let negatives = try sample("negatives", "--seed-edges", "3:7", "--count", "0")
    #expect((negatives["negatives"] as? [Any])?.isEmpty == true)
  }

  @Test("text shows one line for each walk, neighbourhood, node and edge")
  func text() throws {
    let club = TinyGraph.club
    var text = ""
    for flags in [
      ["--scheme", "walk", "--seeds", "3,91", "--length", "4", "--restart", "0.5"],
      ["--scheme", "pinsage", "--seeds", "3,91", "--count", "2"],
      ["--scheme", "induced", "--seeds", "3,7,12,91"],
      ["--scheme", "shadow", "--seeds", "3,91", "--fanouts", "2"],
      ["--scheme", "negatives", "--seed-edges", "3:7,3:12", "--count", "2"],
      ["--seed-edges", "3:7", "--fanouts", "2"],
    ] {
      text += "$ merestone sample club.graph \(flags.joined(separator: " "))\n"
      text += merestone(["sample", club] + flags).output + "\n"
    }
    try expectSnapshot("sample-schemes", text)
  }

  @Test("flags that a scheme does not use, lacks or cannot read exit with 64 and the mend")
  func badFlags() {
    let cases: [(String, [String])] = [
      ("did you mean 'node2vec'?", ["--scheme", "node2vek", "--seeds", "3"]),
      ("choose one of uniform", ["--scheme", "zzz", "--seeds", "3"]),
      ("--scheme uniform needs --fanouts", ["--seeds", "3"]),
      (
        "--scheme uniform needs --seeds, --ids-file, --seed-edges, --edges-file or --edge-ids",
        ["--fanouts", "2"]
      ),
      ("--scheme walk needs --length", ["--scheme", "walk", "--seeds", "3"]),
      (
        "--length needs --scheme walk, node2vec, pinsage or saint-walk; uniform does not use it",
        ["--seeds", "3", "--fanouts", "2", "--length", "3"]
      ),
      (
        "--fanouts needs --scheme uniform, ",
        ["--scheme", "walk", "--seeds", "3", "--length", "2", "--fanouts", "2"]
      ),
      ("needs --hops or --fanouts", ["--scheme", "ego", "--seeds", "3"]),
      (
        "either --hops or --fanouts",
        ["--scheme", "ego", "--seeds", "3", "--hops", "1", "--fanouts", "2"]
      ),
      ("either --seeds or --ids-file", ["--seeds", "3", "--ids-file", "x", "--fanouts", "2"]),
      (
        "--alpha needs --count",
        ["--scheme", "shadow", "--seeds", "3", "--fanouts", "2", "--alpha", "0.5"]
      ),
      ("--exclude needs --seed-edges", ["--seeds", "3", "--fanouts", "2", "--exclude", "seeds"]),
      (
        "use nothing, seeds, reverse or between",
        ["--seed-edges", "3:7", "--fanouts", "2", "--exclude", "x"]
      ),
      (
        "use uniform, degree or in-batch",
        ["--scheme", "negatives", "--seed-edges", "3:7", "--law", "x"]
      ),
      ("write source:destination", ["--seed-edges", "3-7", "--fanouts", "2"]),
      ("write source:destination", ["--seed-edges", "3:7:8", "--fanouts", "2"]),
      ("--seed-edges names no edge", ["--seed-edges", ",", "--fanouts", "2"]),
      ("0 to 27", ["--edge-ids", "28", "--fanouts", "2"]),
      (
        "--type needs --scheme", ["--scheme", "negatives", "--seed-edges", "3:7", "--type", "node"]
      ),
      ("did you mean 'node'?", ["--seeds", "3", "--fanouts", "2", "--type", "nod"]),
      ("no relation 'edg'", ["--seeds", "3", "--fanouts", "2", "--relation", "edg"]),
      ("p is 0", ["--scheme", "node2vec", "--seeds", "3", "--length", "2", "--p", "0"]),
      (
        "restart probability is 1",
        ["--scheme", "walk", "--seeds", "3", "--length", "2", "--restart", "1"]
      ),
      (
        "--walks 0: use 1 to",
        ["--scheme", "walk", "--seeds", "3", "--length", "2", "--walks", "0"]
      ),
      ("alpha is 1", ["--scheme", "pagerank", "--seeds", "3", "--count", "2", "--alpha", "1"]),
      ("shards per batch is 0", ["--scheme", "cluster", "--count", "0"]),
      ("0 to 65536", ["--scheme", "saint-edge", "--count", "2", "--trials", "70000"]),
    ]
    for (text, flags) in cases {
      let run = merestone(["sample", TinyGraph.club] + flags)
      #expect(run.status == 64, "\(flags)")
      #expect(run.notes.contains(text), "\(flags): \(run.notes)")
      #expect(run.output == "")
    }
  }

  @Test("nodes and edges that the graph has not exit with 65 and their raw ids")
  func unknown() {
    let folder = TemporaryFolder()
    TestFile.write(Array("3\t7\n3 7 12\n".utf8), to: folder.file("edges"))
    let cases: [(String, [String])] = [
      ("raw id 4", ["--scheme", "walk", "--seeds", "3,4", "--length", "2"]),
      ("raw id 4", ["--scheme", "negatives", "--seed-edges", "3:4"]),
      ("no edge from 20 to 91", ["--seed-edges", "20:91", "--fanouts", "2"]),
      (
        "line 2: expected a source and a destination, found 3 fields",
        ["--edges-file", folder.file("edges"), "--fanouts", "2"]
      ),
    ]
    for (text, flags) in cases {
      let run = merestone(["sample", TinyGraph.club] + flags)
      #expect(run.status == 65, "\(flags)")
      #expect(run.notes.contains(text), "\(flags): \(run.notes)")
    }
    let turned = merestone(
      "sample", TinyGraph.trips, "--seed-edges", "Stavanger:Bergen", "--fanouts", "2")
    #expect(turned.status == 65)
    #expect(turned.notes.contains("it has one from Bergen to Stavanger"), "\(turned.notes)")
  }

  @Test("negatives join the two node types of a relation")
  func types() throws {
    let folder = TemporaryFolder()
    TestFile.write(
      Array("# columns: src\tdst\trelation\n1\t10\tbuys\n2\t10\tbuys\n1\t2\tknows\n".utf8),
      to: folder.file("edges.tsv"))
    TestFile.write(
      Array("# columns: id\ttype\n1\tuser\n10\titem\n2\tuser\n11\titem\n".utf8),
      to: folder.file("nodes.tsv"))
    let path = folder.file("g")
    let made = merestone(
      "preprocess", folder.file("edges.tsv"), "--nodes", folder.file("nodes.tsv"), "--out", path,
      "--quiet")
    #expect(made.status == 0, "\(made.notes)")
    // All users bought 10, so 11 alone is left.
    let object = try json(
      [
        "--scheme", "negatives", "--seed-edges", "1:10,2:10", "--count", "2", "--relation", "buys",
      ], of: path)
    #expect(object["negatives"] as? [[Int]] == [[1, 11], [1, 11], [2, 11], [2, 11]])
    let unsaid = merestone("sample", path, "--scheme", "negatives", "--seed-edges", "1:10")
    #expect(unsaid.status == 64 && unsaid.notes.contains("choose one with --relation"))
    let near = merestone(
      "sample", path, "--scheme", "negatives", "--seed-edges", "1:10", "--relation", "buy")
    #expect(near.status == 64 && near.notes.contains("did you mean 'buys'?"), "\(near.notes)")
  }
}
