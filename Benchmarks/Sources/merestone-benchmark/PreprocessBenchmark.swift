import Foundation
import Merestone

/// From a file of edges to a stored graph: Kronecker, 2^20 nodes, 16.8 million edges.
struct PreprocessBenchmark {
  let tool: Tool
  let folder: String

  static let edges = 16 * (1 << 20)

  func run(_ report: inout Report) throws {
    let manager = FileManager.default
    let input = folder + "/kron20"
    if !manager.fileExists(atPath: input) {
      _ = try tool.run([
        "generate", "kronecker", "--scale", "20", "--edge-factor", "16", "--out", input,
      ])
    }
    for partitioner in ["range", "ldg"] {
      var seconds: [Double] = []
      var peaks: [Double] = []
      let graph = "\(folder)/kron20-\(partitioner)"
      for _ in 0..<3 {
        try? manager.removeItem(atPath: graph)
        let outcome = try tool.run([
          "preprocess", input + "/edges.u32", "--out", graph, "--shards", "4", "--threads", "2",
          "--partitioner", partitioner, "--order", "degree", "--quiet",
        ])
        seconds.append(outcome.seconds)
        peaks.append(Double(outcome.peakBytes) / Double(1 << 20))
      }
      let setting = "16.8 M edges, u32, 4 shards, \(partitioner), degree order, 2 threads"
      report.add(
        Figure(
          name: "preprocess \(partitioner)", unit: "s", values: seconds, setting: setting,
          target: "< 15"))
      report.add(
        Figure(
          name: "preprocess \(partitioner) peak", unit: "MiB", values: peaks, setting: setting,
          target: "-"))
      let inspected = try tool.run(["inspect", graph, "--json"]).output
      for (key, name) in [("bitsPerEdge", "bits per edge"), ("cutRatio", "cut ratio")] {
        report.add(
          Figure(
            name: "\(name) \(partitioner)", unit: "-",
            values: [try Tool.number(key, in: inspected)],
            setting: setting, target: "-"))
      }
    }
  }
}
