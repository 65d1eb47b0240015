import Foundation

/// Published accuracies reproduced: each value is the test accuracy of one seed.
struct AccuracyBenchmark {
  let tool: Tool
  let folder: String

  private struct Experiment {
    var set: String
    var model: String
    var seeds: Int
    var published: String
    var preprocess: [String] = ["--undirected", "--duplicates", "drop", "--self-loops", "drop"]
    var train: [String]
  }

  /// Kipf and Welling, ICLR 2017: full neighbourhoods, dropout 0.5, Adam at 0.01.
  private static let common = [
    "--layers", "2", "--fanouts=-1,-1", "--batch-size", "4096", "--dropout", "0.5",
    "--learning-rate", "0.01", "--weight-decay", "5e-4", "--weight-decay-layers", "first",
    "--epochs", "200",
  ]
  private static let planetoid = common + ["--normalize-features", "row", "--patience", "10"]

  private static let experiments = [
    Experiment(
      set: "cora", model: "gcn", seeds: 10, published: "81.5 +- 1.0",
      train: planetoid + ["--hidden", "16"]),
    Experiment(
      set: "citeseer", model: "gcn", seeds: 10, published: "70.3 +- 1.0",
      train: planetoid + ["--hidden", "16"]),
    Experiment(
      set: "cora", model: "sage", seeds: 10, published: ">= 80",
      train: planetoid + ["--hidden", "64"]),
    Experiment(
      set: "amazon-computers", model: "gcn", seeds: 5, published: "82 +- 2",
      train: common + ["--hidden", "64", "--patience", "30"]),
  ]

  func run(_ report: inout Report) throws {
    let data =
      ProcessInfo.processInfo.environment["MERESTONE_DATA"]
      ?? URL(filePath: #filePath).appending(path: "../../../../../shared/data").standardized.path
    for experiment in Self.experiments {
      let input = "\(data)/\(experiment.set)"
      guard FileManager.default.fileExists(atPath: input) else {
        print("skipped: \(experiment.set) is not in \(data); set MERESTONE_DATA")
        continue
      }
      let graph = "\(folder)/\(experiment.set).graph"
      try? FileManager.default.removeItem(atPath: graph)
      _ = try tool.run(
        ["preprocess", input, "--out", graph, "--quiet"] + experiment.preprocess)
      var accuracies: [Double] = []
      for seed in 1...experiment.seeds {
        let run = "\(folder)/\(experiment.set)-\(experiment.model)"
        try? FileManager.default.removeItem(atPath: run)
        _ = try tool.run(
          [
            "train", graph, "--out", run, "--model", experiment.model, "--seed", String(seed),
            "--quiet",
          ] + experiment.train)
        let result = try tool.run(["evaluate", run, "--split", "test", "--json"]).output
        accuracies.append(100 * (try Tool.number("accuracy", in: result)))
      }
      let mean = accuracies.reduce(0, +) / Double(accuracies.count)
      let variance =
        accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        / Double(max(1, accuracies.count - 1))
      report.add(
        Figure(
          name: "\(experiment.set) \(experiment.model)", unit: "% test accuracy",
          values: accuracies,
          setting: String(
            format: "mean %.1f, standard deviation %.1f, %d seeds", mean, variance.squareRoot(),
            accuracies.count),
          target: experiment.published))
    }
  }
}
