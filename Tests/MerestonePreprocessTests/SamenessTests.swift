import FoundationEssentials
import MerestoneCore
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Preprocessing random graphs")
struct SamenessTests {
  let folder = ScratchFolder()

  /// A random edge list with hubs, loops, duplicates and two columns, as text.
  func randomText(nodes: Int, edges: Int, seed: UInt64, words: Bool) -> String {
    var generator = SplitMix64(seed: seed)
    func node() -> String {
      let a = Int.random(in: 0..<nodes, using: &generator)
      let b = Int.random(in: 0..<nodes, using: &generator)
      let id = a * b / nodes * 3
      return words ? "n\(id)" : "\(id)"
    }
    var text = "# columns: src\tdst\trelation\tweight\n"
    for _ in 0..<edges {
      let relation = Int.random(in: 0..<3, using: &generator)
      let weight = Double(Int.random(in: 0..<3, using: &generator)) / 2
      text += "\(node())\t\(node())\tr\(relation)\t\(weight)\n"
    }
    return text
  }

  @Test("threads do not change a byte", arguments: Partitioner.allCases)
  func threads(partitioner: Partitioner) throws {
    let path = folder.write(
      "edges.tsv", randomText(nodes: 300, edges: 6000, seed: 1, words: true))
    var expected: [String: Data]?
    for threads in [1, 2, 4] {
      var options = folder.options(path, graph: "graph\(threads)")
      options.threads = threads
      options.isUndirected = true
      options.encoding = .both
      options.partition = PartitionOptions(shards: 3, partitioner: partitioner, seed: 9)
      _ = try Preprocess(options).run()
      let files = try folder.files(of: "graph\(threads)")
      #expect(files.count > 10)
      if let expected { #expect(files == expected) } else { expected = files }
    }
  }

  @Test("range gives the same ids and edges for any number of shards")
  func shards() throws {
    let path = folder.write(
      "edges.tsv", randomText(nodes: 200, edges: 3000, seed: 2, words: false))
    var first: StoredGraph?
    for shards in [1, 3, 4] {
      var options = folder.options(path, graph: "graph\(shards)")
      options.partition.shards = shards
      _ = try Preprocess(options).run()
      let graph = try StoredGraph(options.output)
      #expect(graph.store.book.shardCount == shards)
      if let first {
        #expect(graph.nodes == first.nodes && graph.edges == first.edges)
      } else {
        first = graph
      }
    }
  }

  @Test("the store holds the input's edges and nothing else", arguments: 0..<12)
  func faithful(seed: Int) throws {
    let text = randomText(
      nodes: 5 + seed * 17, edges: 40 + seed * 211, seed: UInt64(seed), words: seed % 2 == 0)
    let path = folder.write("edges.tsv", text)
    var options = folder.options(path)
    options.partition = PartitionOptions(
      shards: 1 + seed % 4, partitioner: Partitioner.allCases[seed % 3],
      ordering: seed % 5 == 0 ? .input : .degree)
    options.isUndirected = seed % 3 == 1
    options.duplicates = seed % 4 == 3 ? .drop : .keep
    options.selfLoops = seed % 5 == 2 ? .drop : .keep
    let report = try Preprocess(options).run()
    let naive = NaiveEdgeList(path: path)
    let expected = NaivePolicies.apply(
      multiset(naive.edges { $0 == "weight" ? Double($1)!.description : $1 }), options)
    let graph = try StoredGraph(options.output)
    #expect(multiset(graph.edges) == expected)
    #expect(report.edges == expected.values.reduce(0, +))
    // Lists ascend by source, and equal sources by relation.
    let relations = graph.store.manifest.relations[0].columns[0].categories!
    let keys = zip(graph.ends, graph.edges).map { ends, edge in
      (ends.destination, ends.source, relations.firstIndex(of: edge.values[0])!)
    }
    #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 <= $1 })
  }
}

/// The edge policies on a multiset of edges without splits.
enum NaivePolicies {
  static func apply(
    _ edges: [StoredGraph.Edge: Int], _ options: PreprocessOptions
  ) -> [StoredGraph.Edge: Int] {
    var result = edges
    if options.selfLoops == .drop { result = result.filter { $0.key.source != $0.key.destination } }
    if options.duplicates == .drop { result = result.mapValues { _ in 1 } }
    guard options.isUndirected else { return result }
    for (edge, count) in result {
      let reverse = StoredGraph.Edge(
        source: edge.destination, destination: edge.source, values: edge.values)
      result[reverse] = max(result[reverse] ?? 0, count)
    }
    return result
  }
}
