import MerestoneCore
import Testing

@testable import MerestoneIngest

@Suite("The plain layout")
struct LayoutTests {
  @Test("edges, nodes and features are found in a directory")
  func discovery() throws {
    let folder = try InputFolder()
    _ = try folder.file("edges.u32", littleEndian([0, 1] as [UInt32]))
    #expect(try InputLayout.discover(folder.path) == InputLayout(edges: folder.path + "/edges.u32"))
    _ = try folder.file("nodes.tsv.gz", gzip(Array("# columns: id\n0\n1\n".utf8)))
    _ = try folder.file("features.npz", [])
    _ = try folder.file("README.md", "")
    #expect(
      try InputLayout.discover(folder.path)
        == InputLayout(
          edges: folder.path + "/edges.u32", nodes: folder.path + "/nodes.tsv.gz",
          features: folder.path + "/features.npz"))
    #expect(InputLayout.isDirectory(folder.path))
    #expect(!InputLayout.isDirectory(folder.path + "/edges.u32"))
  }

  @Test("a directory without edges, with two edge files, or with two files of features of a type")
  func faults() throws {
    let folder = try InputFolder()
    func error() -> IngestError? {
      thrown { () throws(IngestError) in try InputLayout.discover(folder.path) }
    }
    #expect(error() == .noEdges(directory: folder.path))
    #expect(
      "\(error()!)".contains(
        "expected one of edges.tsv, edges.csv, edges.txt (each also .gz, .zst or .lz4), edges.u32"))
    _ = try folder.file("edges.tsv", "1\t2\n")
    _ = try folder.file("edges.npy", "")
    #expect(
      error() == .ambiguousLayout(directory: folder.path, files: ["edges.npy", "edges.tsv"]))
    let typed = try InputFolder()
    _ = try typed.file("edges.tsv", "1\t2\n")
    let nodes = try typed.file("nodes.tsv", "# columns: id\ttype\n1\ta\n2\tb\n")
    _ = try typed.file("features_a.npy", "")
    _ = try typed.file("features_a.npz", "")
    let typeError = thrown { () throws(IngestError) in try InputLayout.discover(typed.path) }
    #expect(
      typeError
        == .ambiguousLayout(
          directory: typed.path, files: ["features_a.npy", "features_a.npz"]))
    #expect(nodes.hasSuffix("nodes.tsv"))
    let missing = thrown { () throws(IngestError) in try InputLayout.discover("/nowhere") }
    #expect(missing == .missingFile("/nowhere"))
  }

  @Test(
    "the real sets are read as they are", .enabled(if: realData != nil, "needs MERESTONE_DATA"),
    arguments: [
      ("amazon-computers", 13_752, 287_209, 767), ("citeseer", 3_327, 9_464, 3_703),
      ("collegemsg", 1_899, 59_835, nil), ("cora", 2_708, 10_858, 1_433),
      ("bitcoin-otc", 5_881, 35_592, nil), ("fb15k-237", 14_541, 310_116, nil),
      ("soc-epinions1", 75_879, 508_837, nil), ("tolokers", 11_758, 519_000, 10),
    ] as [(String, Int, Int, Int?)])
  func realSets(name: String, nodes: Int, edges: Int, width: Int?) throws {
    let layout = try InputLayout.discover("\(realData!)/\(name)")
    let pool = ThreadPool(threads: 2)
    let table = try NodeTable.read(try #require(layout.nodes), pool: pool)
    #expect(table.count == nodes)
    var reader = try EdgeListReader.open(layout.edges)
    try reader.inferColumnTypes(pool: pool)
    #expect(reader.idKind == table.ids.kind)
    let stream = try reader.stream(pool: pool)
    var count = 0
    while let batch = try stream.next() { count += batch.count }
    #expect(count == edges)
    #expect((layout.features != nil) == (width != nil))
    if name == "collegemsg" || name == "bitcoin-otc" {
      #expect(reader.columns.map(\.name).suffix(2) == ["time", "split"])
      #expect(reader.columns.dropLast().last?.type == (name == "collegemsg" ? .integer : .number))
    }
    if name == "cora" {
      #expect(table.labels?.classCount == 7)
      #expect(table.splits?.count { $0 == 1 } == 140)
      let features = try FeatureReader.open(try #require(layout.features))
      let rows = try features.stream()
      var ones = 0
      while let batch = try rows.next() { ones += batch.bytes.count { $0 == 1 } }
      #expect(ones == 49_216)
    }
    if let features = layout.features {
      let reader = try FeatureReader.open(features)
      #expect(reader.rowCount == nodes && reader.width == width)
    }
  }

  @Test(
    "features of node types are found by their names",
    .enabled(if: realData != nil, "needs MERESTONE_DATA"))
  func heterogeneous() throws {
    let folder = "\(realData!)/hgb-dblp"
    let layout = try InputLayout.discover(folder)
    #expect(
      layout.typedFeatures == [
        "author": "\(folder)/features_author.npz", "paper": "\(folder)/features_paper.npz",
        "term": "\(folder)/features_term.npy",
      ])
    #expect(layout.features == nil && layout.nodes == "\(folder)/nodes.tsv.gz")
  }
}
