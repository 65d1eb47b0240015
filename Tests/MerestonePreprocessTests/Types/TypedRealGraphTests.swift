import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import Testing

@Suite(
  "Preprocessing real typed graphs",
  .enabled(if: RealData.folder != nil, "the real graphs are not here; set MERESTONE_DATA"))
struct TypedRealGraphTests {
  let folder = ScratchFolder()

  @Test("hgb-dblp has its types, triples, columns and features")
  func dblp() throws {
    let data = "\(RealData.folder!)/hgb-dblp"
    var options = folder.options(data)
    options.partition = PartitionOptions(shards: 3, partitioner: .ldg)
    #if DEBUG
      // The words of papers are 60 MB, too much for the time of a debug build.
      options.typedFeatures = [
        "author": "\(data)/features_author.npz", "term": "\(data)/features_term.npy",
      ]
    #endif
    let report = try Preprocess(options).run()
    #expect(report.nodes == 26_128 && report.edges == 239_566)
    let graph = try TypedGraph(options.output)
    let manifest = graph.store.manifest
    #expect(
      manifest.nodeTypes.map { "\($0.name) \($0.count)" } == [
        "author 4057", "paper 14328", "term 7723", "venue 20",
      ])
    let triples = manifest.relations.map {
      "\($0.sourceType) \($0.name) \($0.destinationType) \($0.edgeCount)"
    }
    #expect(
      triples == [
        "0 author-paper 1 19645", "1 paper-author 0 19645", "1 paper-term 2 85810",
        "1 paper-venue 3 14328", "2 term-paper 1 85810", "3 venue-paper 1 14328",
      ])

    let table = NaiveEdgeList(path: "\(data)/nodes.tsv.gz")
    let typeOf = Dictionary(uniqueKeysWithValues: table.rows.map { ($0[0], $0[1]) })
    let naive = NaiveEdgeList(path: "\(data)/edges.tsv.gz")
    let expected = naive.rows.map { row in
      TypedGraph.Edge(
        relation: "\(typeOf[row[0]]!) \(row[2]) \(typeOf[row[1]]!)", source: row[0],
        destination: row[1], values: [])
    }
    #expect(counts(graph.edges) == counts(expected))

    for (number, type) in manifest.nodeTypes.enumerated() {
      let rows = table.rows.filter { $0[1] == type.name }
      #expect(Set(graph.nodes[number]) == Set(rows.map { $0[0] }))
      let names = try graph.column("name", of: type.name)
      #expect(rows.allSatisfy { names[$0[0]] == $0[4] })
    }
    #expect(graph.columns(of: "author") == ["features", "label", "split", "name"])
    #expect(graph.columns(of: "paper").contains("name"))
    #expect(graph.columns(of: "venue") == ["name"])
    let labels = try graph.column("label", of: "author")
    let splits = try graph.column("split", of: "author")
    for row in table.rows where row[1] == "author" {
      #expect(labels[row[0]] == row[2] && splits[row[0]] == row[3])
    }
    try checkFeatures(graph, table, data)
  }

  /// Rows of a type's file belong to its nodes in the order of the table.
  private func checkFeatures(_ graph: TypedGraph, _ table: NaiveEdgeList, _ data: String) throws {
    for (type, file) in [
      ("author", "features_author.npz"), ("term", "features_term.npy"),
    ] {
      let raws = table.rows.filter { $0[1] == type }.map { $0[0] }
      let found = try graph.features(of: type)
      let reader = try FeatureReader.open("\(data)/\(file)")
      let stream = try reader.stream()
      var row = 0
      while let batch = try stream.next() {
        for offset in 0..<batch.count {
          let bytes = batch.bytes[
            offset * reader.width * reader.element.byteCount..<(offset + 1) * reader.width
              * reader.element.byteCount]
          #expect(values(Array(bytes), reader.element) == found[raws[row]])
          row += 1
        }
      }
      #expect(row == raws.count && found.count == raws.count)
    }
  }

  private func values(_ bytes: [UInt8], _ element: ElementType) -> [Double] {
    switch element {
    case .u8: bytes.map(Double.init)
    default:
      stride(from: 0, to: bytes.count, by: 4).map { start in
        let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        return Double(Float(bitPattern: bits))
      }
    }
  }

  private func counts(_ edges: [TypedGraph.Edge]) -> [TypedGraph.Edge: Int] {
    edges.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }
}
