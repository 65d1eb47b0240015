import Foundation

/// Other programs, which sample the same graphs in the same run where `MERESTONE_PEERS` names the folder
/// that `Benchmarks/peers/setup.sh` made.
struct Peers {
  private let python: Tool
  private let script: String

  /// What one of them reached, the median of three runs.
  struct Rate: Decodable {
    /// As `sampling.py` names it.
    var sampler: String
    /// Whether the feature rows of the input nodes were copied.
    var features: Bool
    var batchesPerSecond: Double
    var edgesPerSecond: Double
  }

  /// `nil` where there are none.
  init?() {
    guard let folder = ProcessInfo.processInfo.environment["MERESTONE_PEERS"] else { return nil }
    python = Tool(executable: folder + "/bin/python")
    let package = URL(fileURLWithPath: #filePath, isDirectory: false)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    script = package.appendingPathComponent("peers/sampling.py").path
  }

  /// Runs samplers one after the other.
  ///
  /// - Parameter arguments: The file of edges, and flags of `sampling.py`.
  func rates(_ samplers: [String], _ arguments: [String]) throws -> [Rate] {
    try samplers.flatMap { sampler in
      try python.run([script, sampler] + arguments).output.split(separator: "\n").map {
        try JSONDecoder().decode(Rate.self, from: Data($0.utf8))
      }
    }
  }
}

extension Report {
  /// Adds what others reached, and how many times the best of them figures of this program are.
  mutating func compare(_ names: [String], with rates: [Peers.Rate]) {
    let ours = names.compactMap { name in figures.first { $0.name == name } }
    guard let unit = ours.first?.unit, let setting = ours.first?.setting else { return }
    let reached = rates.map { unit == "M edges/s" ? $0.edgesPerSecond / 1e6 : $0.batchesPerSecond }
    for (rate, value) in zip(rates, reached) {
      add(
        Figure(
          name: rate.sampler + (rate.features ? " with features" : ""), unit: unit, values: [value],
          setting: setting, target: "-"))
    }
    guard let best = reached.max() else { return }
    for figure in ours {
      add(
        Figure(
          name: figure.name + " against the best peer", unit: "times",
          values: figure.values.map { $0 / best }, setting: figure.setting, target: figure.target))
    }
  }
}
