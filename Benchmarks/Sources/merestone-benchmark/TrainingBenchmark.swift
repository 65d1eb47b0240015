import Foundation

/// Epoch times of GraphSAGE on generated communities, with one and with two worker processes.
struct TrainingBenchmark {
  let tool: Tool
  let folder: String

  func run(_ report: inout Report) throws {
    let manager = FileManager.default
    let input = folder + "/communities"
    let graph = folder + "/communities.graph"
    if !manager.fileExists(atPath: graph) {
      try? manager.removeItem(atPath: input)
      _ = try tool.run([
        "generate", "communities", "--nodes", "200000", "--features", "100", "--out", input,
      ])
      _ = try tool.run([
        "preprocess", input, "--undirected", "--out", graph, "--shards", "2", "--quiet",
      ])
    }
    for workers in [1, 2] {
      let run = "\(folder)/run-\(workers)"
      try? manager.removeItem(atPath: run)
      _ = try tool.run([
        "train", graph, "--out", run, "--model", "sage", "--layers", "2", "--hidden", "128",
        "--fanouts", "10,5", "--batch-size", "1024", "--slices", "2", "--epochs", "4",
        "--workers", String(workers), "--threads", "2", "--quiet",
      ])
      let lines = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8)
        .split(separator: "\n").dropFirst()
      report.add(
        Figure(
          name: "epoch, \(workers) worker\(workers > 1 ? "s" : "")", unit: "s",
          values: try lines.map { try Tool.number("seconds", in: String($0)) },
          setting: "200,000 nodes, sage 2 x 128, fanouts 10,5, batch 1024, 2 threads",
          target: "-"))
    }
  }
}
