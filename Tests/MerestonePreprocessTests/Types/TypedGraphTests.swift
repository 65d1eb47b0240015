import FoundationEssentials
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport
import Testing

/// Two users and two items in one table, and who bought, likes and knows what:
///
///     ada --buys--> pen <--buys-- bob      ada --knows--> bob
///     ada --likes-> pen                    pen --with---> cup
private let edgeText = """
  # columns: src\tdst\trelation\tweight
  ada\tpen\tbuys\t2
  bob\tpen\tbuys\t3
  ada\tpen\tlikes\t1
  ada\tbob\tknows\t5
  pen\tcup\twith\t7

  """
private let nodeText = """
  # columns: id\ttype\tlabel\tprice\tcity
  pen\titem\t-\t1.5\t-
  ada\tuser\tgood\t-\tRome
  cup\titem\t-\t4\t-
  bob\tuser\tbad\t-\tBonn

  """

@Suite("Preprocessing nodes of several types")
struct TypedGraphTests {
  let folder = ScratchFolder()

  func options(graph: String = "graph") -> PreprocessOptions {
    var options = folder.options(folder.write("edges.tsv", edgeText), graph: graph)
    options.nodes = folder.write("nodes.tsv", nodeText)
    return options
  }

  func refusal(_ options: PreprocessOptions) -> String {
    do throws(PreprocessError) {
      _ = try Preprocess(options).run()
      return "nothing was refused"
    } catch {
      #expect(error.exitCode == 65 || error.exitCode == 64)
      #expect(!FileManager.default.fileExists(atPath: options.output))
      return error.description
    }
  }

  @Test("types and triples are those of the drawing", arguments: [1, 2, 4])
  func drawing(shards: Int) throws {
    var options = options()
    options.partition = PartitionOptions(shards: shards, partitioner: .random)
    let report = try Preprocess(options).run()
    #expect(report.nodes == 4 && report.edges == 5)
    let graph = try TypedGraph(options.output)
    let manifest = graph.store.manifest
    #expect(manifest.nodeTypes.map(\.name) == ["item", "user"])
    #expect(graph.nodes.map { Set($0) } == [["pen", "cup"], ["ada", "bob"]])
    let names = manifest.relations.map {
      "\($0.sourceType) \($0.name) \($0.destinationType) \($0.edgeCount) \($0.maxInDegree)"
    }
    #expect(names == ["0 with 0 1 1", "1 buys 0 2 2", "1 likes 0 1 1", "1 knows 1 1 1"])
    #expect(manifest.relations.allSatisfy { $0.columns.map(\.name) == ["weight"] })
    #expect(
      Set(graph.edges) == [
        .init(relation: "item with item", source: "pen", destination: "cup", values: ["7.0"]),
        .init(relation: "user buys item", source: "ada", destination: "pen", values: ["2.0"]),
        .init(relation: "user buys item", source: "bob", destination: "pen", values: ["3.0"]),
        .init(relation: "user likes item", source: "ada", destination: "pen", values: ["1.0"]),
        .init(relation: "user knows user", source: "ada", destination: "bob", values: ["5.0"]),
      ])
    #expect(graph.edges.count == 5)
    #expect(manifest.partition.cutEdges == graph.cutEdges && report.cutEdges == graph.cutEdges)
  }

  @Test("a type has the columns that its nodes have values of, with its own words")
  func columns() throws {
    let options = options()
    let report = try Preprocess(options).run()
    #expect(report.columns.node == ["price", "label", "city"])
    let graph = try TypedGraph(options.output)
    #expect(graph.columns(of: "item") == ["price"])
    #expect(graph.columns(of: "user") == ["label", "city"])
    #expect(try graph.column("price", of: "item") == ["pen": "1.5", "cup": "4.0"])
    #expect(try graph.column("label", of: "user") == ["ada": "good", "bob": "bad"])
    #expect(try graph.column("city", of: "user") == ["ada": "Rome", "bob": "Bonn"])
    #expect(graph.store.manifest.nodeTypes[1].columns[1].categories == ["Rome", "Bonn"])
  }

  @Test("features come type by type, in the order of the type's nodes in the table")
  func features() throws {
    var options = options()
    let rows: [Float] = [1, 2, 3, 4]
    options.typedFeatures["user"] = folder.write(
      "u.npy", bytes: npy("<f4", [2, 2], littleEndian(rows)))
    options.partition = PartitionOptions(shards: 2, partitioner: .random)
    _ = try Preprocess(options).run()
    let graph = try TypedGraph(options.output)
    #expect(try graph.features(of: "user") == ["ada": [1, 2], "bob": [3, 4]])
    #expect(!graph.columns(of: "item").contains("features"))
  }

  @Test("a folder of the plain layout says it all by its names")
  func layout() throws {
    folder.write("edges.tsv", edgeText)
    folder.write("nodes.tsv", nodeText)
    folder.write(
      "features_item.npy", bytes: npy("<f4", [2, 1], littleEndian([8, 9] as [Float])))
    let options = folder.options(folder.path)
    _ = try Preprocess(options).run()
    let graph = try TypedGraph(options.output)
    #expect(try graph.features(of: "item") == ["pen": [8], "cup": [9]])
  }

  @Test("another column may be the type, and numbers are names of types")
  func typeColumn() throws {
    var options = options()
    options.nodes = folder.write(
      "nodes.tsv", "# columns: id\tkind\ttype\npen\t7\tx\nada\t1\tx\ncup\t7\ty\nbob\t1\ty\n")
    options.columns = try .init(parsing: "type=kind")
    _ = try Preprocess(options).run()
    let graph = try TypedGraph(options.output)
    #expect(graph.store.manifest.nodeTypes.map(\.name) == ["7", "1"])
    #expect(try graph.column("type", of: "1") == ["ada": "x", "bob": "y"])
  }

  @Test("one type is an untyped graph with a name")
  func oneType() throws {
    var options = options()
    options.nodes = folder.write(
      "nodes.tsv", "# columns: id\ttype\npen\tthing\nada\tthing\ncup\tthing\nbob\tthing\n")
    _ = try Preprocess(options).run()
    let manifest = try TypedGraph(options.output).store.manifest
    #expect(manifest.nodeTypes.map(\.name) == ["thing"] && manifest.relations.count == 1)
    #expect(manifest.relations[0].columns.map(\.name) == ["relation", "weight"])
  }

  @Test("relations of one type may have edges of their own", arguments: [1, 3])
  func split(shards: Int) throws {
    var options = options()
    options.nodes = nil
    options.relations = .split
    options.partition.shards = shards
    let report = try Preprocess(options).run()
    let graph = try TypedGraph(options.output)
    #expect(graph.store.manifest.relations.map(\.name) == ["buys", "likes", "knows", "with"])
    #expect(graph.store.manifest.nodeTypes.map(\.name) == ["node"])
    #expect(report.edges == 5 && graph.edges.count == 5)
    #expect(
      graph.edges.filter { $0.relation == "node buys node" }.map(\.source).sorted()
        == ["ada", "bob"])
  }

  @Test("reverses get the triple of the other direction, and duplicates go")
  func undirected() throws {
    var options = options()
    options.edges = [
      folder.write("edges.tsv", "# columns: src\tdst\nada\tpen\nada\tpen\nada\tbob\n")
    ]
    options.isUndirected = true
    options.duplicates = .drop
    _ = try Preprocess(options).run()
    let graph = try TypedGraph(options.output)
    #expect(
      Set(graph.edges.map { "\($0.relation): \($0.source) \($0.destination)" }) == [
        "user edge item: ada pen", "item edge user: pen ada", "user edge user: ada bob",
        "user edge user: bob ada",
      ])
    #expect(graph.edges.count == 4)
  }

  @Test("out-edges are stored relation by relation, between types as well")
  func reverse() throws {
    var options = random(graph: "graph")
    options.storesReverse = true
    _ = try Preprocess(options).run()
    let graph = try TypedGraph(options.output)
    let relations = graph.store.manifest.relations
    #expect(relations.allSatisfy { $0.reverse?.shardEdges.reduce(0, +) == $0.edgeCount })
  }

  @Test("a typed graph without edges has nodes and one relation without edges")
  func empty() throws {
    var options = options()
    options.edges = [folder.write("edges.tsv", "# columns: src\tdst\trelation\n")]
    _ = try Preprocess(options).run()
    let graph = try TypedGraph(options.output)
    #expect(graph.nodes.map(\.count) == [2, 2] && graph.edges.isEmpty)
    #expect(graph.store.manifest.relations.map(\.edgeCount) == [0])
  }

  @Test("what does not fit together is refused with the mend")
  func refusals() throws {
    var untyped = options()
    untyped.nodes = folder.write("n.tsv", "# columns: id\ttype\npen\ta\nada\t-\ncup\ta\nbob\tb\n")
    #expect(refusal(untyped).contains("n.tsv, line 3: node 'ada' has no type"))

    var features = options()
    let file = folder.write(
      "f.npy", bytes: npy("<f4", [4, 1], littleEndian([1, 2, 3, 4] as [Float])))
    features.features = file
    #expect(refusal(features).contains("--features item=FILE"))
    features.features = nil
    features.typedFeatures = ["shop": file]
    #expect(refusal(features).contains("nodes of type 'shop', but the node types are item, user"))
    features.typedFeatures = ["user": file]
    #expect(refusal(features).contains("4"))

    var added = options()
    added.unlistedNodes = .add
    added.edges = [folder.write("edges.tsv", "ada\tpen\nada\tjoe\n")]
    #expect(refusal(added).contains("has no type"))

    var column = options()
    column.nodes = nil
    column.columns = try .init(parsing: "type=kind")
    #expect(refusal(column).contains("no node table"))
    column.nodes = folder.write("nodes.tsv", nodeText)
    #expect(refusal(column).contains("kind"))

    var twice = options()
    twice.nodes = folder.write("n.tsv", "# columns: id\ttype\npen\ta\nada\tb\ncup\ta\npen\tb\n")
    #expect(refusal(twice).contains("pen"))
  }

  @Test("more types, relations or pieces than names hold are refused")
  func limits() throws {
    var types = options()
    types.edges = [folder.write("edges.tsv", "1\t2\n")]
    types.nodes = folder.write(
      "many.tsv", "# columns: id\ttype\n" + (0..<10_001).map { "\($0)\tt\($0)\n" }.joined())
    #expect(refusal(types).contains("10,001 node types, and a graph can have 10,000"))

    var relations = folder.options(
      folder.write(
        "edges.tsv",
        "# columns: src\tdst\trelation\n" + (0..<10_001).map { "1\t2\tr\($0)\n" }.joined()))
    relations.relations = .split
    #expect(refusal(relations).contains("10,001 relations"))
    #expect(refusal(relations).contains("--relations column"))
  }

  /// Edges of 60 nodes of three types with two relations and a number.
  func random(graph: String) -> PreprocessOptions {
    var generator = SplitMix64(seed: 3)
    var nodes = "# columns: id\ttype\tsize\n"
    for node in 0..<60 { nodes += "\(node * 5)\tt\(node * node % 3)\t\(node)\n" }
    var text = "# columns: src\tdst\trelation\tweight\n"
    for edge in 0..<900 {
      let ends = (0..<2).map { _ in
        Int.random(in: 0..<60, using: &generator) * Int.random(in: 0..<60, using: &generator) / 60
      }
      text += "\(ends[0] * 5)\t\(ends[1] * 5)\tr\(edge % 2)\t\(edge % 7)\n"
    }
    var options = folder.options(folder.write("edges.tsv", text), graph: graph)
    options.nodes = folder.write("nodes.tsv", nodes)
    options.partition = PartitionOptions(shards: 3, partitioner: .ldg)
    return options
  }

  @Test("threads, memory and an interruption in any stage do not change a byte")
  func sameness() throws {
    let plain = random(graph: "plain")
    _ = try Preprocess(plain).run()
    let expected = try folder.files(of: "plain")
    let graph = try TypedGraph(plain.output)
    #expect(graph.edges.count == 900 && graph.store.manifest.relations.count > 6)
    #expect(graph.store.manifest.partition.cutEdges == graph.cutEdges && graph.cutEdges > 0)

    var other = random(graph: "other")
    other.threads = 4
    other.memory = ByteCount(192 << 20)
    _ = try Preprocess(other).run()
    #expect(try folder.files(of: "other") == expected)

    for stage in ["relations", "route", "write edges", "nodes", "finish"] {
      var resumed = random(graph: "resumed \(stage)")
      resumed.threads = 1
      let canceller = ResumeTests.Canceller(stage)
      #expect(throws: PreprocessError.interrupted) {
        try Preprocess(resumed).run(progress: canceller, cancellation: canceller.cancellation)
      }
      resumed.resumes = true
      _ = try Preprocess(resumed).run()
      #expect(try folder.files(of: "resumed \(stage)") == expected, "after \(stage)")
    }
  }

  @Test("range gives the same ids of every type for any number of shards")
  func shards() throws {
    var first: TypedGraph?
    for shards in [1, 2, 5] {
      var options = random(graph: "graph\(shards)")
      options.partition = PartitionOptions(shards: shards, partitioner: .range)
      _ = try Preprocess(options).run()
      let graph = try TypedGraph(options.output)
      if let first {
        #expect(graph.nodes == first.nodes && graph.edges == first.edges)
      } else {
        first = graph
      }
    }
  }
}
