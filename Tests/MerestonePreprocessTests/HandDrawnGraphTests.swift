import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import Testing

@Suite("Preprocessing graphs drawn by hand")
struct HandDrawnGraphTests {
  let folder = ScratchFolder()

  func run(_ options: PreprocessOptions) throws -> (PreprocessReport, StoredGraph) {
    let report = try Preprocess(options).run()
    return (report, try StoredGraph(options.output))
  }

  func pairs(_ graph: StoredGraph) -> [String] {
    graph.edges.map { "\($0.source)>\($0.destination)" }
  }

  // 10 -> 30, 20 -> 30, 40 -> 30, 10 -> 20, 40 -> 20, 30 -> 50, 30 -> 30, 10 -> 30
  let drawn = "10\t30\n20\t30\n40\t30\n10\t20\n40\t20\n30\t50\n30\t30\n10\t30\n"

  @Test("ids, lists and counts are as drawn")
  func drawnGraph() throws {
    let (report, graph) = try run(folder.options(folder.write("edges.tsv", drawn)))
    // In-degrees: 30 has 5, 20 has 2, 50 has 1, 10 and 40 none.
    #expect(graph.nodes == ["30", "20", "50", "10", "40"])
    #expect(graph.ends.map(\.source) == [0, 1, 3, 3, 4, 3, 4, 0])
    #expect(graph.ends.map(\.destination) == [0, 0, 0, 0, 0, 1, 1, 2])
    #expect(report.nodes == 5 && report.edges == 8)
    #expect(report.counts.inputEdges == 8)
    #expect(report.counts.selfLoops == 1 && report.counts.selfLoopsDropped == 0)
    #expect(report.counts.duplicates == 1 && report.counts.duplicatesDropped == 0)
    #expect(report.counts.isolatedNodes == 0 && report.counts.reversesAdded == 0)
    #expect(graph.store.manifest.relations[0].maxInDegree == 5)
    #expect(folder.exists("graph/report.json"))
  }

  @Test("the input order keeps ids ascending")
  func inputOrder() throws {
    var options = folder.options(folder.write("edges.tsv", drawn))
    options.partition.ordering = .input
    options.partition.shards = 2
    let (_, graph) = try run(options)
    #expect(graph.nodes == ["10", "20", "30", "40", "50"])
    #expect(graph.store.book.shardCount == 2)
    #expect(graph.ends.map(\.destination) == [1, 1, 2, 2, 2, 2, 2, 4])
    #expect(graph.ends.map(\.source) == [0, 3, 0, 0, 1, 2, 3, 2])
  }

  @Test("self-loops and duplicates are dropped when asked")
  func drops() throws {
    var options = folder.options(folder.write("edges.tsv", drawn))
    options.selfLoops = .drop
    options.duplicates = .drop
    let (report, graph) = try run(options)
    #expect(report.counts.selfLoopsDropped == 1 && report.counts.duplicatesDropped == 1)
    #expect(
      pairs(graph).sorted() == ["10>20", "10>30", "20>30", "30>50", "40>20", "40>30"])
  }

  @Test("undirected gives both directions the larger multiplicity and a loop once")
  func undirected() throws {
    let text = "1 2\n1 2\n1 2\n2 1\n3 3\n4 3\n"
    var options = folder.options(folder.write("edges.txt", text))
    options.isUndirected = true
    let (report, graph) = try run(options)
    #expect(
      pairs(graph).sorted()
        == ["1>2", "1>2", "1>2", "2>1", "2>1", "2>1", "3>3", "3>4", "4>3"])
    #expect(report.counts.reversesAdded == 3 && report.counts.duplicates == 2)

    options.output += "-simple"
    options.duplicates = .drop
    let (simple, simpleGraph) = try run(options)
    #expect(pairs(simpleGraph).sorted() == ["1>2", "2>1", "3>3", "3>4", "4>3"])
    #expect(simple.counts.duplicatesDropped == 2 && simple.counts.reversesAdded == 1)
  }

  @Test("edges that differ in a column are no duplicates, those that differ in split are")
  func duplicatesWithColumns() throws {
    let text = """
      # columns: src\tdst\tweight\tsplit
      1\t2\t0.5\ttrain
      1\t2\t0.5\ttest
      1\t2\t0.25\ttrain
      2\t1\t0.5\tval

      """
    var options = folder.options(folder.write("edges.tsv", text))
    options.duplicates = .drop
    let (report, graph) = try run(options)
    #expect(report.counts.duplicatesDropped == 1)
    #expect(
      Set(graph.edges) == [
        .init(source: "1", destination: "2", values: ["0.5", "train"]),
        .init(source: "1", destination: "2", values: ["0.25", "train"]),
        .init(source: "2", destination: "1", values: ["0.5", "val"]),
      ])

    options.output += "-undirected"
    options.isUndirected = true
    let (both, bothGraph) = try run(options)
    #expect(both.counts.reversesAdded == 1)
    #expect(
      bothGraph.edges.contains(
        .init(source: "2", destination: "1", values: ["0.25", "train"])))
    #expect(bothGraph.edges.count == 4)
  }

  @Test("lists are sorted by source, then relation, then input order, and columns follow")
  func relations() throws {
    let text = """
      # columns: src\tdst\trelation\ttime
      a\tx\tlikes\t1
      b\tx\tknows\t2
      a\tx\tknows\t3
      a\tx\tlikes\t4
      b\tx\tlikes\t5

      """
    let (_, graph) = try run(folder.options(folder.write("edges.tsv", text)))
    #expect(graph.nodes == ["x", "a", "b"])
    #expect(
      graph.edges.map { $0.values.joined(separator: " ") }
        == ["likes 1", "likes 4", "knows 3", "likes 5", "knows 2"])
    let columns = graph.store.manifest.relations[0].columns
    #expect(columns.map(\.name) == ["relation", "time"])
    #expect(columns[0].categories == ["likes", "knows"] && columns[0].element == .u8)
    #expect(columns[1].element == .i64)
  }

  @Test("a node table gives the nodes, labels, splits and further columns")
  func nodeTable() throws {
    let nodes = """
      # columns: id\tlabel\tsplit\tage\tcity
      7\tred\ttrain\t1.5\tRome
      5\t-\t-\t-\tOslo
      9\tblue\ttest\t3\tRome

      """
    var options = folder.options(folder.write("edges.tsv", "7\t5\n5\t7\n"))
    options.nodes = folder.write("nodes.tsv", nodes)
    options.partition.shards = 3
    let (report, graph) = try run(options)
    #expect(report.counts.isolatedNodes == 1)
    #expect(graph.nodes == ["7", "5", "9"])
    #expect(try graph.nodeColumn("label") == ["7": "red", "5": "-", "9": "blue"])
    #expect(try graph.nodeColumn("split") == ["7": "train", "5": "-", "9": "test"])
    #expect(try graph.nodeColumn("age") == ["7": "1.5", "5": "nan", "9": "3.0"])
    #expect(try graph.nodeColumn("city") == ["7": "Rome", "5": "Oslo", "9": "Rome"])
    #expect(report.columns.node == ["label", "split", "age", "city"])
    let label = graph.store.manifest.nodeTypes[0].columns[0]
    #expect(label.element == .i32 && label.categories == ["red", "blue"])
  }

  @Test("edges to nodes that the table lacks are refused, added or dropped")
  func unlisted() throws {
    var options = folder.options(folder.write("edges.tsv", "1\t2\n# note\n2\t1\n9\t1\n8\t9\n"))
    options.nodes = folder.write("nodes.tsv", "# columns: id\tlabel\n1\t0\n2\t1\n")
    do {
      _ = try Preprocess(options).run()
      Issue.record("an unlisted node went through")
    } catch {
      #expect(error.exitCode == 65)
      #expect(error.description.contains("edges.tsv, line 4: node '9'"))
      #expect(error.description.contains("--unlisted-nodes"))
    }
    #expect(folder.entries == ["edges.tsv", "nodes.tsv"])

    options.unlistedNodes = .drop
    let (dropped, smaller) = try run(options)
    #expect(dropped.counts.unlistedEdgesDropped == 2 && smaller.edges.count == 2)
    #expect(smaller.nodes.sorted() == ["1", "2"])

    options.unlistedNodes = .add
    options.output += "-more"
    let (added, larger) = try run(options)
    #expect(added.counts.unlistedNodesAdded == 2)
    #expect(larger.nodes.sorted() == ["1", "2", "8", "9"])
    #expect(try larger.nodeColumn("label") == ["1": "0", "2": "1", "8": "-1", "9": "-1"])
  }

  @Test("the same holds for ids that are words")
  func unlistedWords() throws {
    var options = folder.options(folder.write("edges.tsv", "a\tb\nc\ta\nb\td\n"))
    options.nodes = folder.write("nodes.tsv", "# columns: id\na\nb\n")
    do {
      _ = try Preprocess(options).run()
      Issue.record("an unlisted node went through")
    } catch {
      #expect(error.description.contains("edges.tsv, line 2: node 'c'"))
    }
    options.unlistedNodes = .drop
    #expect(try pairs(run(options).1) == ["a>b"])
    options.unlistedNodes = .add
    options.output += "-more"
    let (_, larger) = try run(options)
    #expect(larger.nodes.sorted() == ["a", "b", "c", "d"])
  }

  @Test("a label table annotates nodes that exist, and only those")
  func labels() throws {
    var options = folder.options(folder.write("edges.tsv", "1\t2\n2\t3\n"))
    options.labels = folder.write(
      "labels.tsv", "# columns: id\tlabel\tyear\n3\t5\t1999\n1\t0\t2001\n")
    let (_, graph) = try run(options)
    #expect(try graph.nodeColumn("label") == ["1": "0", "2": "-1", "3": "5"])
    #expect(try graph.nodeColumn("year") == ["1": "2001.0", "2": "nan", "3": "1999.0"])

    options.output += "-other"
    options.labels = folder.write("labels.tsv", "# columns: id\tlabel\n3\t5\n4\t0\n")
    do {
      _ = try Preprocess(options).run()
      Issue.record("a label without node went through")
    } catch {
      #expect(error.exitCode == 65)
      #expect(error.description.contains("labels.tsv, line 3: node '4'"))
    }
    #expect(!folder.exists("graph-other") && !folder.exists("graph-other.partial"))
  }

  @Test("features without a node table are those of nodes 0..<N")
  func features() throws {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }"
    let padded = header + String(repeating: " ", count: 117 - header.count) + "\n"
    let values: [Float] = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    let file =
      [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
      + littleEndian(values.map(\.bitPattern))
    var options = folder.options(folder.write("edges.tsv", "0\t2\n1\t2\n"))
    options.features = folder.write("features.npy", bytes: file)
    options.partition.shards = 2
    let (_, graph) = try run(options)
    #expect(graph.nodes == ["2", "0", "1", "3"])
    var rows: [Float] = []
    for shard in 0..<2 {
      let column = try #require(
        try graph.store.nodeColumn("features", type: NodeTypeID(0), shard: ShardID(shard)))
      var part = [Float](repeating: -1, count: column.rows * 2)
      let all = (0..<UInt64(column.rows)).map { $0 }
      var span = part.mutableSpan
      try column.copyRows(all.span, into: &span)
      rows += part
    }
    #expect(rows == [2, 2.5, 0, 0.5, 1, 1.5, 3, 3.5])

    options.output += "-other"
    options.edges = [folder.write("more.tsv", "0\t2\n4\t2\n")]
    do {
      _ = try Preprocess(options).run()
      Issue.record("a node without features went through")
    } catch {
      #expect(error.exitCode == 65)
      #expect(error.description.contains("4 feature rows") && error.description.contains("--nodes"))
    }
  }

  @Test("a node count makes isolated nodes")
  func nodeCount() throws {
    var options = folder.options(
      folder.write("edges.u32", bytes: littleEndian([0, 3, 3, 1] as [UInt32])))
    options.nodeCount = 6
    let (report, graph) = try run(options)
    #expect(graph.nodes.sorted() == ["0", "1", "2", "3", "4", "5"])
    #expect(report.counts.isolatedNodes == 3)
    options.output += "-other"
    options.nodeCount = 3
    #expect(throws: PreprocessError.self) { try Preprocess(options).run() }
    #expect(!folder.exists("graph-other"))
  }

  @Test("graphs with no edges, one node, only loops work with every partitioner")
  func corners() throws {
    for partitioner in Partitioner.allCases {
      var empty = folder.options(folder.write("none.tsv", "# nothing\n"), graph: "e-\(partitioner)")
      empty.nodes = folder.write("nodes.tsv", "# columns: id\n5\n6\n7\n")
      empty.partition = PartitionOptions(shards: 2, partitioner: partitioner)
      let (report, graph) = try run(empty)
      #expect(graph.edges.isEmpty && graph.nodes.sorted() == ["5", "6", "7"])
      #expect(report.counts.isolatedNodes == 3)

      var loops = folder.options(
        folder.write("loops.tsv", "4\t4\n4\t4\n"), graph: "l-\(partitioner)")
      loops.partition = PartitionOptions(shards: 1, partitioner: partitioner)
      let (loopReport, loopGraph) = try run(loops)
      #expect(pairs(loopGraph) == ["4>4", "4>4"])
      #expect(loopReport.counts.selfLoops == 2 && loopReport.counts.duplicates == 1)
    }
  }

  @Test("ids beyond 32 bits and sparse ones keep their values")
  func wideIDs() throws {
    let text =
      "18446744073709551615\t5\n9000000000000000000\t18446744073709551615\n5\t70000000000\n"
    let (_, graph) = try run(folder.options(folder.write("edges.tsv", text)))
    #expect(
      pairs(graph).sorted() == [
        "18446744073709551615>5", "5>70000000000", "9000000000000000000>18446744073709551615",
      ])
  }

  @Test("several files are one edge list")
  func severalFiles() throws {
    let (report, graph) = try run(
      folder.options(
        folder.write("a.tsv", "1\t2\n"),
        folder.write("b.u64", bytes: littleEndian([2, 3, 3, 1] as [UInt64]))))
    #expect(report.counts.inputEdges == 3)
    #expect(pairs(graph).sorted() == ["1>2", "2>3", "3>1"])
    #expect(graph.store.manifest.inputs.count == 2)
  }

  @Test("a column with too many words is left out with a warning")
  func tooManyWords() throws {
    let lines = (0..<65_537).map { "1\t2\tw\($0)" }.joined(separator: "\n")
    let (report, graph) = try run(
      folder.options(folder.write("edges.tsv", "# columns: src\tdst\tnote\n" + lines + "\n")))
    #expect(report.warnings.count == 1 && report.warnings[0].contains("'note'"))
    #expect(graph.store.manifest.relations[0].columns.isEmpty)
    #expect(graph.edges.count == 65_537)
  }
}
