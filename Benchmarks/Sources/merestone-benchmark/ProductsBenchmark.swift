import Foundation
import Merestone

/// Mini-batches without and with feature rows, from planted communities of the size of ogbn-products:
/// 2.4 million nodes, 124 million edges, 100 features; fanouts 15, 10, 5, 1,024 random seeds each, 2
/// threads, beside ``Peers`` where there are any.
struct ProductsBenchmark {
  let tool: Tool
  let folder: String

  private static let batchCount = 20
  private static let runs = 5

  func run(_ report: inout Report) throws {
    let path = try prepare()
    let graph = try Graph(at: path, memory: ByteCount(8 << 30))
    let seeds = (0..<graph.nodeCount).map { NodeID(UInt64($0)) }
    let sampler = try graph.sampler(.uniform(fanouts: [15, 10, 5]))
    let setting =
      "\(graph.nodeCount) nodes, \(graph.edgeCount) edges, fanouts 15,10,5, batch 1024, 2 threads"
    for features in [nil, "features"] {
      var rates: [Double] = []
      var edgeRates: [Double] = []
      var inputs = 0
      // One series, as in an epoch: its first mini-batches ask for memory and are not counted.
      let batches = try sampler.batches(
        of: seeds, size: 1024, features: features, shuffled: true, threads: 2)
      var batch = MiniBatch.empty
      for run in 0...Self.runs {
        let start = DispatchTime.now()
        var count = 0
        var edges = 0
        inputs = 0
        while count < Self.batchCount, try batches.next(&batch) {
          count += 1
          edges += batch.blocks.reduce(0) { $0 + $1.edgeCount }
          inputs += batch.inputNodes.count
          precondition(
            features == nil
              || batch.features.values.count == batch.inputNodes.count * batch.features.width)
        }
        let seconds = Stopwatch.seconds(since: start)
        if run > 0 {
          rates.append(Double(count) / seconds)
          edgeRates.append(Double(edges) / seconds / 1e6)
        }
      }
      let name = Self.name(features != nil)
      report.add(
        Figure(
          name: name, unit: "mini-batches/s", values: rates,
          setting: setting + ", \(inputs / Self.batchCount) input nodes",
          target: features == nil ? ">= 10 times the best peer" : ">= 6 times the best peer"))
      report.add(
        Figure(
          name: name, unit: "M edges/s", values: edgeRates, setting: setting, target: "-"))
    }
    if let peers = Peers() {
      let raw = folder + "/products/raw"
      let rates = try peers.rates(
        ["dgl", "graphbolt"],
        [
          raw + "/edges.u32", "--undirected", "--features", raw + "/features.npy", "--batches",
          "\(Self.batchCount)",
        ])
      for hasFeatures in [false, true] {
        report.compare(
          [Self.name(hasFeatures)], with: rates.filter { $0.features == hasFeatures })
      }
    }
    try runCold(path, &report)
  }

  private static func name(_ hasFeatures: Bool) -> String {
    "products \(hasFeatures ? "with" : "without") features"
  }

  /// Small mini-batches whose feature rows are not in memory: the pages of the column are let go
  /// before each run. The first mini-batches verify the MiB that they touch; the later ones read
  /// single pages, after the column was let go again.
  private func runCold(_ path: String, _ report: inout Report) throws {
    let column = path + "/shard-00000/nodes/t0000.c00.npy"
    var firstSeconds: [Double] = []
    var laterSeconds: [Double] = []
    for epoch in 0..<3 {
      let graph = try Graph(at: path, memory: ByteCount(8 << 30))
      let sampler = try graph.sampler(.uniform(fanouts: [5, 3]))
      let seeds = (0..<graph.nodeCount).map { NodeID(UInt64($0)) }
      for touched in [false, true] {
        try Self.letGo(of: column, in: graph, touched: touched)
        let start = DispatchTime.now()
        let batches = try sampler.batches(
          of: seeds, size: 512, features: "features", shuffled: true, epoch: epoch, threads: 2)
        var batch = MiniBatch.empty
        for _ in 0..<4 { _ = try batches.next(&batch) }
        let seconds = Stopwatch.seconds(since: start)
        if touched { laterSeconds.append(seconds) } else { firstSeconds.append(seconds) }
      }
    }
    let setting = "fanouts 5,3, 4 mini-batches of 512 seeds, 2 threads"
    report.add(
      Figure(
        name: "products features cold, never touched", unit: "s", values: firstSeconds,
        setting: setting, target: "-"))
    report.add(
      Figure(
        name: "products features cold, verified", unit: "s", values: laterSeconds,
        setting: setting, target: "-"))
  }

  /// Takes a file out of the page cache, after a touch of all that has checksums where asked for.
  private static func letGo(of file: String, in graph: Graph, touched: Bool) throws {
    if touched {
      // Verifies every MiB.
      let all = stride(from: 0, to: graph.nodeCount, by: 1000).map { NodeID(UInt64($0)) }
      _ = try graph.rows(of: "features", for: all)
    }
    // The kernel lets go of what nobody has mapped.
    let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    for line in maps.split(separator: "\n") where line.hasSuffix("t0000.c00.npy") {
      let range = line.prefix { $0 != " " }.split(separator: "-")
      let bounds = range.compactMap { UInt($0, radix: 16) }
      madvise(
        UnsafeMutableRawPointer(bitPattern: bounds[0]), Int(bounds[1] - bounds[0]), MADV_DONTNEED)
    }
    PageCache.letGo(of: file)
  }

  /// The graph, made on the first call: 1.5 GB of raw files, 1.3 GB of graph.
  private func prepare() throws -> String {
    let raw = folder + "/products/raw"
    let graph = folder + "/products/graph"
    if !FileManager.default.fileExists(atPath: graph + "/manifest.json") {
      try FileManager.default.createDirectory(
        atPath: folder + "/products", withIntermediateDirectories: true)
      if !FileManager.default.fileExists(atPath: raw + "/edges.u32") {
        _ = try tool.run([
          "generate", "communities", "--nodes", "2449029", "--mean-degree", "50.52", "--classes",
          "47", "--features", "100", "--format", "u32", "--out", raw, "--quiet",
        ])
      }
      _ = try tool.run([
        "preprocess", raw, "--undirected", "--order", "degree", "--out", graph, "--memory", "6GiB",
        "--quiet",
      ])
    }
    return graph
  }
}
