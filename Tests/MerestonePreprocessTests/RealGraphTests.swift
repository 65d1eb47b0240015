import FoundationEssentials
import MerestoneCore
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import Testing

/// Where the real graphs are, if they are on this machine.
enum RealData {
  static let folder: String? = {
    let candidates = [
      ProcessInfo.processInfo.environment["MERESTONE_DATA"], "../shared/data",
    ].compactMap { $0 }
    return candidates.first { FileManager.default.fileExists(atPath: "\($0)/cora/edges.tsv.gz") }
  }()

  #if DEBUG
    static let sets = ["cora", "amazon-computers", "collegemsg", "fb15k-237", "bitcoin-otc"]
  #else
    static let sets = [
      "cora", "amazon-computers", "collegemsg", "fb15k-237", "bitcoin-otc", "cnr-2000",
      "ego-twitter", "citeseer", "soc-epinions1", "tolokers",
    ]
  #endif
}

@Suite(
  "Preprocessing real graphs",
  .enabled(if: RealData.folder != nil, "the real graphs are not here; set MERESTONE_DATA"))
struct RealGraphTests {
  let folder = ScratchFolder()

  @Test("every edge of the input is in the store, and nothing else", arguments: RealData.sets)
  func faithful(name: String) throws {
    let data = "\(RealData.folder!)/\(name)"
    var options = folder.options(data)
    options.partition = PartitionOptions(shards: 4, partitioner: .ldg)
    let report = try Preprocess(options).run()
    let naive = NaiveEdgeList(path: "\(data)/edges.tsv.gz")
    let graph = try StoredGraph(options.output)
    let columns = graph.store.manifest.relations[0].columns
    #expect(columns.map(\.name) == Array(naive.names.dropFirst(2)))
    let expected = naive.edges { name, value in
      let column = columns.first { $0.name == name }!
      return column.element.isFloatingPoint ? Double(value)!.description : value
    }
    #expect(multiset(graph.edges) == multiset(expected))
    #expect(report.counts.inputEdges == naive.rows.count)
    #expect(report.edges == naive.rows.count)
    let table = NaiveEdgeList(path: "\(data)/nodes.tsv.gz")
    #expect(Set(graph.nodes) == Set(table.rows.map { $0[0] }))
    #expect(graph.nodes.count == table.rows.count)
    for (index, column) in table.names.enumerated().dropFirst()
    where column == "label" || column == "split" {
      let values = try graph.nodeColumn(column)
      #expect(table.rows.allSatisfy { values[$0[0]] == $0[index] })
    }
  }

  @Test("cora, undirected and without duplicates, has 10,556 edges and its features")
  func cora() throws {
    var options = folder.options("\(RealData.folder!)/cora")
    options.isUndirected = true
    options.duplicates = .drop
    let report = try Preprocess(options).run()
    #expect(report.edges == 10_556 && report.nodes == 2708)
    #expect(report.counts.duplicatesDropped == 302 && report.counts.reversesAdded == 0)
    let features = try #require(
      GraphStore.open(options.output).manifest.nodeTypes[0].columns.first)
    #expect(features.name == "features" && features.width == 1433)
  }
}
