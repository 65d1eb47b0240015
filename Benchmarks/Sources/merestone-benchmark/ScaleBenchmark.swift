import Foundation

/// Preprocessing graphs that are larger than the memory it may use: Kronecker of 2^22 nodes (67
/// million edges) under 1 GiB, or of 2^26 (1.07 billion) under 4 GiB.
struct ScaleBenchmark {
  let tool: Tool
  let folder: String
  let scale: Int

  private var isBillion: Bool { scale == 26 }
  private var shards: Int { isBillion ? 8 : 4 }
  private var memory: String { isBillion ? "4GiB" : "1GiB" }

  func run(_ report: inout Report) throws {
    let manager = FileManager.default
    let input = "\(folder)/kron\(scale)"
    if !manager.fileExists(atPath: input) {
      _ = try tool.run([
        "generate", "kronecker", "--scale", "\(scale)", "--out", input, "--format", "u32",
        "--quiet",
      ])
    }
    for (partitioner, target) in [
      ("range", isBillion ? "<= 60" : "-"), ("ldg", isBillion ? "<= 180" : "<= 10"),
    ] {
      let graph = "\(folder)/kron\(scale)-\(partitioner)"
      var seconds: [Double] = []
      var peaks: [Double] = []
      for _ in 0..<(isBillion ? 1 : 3) {
        try? manager.removeItem(atPath: graph)
        let outcome = try tool.run([
          "preprocess", input + "/edges.u32", "--out", graph, "--shards", "\(shards)",
          "--threads", "2", "--partitioner", partitioner, "--order", "degree", "--memory", memory,
          "--quiet",
        ])
        seconds.append(outcome.seconds)
        peaks.append(Double(outcome.peakBytes) / Double(1 << 20))
      }
      let setting =
        "2^\(scale) nodes, \(16 << (scale - 20)) Mi edges, u32, \(shards) shards, \(partitioner), "
        + "degree order, --memory \(memory), 2 threads"
      report.add(
        Figure(
          name: "preprocess 2^\(scale) \(partitioner)", unit: "s", values: seconds,
          setting: setting, target: target))
      report.add(
        Figure(
          name: "preprocess 2^\(scale) \(partitioner) peak", unit: "MiB", values: peaks,
          setting: setting, target: isBillion ? "<= 4096" : "<= 1024"))
      let inspected = try tool.run(["inspect", graph, "--json"]).output
      for (key, name) in [("bitsPerEdge", "bits per edge"), ("cutRatio", "cut ratio")] {
        report.add(
          Figure(
            name: "\(name) 2^\(scale) \(partitioner)", unit: "-",
            values: [try Tool.number(key, in: inspected)], setting: setting, target: "-"))
      }
      try openAndSample(graph, setting: setting, &report)
    }
  }

  /// A cold process opens the graph and samples one mini-batch.
  private func openAndSample(
    _ graph: String, setting: String, _ report: inout Report
  ) throws {
    let ids = try tool.run(["lookup", graph, "--global", "0,1,2,3", "--json"]).output
    let objects = try JSONSerialization.jsonObject(with: Data(ids.utf8))
    let raw = Self.rawIDs(in: objects).map(String.init).joined(separator: ",")
    guard !raw.isEmpty else { return }
    var seconds: [Double] = []
    var peaks: [Double] = []
    for _ in 0..<3 {
      let outcome = try tool.run([
        "sample", graph, "--seeds", raw, "--fanouts", "15,10,5", "--memory", "1GiB", "--json",
      ])
      seconds.append(outcome.seconds)
      peaks.append(Double(outcome.peakBytes) / Double(1 << 20))
    }
    report.add(
      Figure(
        name: "open and sample 2^\(scale)", unit: "s", values: seconds, setting: setting,
        target: "< 1"))
    report.add(
      Figure(
        name: "open and sample 2^\(scale) peak", unit: "MiB", values: peaks, setting: setting,
        target: "<= 1024"))
  }

  private static func rawIDs(in object: Any) -> [Int] {
    if let list = object as? [Any] { return list.flatMap(rawIDs) }
    guard let fields = object as? [String: Any] else { return [] }
    if let raw = fields["raw"] as? Int { return [raw] }
    return fields.values.flatMap(rawIDs)
  }
}
