import Foundation
import Merestone

/// Mini-batches from the stored Kronecker graph: fanouts 15, 10, 5, 1,024 seeds each, 2 threads.
struct SamplingBenchmark {
  let folder: String

  private static let batchCount = 60

  func run(_ report: inout Report) throws {
    let path = folder + "/kron20-range"
    var opened: [Double] = []
    for _ in 0..<5 {
      let start = DispatchTime.now()
      let graph = try Graph(at: path)
      opened.append(Stopwatch.seconds(since: start) * 1000)
      precondition(graph.edgeCount == PreprocessBenchmark.edges)
    }
    report.add(
      Figure(
        name: "open", unit: "ms", values: opened, setting: "16.8 M edges, 4 shards",
        target: "milliseconds"))
    for (name, memory) in [("flat", ByteCount(1 << 30)), ("paged", ByteCount(0))] {
      let graph = try Graph(at: path, memory: memory)
      _ = try graph.sample(nodes: [NodeID(0)], fanouts: [1])
      let count = name == "flat" ? Self.batchCount : Self.batchCount / 6
      var rates: [Double] = []
      for epoch in 0..<5 {
        let seeds = (0..<graph.nodeCount).map { NodeID(UInt64($0)) }
        let start = DispatchTime.now()
        let batches = try graph.batches(
          of: seeds, size: 1024, fanouts: [15, 10, 5], shuffled: true, epoch: epoch, threads: 2)
        var edges = 0
        for _ in 0..<count {
          guard let batch = try batches.next() else { break }
          edges += batch.blocks.reduce(0) { $0 + $1.edgeCount }
        }
        rates.append(Double(edges) / Stopwatch.seconds(since: start) / 1e6)
      }
      report.add(
        Figure(
          name: "sampling \(name)", unit: "M edges/s", values: rates,
          setting: "kron20, fanouts 15,10,5, batch 1024, 2 threads",
          target: name == "flat" ? ">= 20" : "-"))
    }
  }
}
