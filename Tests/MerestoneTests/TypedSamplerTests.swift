import Merestone
import MerestoneTestSupport
import Testing

@Suite("A sampler over several relations")
struct TypedSamplerTests {
  let folder = TemporaryFolder()

  private static let fanouts = ["knows": [3, 2], "seen": [2, 2], "buys": [1, 2]]

  private static let schemes: [TypedSamplingScheme] = [
    .uniform(fanouts: fanouts), .uniformWithReplacement(fanouts: fanouts),
    .weighted(by: "weight", fanouts: fanouts),
    .weightedWithReplacement(by: "weight", fanouts: fanouts),
    .top(by: "weight", fanouts: fanouts), .temporal(by: "time", fanouts: fanouts),
    .recent(by: "time", fanouts: fanouts), .labor(fanouts: fanouts),
    .laborStar(fanouts: fanouts),
  ]

  private let seeds = (0..<50).map {
    TypedNode(type: NodeTypeID($0 % 3 / 2), node: NodeID(UInt64($0)))
  }

  private func times(_ scheme: TypedSamplingScheme) -> [Int64] {
    "\(scheme)".contains("time") ? (0..<50).map { Int64($0 % 25) } : []
  }

  @Test(
    "gives the same mini-batches in memory and page by page, whatever the number of threads",
    arguments: schemes.indices)
  func sameEverywhere(number: Int) throws {
    let scheme = Self.schemes[number]
    _ = try Shop(seed: 3).store(at: folder.file("shop"))
    var runs: [[TypedMiniBatch]] = []
    for (memory, threads) in [(1 << 30, 1), (1 << 30, 3), (0, 2)] {
      let graph = try Graph(at: folder.file("shop"), memory: ByteCount(memory))
      let batches = try graph.sampler(scheme).batches(
        of: seeds, times: times(scheme), size: 8, features: ["item": "features"], shuffled: true,
        epoch: 2, threads: threads)
      #expect(batches.count == 7)
      var all: [TypedMiniBatch] = []
      while let batch = try batches.next() { all.append(batch) }
      runs.append(all)
    }
    #expect(runs[0].count == 7)
    #expect(runs[0] == runs[1])
    #expect(runs[0] == runs[2])
    #expect(Set(runs[0].flatMap(\.seeds)) == Set(seeds))
    #expect(runs[0].flatMap(\.seeds) != seeds)
    for batch in runs[0] {
      #expect(batch.features[0] == .none)
      let rows = batch.features[1]
      #expect(rows.count == batch.nodes[1].count)
      for (row, node) in batch.nodes[1].enumerated() {
        #expect(Array(rows[row]) == Shop.features(of: Int(node.rawValue)))
      }
    }
  }

  @Test("reuses the memory of a mini-batch that is handed back, whatever it is of")
  func reuse() throws {
    _ = try Shop(seed: 3).store(at: folder.file("shop"))
    let graph = try Graph(at: folder.file("shop"))
    let byPages = try Graph(at: folder.file("shop"), reading: .grouped)
    var batch = TypedMiniBatch.empty
    for scheme in Self.schemes {
      for graph in [graph, byPages] {
        let sampler = try graph.sampler(scheme)
        func batches(_ features: [String: String]) throws -> TypedMiniBatches {
          try sampler.batches(of: seeds, times: times(scheme), size: 8, features: features)
        }
        for features in [["item": "features"], [:]] {
          let plain = try batches(features)
          let reusing = try batches(features)
          var count = 0
          while let expected = try plain.next() {
            #expect(try reusing.next(&batch))
            #expect(batch == expected, "\(scheme)")
            count += 1
          }
          #expect(count == 7)
          // The memory of the last one goes to the next series.
          #expect(try reusing.next() == nil)
        }
      }
    }
    let ended = try graph.sampler(Self.schemes[0]).batches(of: [], size: 8)
    #expect(try !ended.next(&batch))
    #expect(batch == .empty)
  }

  @Test("shows times and weights under the user's own ids")
  func subgraphs() throws {
    _ = try Shop(seed: 3).store(at: folder.file("shop"))
    let graph = try Graph(at: folder.file("shop"))
    let recent = try graph.sampler(.recent(by: "time", fanouts: Self.fanouts))
    let subgraph = try recent.sample([.integer(3), .integer(3)], times: [15, 4])
    #expect(subgraph.blocks[0].destinations["user"] == [.integer(3), .integer(3)])
    #expect(subgraph.blocks[0].sourceTimes["user"]?.prefix(2) == [15, 4])
    let labor = try graph.sampler(.labor(fanouts: Self.fanouts))
    for edges in try labor.sample([.integer(3), .integer(4)]).blocks.flatMap(\.relations) {
      #expect(edges.weights.count == edges.edgeIDs.count)
    }
  }

  @Test("refuses features, columns and times that are not there")
  func refusals() throws {
    _ = try Shop(seed: 3).store(at: folder.file("shop"))
    let graph = try Graph(at: folder.file("shop"))
    let sampler = try graph.sampler(.uniform(fanouts: Self.fanouts))
    #expect(
      throws: GraphError.unknownNodeType(
        name: "items", nearest: "item", available: ["user", "item"])
    ) { try sampler.batches(of: seeds, size: 8, features: ["items": "features"]) }
    #expect(throws: GraphError.unknownColumn(name: "features", available: [])) {
      try sampler.batches(of: seeds, size: 8, features: ["user": "features"])
    }
    #expect(try graph.nodeTypes.map { try graph.nodeCount(of: $0) } == Shop.counts)
    #expect(
      throws: GraphError.unknownNodeType(
        name: "items", nearest: "item", available: ["user", "item"])
    ) { try graph.nodeCount(of: "items") }
    // The first relation alone would fit.
    let tight = try Graph(at: folder.file("shop"), memory: ByteCount(6000), reading: .flat)
    let memory = refusal { _ = try tight.sampler(.uniform(fanouts: Self.fanouts)) }
    #expect(memory.contains("flat takes") && memory.contains("more than the cap"), "\(memory)")
    #expect(throws: GraphError.badBatchSize(0)) { try sampler.batches(of: seeds, size: 0) }
    func refusal(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "none"
    }
    let times = refusal { _ = try sampler.batches(of: seeds, times: [1], size: 8) }
    #expect(times.contains("50 seeds"), "\(times)")
    let column = refusal {
      _ = try graph.sampler(TypedSamplingScheme.weighted(by: "amount", fanouts: Self.fanouts))
    }
    #expect(column.contains("no column 'amount'"), "\(column)")
    let past = TypedNode(type: NodeTypeID(1), node: NodeID(80))
    let batches = try sampler.batches(of: seeds + [past], size: 25)
    _ = try batches.next()
    _ = try batches.next()
    let seed = refusal { _ = try batches.next() }
    #expect(seed.contains("80"), "\(seed)")
    let cancelled = try sampler.batches(of: seeds, size: 1)
    cancelled.cancel()
    #expect(try cancelled.next() == nil)
  }
}
