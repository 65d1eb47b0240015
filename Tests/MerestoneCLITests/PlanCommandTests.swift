import Foundation
import MerestoneTestSupport
import Testing

@Suite("merestone plan")
struct PlanCommandTests {
  private func object(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("has the documented keys, and stages whose names are those of preprocess")
  func keys() throws {
    let folder = TemporaryFolder()
    let run = merestone("plan", TinyGraph.data + "/trips", "--json")
    #expect(run.status == 0, "\(run.notes)")
    let plan = try object(run.output)
    #expect(
      Set(plan.keys) == [
        "nodes", "edges", "sampledEdges", "bitsPerEdge", "memoryCapBytes", "leastMemoryBytes",
        "peakMemoryBytes", "temporaryBytes", "outputBytes", "seconds", "stages",
      ])
    let stages = try #require(plan["stages"] as? [[String: Any]])
    for stage in stages {
      #expect(Set(stage.keys) == ["name", "seconds", "memoryBytes", "temporaryBytes"])
    }
    let made = merestone(
      "preprocess", TinyGraph.data + "/trips", "--out", folder.file("g"), "--quiet")
    #expect(made.status == 0, "\(made.notes)")
    let report = try object(
      String(contentsOfFile: folder.file("g") + "/report.json", encoding: .utf8))
    let actual = try #require(report["actual"] as? [String: Any])
    let found = try #require(actual["stages"] as? [[String: Any]]).compactMap {
      $0["name"] as? String
    }
    #expect(
      // The report is written before the run finishes.
      stages.compactMap { $0["name"] as? String } == found.filter { $0 != "read nodes" } + [
        "finish"
      ])
    #expect(report["predicted"] is [String: Any])
  }

  @Test("counts the columns of edges as they will be stored, cumulative weights included")
  func columns() throws {
    let folder = TemporaryFolder()
    func cost(_ unit: Double, _ flags: String...) throws -> (predicted: Int, found: Int) {
      let text = (0..<20_000).map { edge in
        "\(edge * 7919 % 6007)\t\(edge % 5003)\t\(Double(edge % 900 + 1) * unit)\n"
      }
      let path = folder.file("edges.tsv")
      TestFile.write(Array("# columns: src\tdst\tweight\n".utf8) + text.flatMap(\.utf8), to: path)
      let plan = merestone(["plan", path, "--json"] + flags)
      let graph = folder.file("\(folder.names.count)")
      let made = merestone(["preprocess", path, "--out", graph, "--quiet"] + flags)
      #expect(made.status == 0, "\(made.notes)")
      let parts = try #require(
        object(merestone("inspect", graph, "--json").output)["parts"] as? [String: Int])
      return (
        try #require(object(plan.output)["outputBytes"] as? Int),
        parts["edgeColumns"]! + parts["cumulativeWeights"]!
      )
    }
    let quarters = try cost(0.25)
    // 32 bits do not hold these.
    let decimals = try cost(0.001)
    let bare = try cost(0.25, "--weights", "none")
    #expect(bare.found < quarters.found && quarters.found < decimals.found)
    for other in [decimals, bare] {
      let predicted = other.predicted - quarters.predicted
      #expect(abs(predicted - (other.found - quarters.found)) < 300, "\(predicted) bytes")
    }
  }

  @Test(
    "foresees what an order saves that follows clusters",
    arguments: [
      // Random shards tear clusters apart; what is left of them is worth less.
      ([], 0.8), (["--shards", "4", "--partitioner", "ldg"], 0.8),
      (["--shards", "4", "--partitioner", "random"], 0.9), (["--undirected"], 0.8),
    ])
  func clusters(flags: [String], share: Double) throws {
    let folder = TemporaryFolder()
    // Groups of 40 nodes whose ids are far from each other; of the edges back, one in four exists.
    var text = ""
    for edge in 0..<80_000 {
      let hash = UInt32(edge) &* 2_654_435_761
      let (group, from, to) = ((hash >> 20) % 400, (hash >> 10) % 40, hash % 40)
      text += "\(from * 400 + group)\t\(to * 400 + group)\n"
      if edge % 4 == 0 { text += "\(to * 400 + group)\t\(from * 400 + group)\n" }
    }
    let path = folder.file("edges.tsv")
    TestFile.write(Array(text.utf8), to: path)
    func sizes(_ order: String) throws -> (predicted: Double, found: Double) {
      let flags = flags + ["--order", order, "--duplicates", "drop"]
      let plan = try object(merestone(["plan", path, "--json"] + flags).output)
      let graph = folder.file(order)
      let made = merestone(["preprocess", path, "--out", graph, "--quiet"] + flags)
      #expect(made.status == 0, "\(made.notes)")
      let found = try object(merestone("inspect", graph, "--json").output)
      #expect(plan["edges"] as? Int == found["edges"] as? Int)
      let parts = try #require(found["parts"] as? [String: Int])
      return (
        try #require(plan["bitsPerEdge"] as? Double),
        Double(8 * parts["edges"]!) / Double(found["edges"] as! Int)
      )
    }
    let (degree, locality) = (try sizes("degree"), try sizes("locality"))
    #expect(locality.found < share * degree.found)
    for size in [degree, locality] {
      #expect(abs(size.predicted / size.found - 1) < 0.2, "\(size)")
    }
  }

  @Test("makes nothing")
  func nothing() {
    let folder = TemporaryFolder()
    TestFile.write(Array("1\t2\n2\t3\n".utf8), to: folder.file("e.tsv"))
    let run = merestone("plan", folder.file("e.tsv"), "--temporary", folder.path)
    #expect(run.status == 0, "\(run.notes)")
    #expect(run.output.contains("3 nodes and 2 edges"))
    #expect(run.output.contains("least memory"))
    #expect(folder.names == ["e.tsv"])
  }

  @Test("wrong usage exits with 64, bad input with 65, as preprocess does")
  func failures() {
    let folder = TemporaryFolder()
    TestFile.write(Array("1\t2\n3\n".utf8), to: folder.file("bad.tsv"))
    TestFile.write([1, 0, 0, 0, 2], to: folder.file("odd.u32"))
    #expect(merestone("plan", folder.file("bad.tsv")).status == 65)
    #expect(merestone("plan", folder.file("bad.tsv")).notes.contains("line 2"))
    #expect(merestone("plan", folder.file("odd.u32")).status == 65)
    #expect(merestone("plan", "/nonexistent.tsv").status == 65)
    #expect(merestone("plan", "-").status == 64)
    #expect(merestone("plan").status == 64)
    #expect(merestone("plan", folder.file("bad.tsv"), "--shards", "0").status == 64)
  }

  @Test("the least memory that it names works, and a MiB less is refused")
  func leastMemory() throws {
    let folder = TemporaryFolder()
    var bytes: [UInt8] = []
    let nodes: UInt32 = 200_000
    for node in 0..<nodes {
      // Every node once, from and to hubs and others.
      let draw = (UInt64(node) &* 0x9E37_79B9_7F4A_7C15) >> 40
      let square = (draw * draw) >> 24
      let hub = UInt32((square * UInt64(nodes)) >> 24)
      for id in [node, hub, UInt32((draw * UInt64(nodes)) >> 24), node] {
        for shift in [0, 8, 16, 24] as [UInt32] {
          bytes.append(UInt8(truncatingIfNeeded: id >> shift))
        }
      }
    }
    TestFile.write(bytes, to: folder.file("e.u32"))
    for flags in [
      ["--partitioner", "range"], ["--partitioner", "ldg"],
      ["--partitioner", "range", "--encoding", "both"],
    ] {
      let flags = flags + ["--shards", "2", "--threads", "2"]
      let plan = try object(merestone(["plan", folder.file("e.u32"), "--json"] + flags).output)
      #expect(plan["nodes"] as? Int == 200_000)
      #expect(plan["edges"] as? Int == 400_000)
      let least = try #require(plan["leastMemoryBytes"] as? Int) >> 20
      let outputBytes = try #require(plan["outputBytes"] as? Int)
      let refused = merestone(
        ["preprocess", folder.file("e.u32"), "--out", folder.file("g"), "--quiet"] + flags
          + ["--memory", "\(least - 1)MiB"])
      #expect(refused.status == 64)
      #expect(refused.notes.contains("--memory \(least)MiB"), "\(refused.notes)")
      let made = merestone(
        ["preprocess", folder.file("e.u32"), "--out", folder.file("g"), "--quiet", "--json"] + flags
          + ["--memory", "\(least)MiB"])
      #expect(made.status == 0, "\(made.notes)")
      let summary = try object(made.output)
      let actual = try #require(summary["actual"] as? [String: Any])
      let size = try #require(actual["outputBytes"] as? Int)
      #expect(abs(outputBytes - size) * 4 < size, "\(outputBytes) predicted, \(size) made")
      try FileManager.default.removeItem(atPath: folder.file("g"))
    }
  }
}
