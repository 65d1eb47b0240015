import Foundation
import Glibc
import MerestoneCore
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport

/// An input of `preprocess` and flags, of which runs are interrupted in every stage.
///
/// All paths are relative and all input files have one fixed time, so that what a run left behind
/// can be resumed wherever it is copied to.
struct RunScenario: Sendable {
  let name: String
  let inputs: [FuzzFile]
  let change: @Sendable (inout PreprocessOptions) -> Void

  static let all = [
    RunScenario(name: "dense", inputs: [text("edges.tsv", dense)]) { options in
      options.partition = PartitionOptions(shards: 2, partitioner: .ldg)
      options.storesReverse = true
    },
    RunScenario(name: "sparse", inputs: [text("edges.tsv", sparse)]) { options in
      options.partition = PartitionOptions(shards: 2, partitioner: .multilevel, ordering: .locality)
      options.isUndirected = true
    },
    RunScenario(name: "words", inputs: [text("edges.tsv", words)]) { options in
      options.partition = PartitionOptions(shards: 1, ordering: .degree)
      options.duplicates = .drop
      options.storesReverse = true
    },
    RunScenario(
      name: "listed", inputs: [text("edges.tsv", dense), text("nodes.tsv", table)]
    ) { options in
      options.nodes = "nodes.tsv"
      options.unlistedNodes = .add
      options.partition = PartitionOptions(shards: 3, partitioner: .fennel, ordering: .degree)
    },
  ]

  /// Edges between small integers with columns of every kind.
  private static let dense: String = {
    var generator = SplitMix64(seed: 1)
    return "# columns: src\tdst\tweight\ttime\tsplit\n"
      + (0..<300).map { row in
        let ends = (0..<2).map { _ in Int.random(in: 0..<50, using: &generator) * 3 }
        let split = ["train", "val", "test"][row % 3]
        return "\(ends[0])\t\(ends[1])\t0.\(row)\t\(1_700_000_000 + row)\t\(split)\n"
      }.joined()
  }()

  private static let sparse: String = {
    var generator = SplitMix64(seed: 2)
    func id() -> UInt64 { UInt64.random(in: 0..<60, using: &generator) << 55 }
    return (0..<250).map { _ in "\(id())\t\(id())\n" }.joined()
  }()

  private static let words: String = {
    var generator = SplitMix64(seed: 3)
    func id() -> String { "node \(Int.random(in: 0..<70, using: &generator))" }
    return (0..<300).map { "\(id())\t\(id())\tkind\($0 % 3)\n" }.joined()
  }()

  private static let table =
    "# columns: id\tlabel\tsplit\tname\n"
    + (0..<40).map { "\($0 * 3)\t\($0 % 4)\t\($0 % 2 == 0 ? "train" : "-")\tn\($0)\n" }.joined()

  private static func text(_ path: String, _ text: String) -> FuzzFile {
    FuzzFile(path: path, bytes: Array(text.utf8))
  }

  /// Options for the folder that is current.
  var options: PreprocessOptions {
    var options = PreprocessOptions(edges: ["edges.tsv"], output: "graph")
    options.memory = ByteCount(256 << 20)
    options.threads = 2
    change(&options)
    return options
  }

  /// Writes the input files, and the folders of a graph that is being made.
  func prepare(in folder: String, isBegun: Bool) throws {
    try Folder.write(inputs, to: folder)
    for input in inputs {
      let times = [timespec(tv_sec: 1_700_000_000, tv_nsec: 0)]
      guard utimensat(AT_FDCWD, "\(folder)/\(input.path)", times + times, 0) == 0 else {
        throw Fault(description: "cannot set the time of \(input.path)")
      }
    }
    guard isBegun else { return }
    for name in GraphLayout.folders(shards: options.partition.shards) {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/graph.partial/\(name)", withIntermediateDirectories: true)
    }
  }

  /// The files of a graph that do not differ from run to run.
  static func graph(in folder: String) throws -> [FuzzFile] {
    try Folder.files(below: "\(folder)/graph").filter { $0.path != GraphManifest.reportName }
  }
}

/// What a run that was interrupted left behind, and what it should have become.
struct InterruptedRun: Sendable {
  let scenario: RunScenario
  let stage: String
  /// Below `graph.partial` and `graph.temporary`.
  let files: [FuzzFile]
  let whole: [FuzzFile]

  private static let stages = [
    "read edges", "number nodes", "count", "group edges", "neighbors", "partition", "route",
    "write edges", "nodes", "reverse", "finish",
  ]

  /// Cancels when a stage begins.
  private final class Canceller: ProgressListener {
    let stage: String
    let cancellation = Cancellation()
    init(_ stage: String) { self.stage = stage }
    func begin(stage: String, total: Int?, unit: String) {
      if stage == self.stage { cancellation.cancel() }
    }
    func advance(by count: Int) {}
    func end(summary: String) {}
    func warn(_ message: String) {}
  }

  /// Makes runs of every scenario and interrupts them in every stage: `SCENARIO/whole` is the
  /// graph, `SCENARIO/STAGE` what was left.
  static func make(in folder: String) throws {
    for scenario in RunScenario.all {
      let place = "\(folder)/\(scenario.name)"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      try scenario.prepare(in: place, isBegun: false)
      guard chdir(place) == 0 else { throw Fault(description: "no folder \(place)") }
      _ = try Preprocess(scenario.options).run()
      try FileManager.default.moveItem(atPath: "graph", toPath: "whole")
      for stage in stages {
        let canceller = Canceller(stage)
        do throws(PreprocessError) {
          _ = try Preprocess(scenario.options).run(
            progress: canceller, cancellation: canceller.cancellation)
          // A stage that this scenario does not have.
          try? FileManager.default.removeItem(atPath: "graph")
        } catch {
          guard error == .interrupted else { throw error }
          let name = stage.replacing(" ", with: "-")
          try? FileManager.default.createDirectory(
            atPath: name, withIntermediateDirectories: true)
          for left in ["graph.partial", "graph.temporary"] {
            try? FileManager.default.moveItem(atPath: left, toPath: "\(name)/\(left)")
          }
        }
      }
    }
  }

  /// Reads what ``make(in:)`` made.
  static func all(in folder: String) throws -> [InterruptedRun] {
    try RunScenario.all.flatMap { scenario in
      let place = "\(folder)/\(scenario.name)"
      let whole = try Folder.files(below: "\(place)/whole").filter {
        $0.path != GraphManifest.reportName
      }
      return try Folder.names(in: place).compactMap { stage -> InterruptedRun? in
        let files = try? Folder.files(below: "\(place)/\(stage)")
        guard stage != "whole", let files, !files.isEmpty else { return nil }
        return InterruptedRun(scenario: scenario, stage: stage, files: files, whole: whole)
      }
    }
  }
}
