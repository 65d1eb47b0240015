import Foundation
import Merestone
import Synchronization

/// Single 2-hop queries by raw id, fanouts 15 and 10, one after the other on each thread: the id is
/// looked up, the neighbourhood sampled, and feature rows of its nodes read where there are any.
struct QueryBenchmark {
  let tool: Tool
  let folder: String

  private static let fanouts = [15, 10]

  func run(_ report: inout Report) throws {
    let graphs = BenchmarkGraphs(tool: tool, folder: folder)
    let kronecker = try graphs.kronecker(scale: 22)
    for threads in [1, 2] {
      try run(
        kronecker, "2^22, flat", memory: 1 << 30, threads: threads, count: 60_000, features: nil,
        target: threads == 2 ? ">= 100000" : "-", &report)
    }
    let products = folder + "/products/graph"
    if FileManager.default.fileExists(atPath: products) {
      for threads in [1, 2] {
        try run(
          products, "products, flat, 100 features", memory: 8 << 30, threads: threads,
          count: 20_000, features: "features", target: threads == 2 ? ">= 40000" : "-", &report)
      }
    }
    // The cap is a sixteenth of the edge file: single queries decode just the pages they need.
    try run(
      kronecker, "2^22, over the cap", memory: 8 << 20, threads: 2, count: 4000, features: nil,
      target: "-", &report)
    try PageCache.letGo(ofFilesIn: kronecker)
    try run(
      kronecker, "2^22, over the cap, cold", memory: 8 << 20, threads: 2, count: 1000,
      features: nil, target: "-", &report)
  }

  private func run(
    _ path: String, _ name: String, memory: Int, threads: Int, count: Int, features: String?,
    target: String, _ report: inout Report
  ) throws {
    let graph = try Graph(at: path, memory: ByteCount(memory), threads: threads)
    let sampler = try graph.sampler(.uniform(fanouts: Self.fanouts))
    let isCold = name.hasSuffix("cold")
    // Raw ids of nodes that have a place in the graph, in no order.
    let nodes = (0..<count).map { NodeID(UInt64($0 * 2_654_435_761 % graph.nodeCount)) }
    let raws = isCold ? [] : try graph.rawIDs(of: nodes)
    if !isCold { try query(graph, sampler, raws.prefix(count / 10), features: features) { _ in } }
    var (rates, middle, tail): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<(isCold ? 1 : 5) {
      let latencies = Mutex<[Double]>([])
      let failure = Mutex<(any Error)?>(nil)
      let start = DispatchTime.now()
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        var mine: [Double] = []
        mine.reserveCapacity(count)
        let share = thread * count / threads..<(thread + 1) * count / threads
        do {
          let asked = isCold ? try share.map { try graph.rawID(of: nodes[$0]) } : Array(raws[share])
          try query(graph, sampler, asked[...], features: features) { mine.append($0) }
        } catch {
          failure.withLock { $0 = error }
        }
        latencies.withLock { $0 += mine }
      }
      let seconds = Stopwatch.seconds(since: start)
      if let error = failure.withLock({ $0 }) { throw error }
      let sorted = latencies.withLock { $0.sorted() }
      rates.append(Double(count) / seconds)
      middle.append(sorted[sorted.count / 2] * 1e6)
      tail.append(sorted[sorted.count * 99 / 100] * 1e6)
    }
    let setting = "\(name), fanouts 15,10, by raw id, \(threads) threads"
    report.add(
      Figure(name: "queries", unit: "1/s", values: rates, setting: setting, target: target))
    report.add(
      Figure(name: "query P50", unit: "us", values: middle, setting: setting, target: "-"))
    report.add(
      Figure(name: "query P99", unit: "us", values: tail, setting: setting, target: "< 1000"))
  }

  private func query(
    _ graph: Graph, _ sampler: Sampler, _ raws: ArraySlice<RawID>, features: String?,
    _ took: (Double) -> Void
  ) throws {
    var batch = MiniBatch.empty
    for raw in raws {
      let start = DispatchTime.now()
      let node = try graph.nodes([raw])
      try sampler.sample(nodes: node, into: &batch)
      if let features {
        let rows = try graph.rows(of: features, for: batch.blocks.last?.sources ?? node)
        precondition(!rows.isEmpty)
      }
      took(Stopwatch.seconds(since: start))
    }
  }
}
