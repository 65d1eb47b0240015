import Foundation
import Merestone

/// What every scheme of neighbour sampling costs beside uniform sampling of the same graph, in turns; and
/// what those by a column reach under a cap that holds neither the edges nor the column.
struct SchemesBenchmark {
  let tool: Tool
  let folder: String

  private static let rounds = 3

  func run(_ report: inout Report) throws {
    let path = try BenchmarkGraphs(tool: tool, folder: folder).weighted()
    let graph = try Graph(at: path, memory: ByteCount(4 << 30))
    let fanouts = [15, 10, 5]
    // Fast ones make so many mini-batches that starting threads and filling memory for the first time is
    // not what is timed.
    let many = 200
    let few = 20
    let schemes:
      [(name: String, scheme: SamplingScheme, time: Int64?, batches: Int, target: String)] = [
        ("with replacement", .uniformWithReplacement(fanouts: fanouts), nil, many, "-"),
        ("weighted", .weighted(by: "weight", fanouts: fanouts), nil, many, ">= 0.5"),
        (
          "weighted with replacement", .weightedWithReplacement(by: "weight", fanouts: fanouts),
          nil, many, ">= 0.5"
        ),
        ("top", .top(by: "weight", fanouts: fanouts), nil, many, "-"),
        ("temporal", .temporal(by: "time", fanouts: fanouts), 12_000_000, few, "-"),
        ("recent", .recent(by: "time", fanouts: fanouts), 12_000_000, few, "-"),
        ("LABOR-0", .labor(fanouts: fanouts), nil, few, ">= 5 times GraphBolt's"),
        ("LABOR-*", .laborStar(fanouts: fanouts), nil, few, "-"),
      ]
    let setting = "2^20, 16.8 M edges, flat, fanouts 15,10,5, batch 1024, 2 threads"
    let uniform = try graph.sampler(.uniform(fanouts: fanouts))
    func rate(_ sampler: Sampler, _ time: Int64?, batches: Int) throws -> Double {
      try Stopwatch.samplingRates(
        sampler, nodes: graph.nodeCount, times: time, batches: batches, runs: 1, threads: 2)[0]
    }
    for (name, scheme, time, batches, target) in schemes {
      let sampler = try graph.sampler(scheme)
      var (rates, ratios): ([Double], [Double]) = ([], [])
      for _ in 0..<Self.rounds {
        let base = try rate(uniform, nil, batches: many)
        rates.append(try rate(sampler, time, batches: batches))
        ratios.append(rates.last! / base)
      }
      report.add(
        Figure(
          name: "sampling \(name)", unit: "M edges/s", values: rates, setting: setting,
          target: "-"))
      report.add(
        Figure(
          name: "\(name) against uniform", unit: "times", values: ratios, setting: setting,
          target: target))
    }
    try runOverCap(path, fanouts, &report)
  }

  private func runOverCap(_ path: String, _ fanouts: [Int], _ report: inout Report) throws {
    let graph = try Graph(at: path, memory: ByteCount(64 << 20))
    let schemes: [(name: String, scheme: SamplingScheme, time: Int64?)] = [
      ("uniform", .uniform(fanouts: fanouts), nil),
      ("weighted", .weighted(by: "weight", fanouts: fanouts), nil),
      ("temporal", .temporal(by: "time", fanouts: fanouts), 12_000_000),
      ("recent", .recent(by: "time", fanouts: fanouts), 12_000_000),
    ]
    for (name, scheme, time) in schemes {
      report.add(
        Figure(
          name: "sampling \(name) over the cap", unit: "M edges/s",
          values: try Stopwatch.samplingRates(
            graph.sampler(scheme), nodes: graph.nodeCount, times: time, batches: 20,
            runs: Self.rounds, threads: 2),
          setting: "2^20, 16.8 M edges, 64 MiB, fanouts 15,10,5, batch 1024, 2 threads",
          target: "-"))
    }
  }
}
