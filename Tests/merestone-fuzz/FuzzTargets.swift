import MerestoneStorage
import MerestoneTestSupport

/// All readers that are fuzzed. A reader that is new gets its line here.
enum FuzzTargets {
  /// - Parameters:
  ///   - inputs: A folder with further valid inputs, in one folder for each target.
  ///   - graphs: A folder of small graphs that this version of the program has made.
  ///   - runs: A folder of runs that ``InterruptedRun`` has made.
  static func all(inputs: String?, graphs: String?, runs: String?) throws -> [any FuzzTarget] {
    func files(_ target: String) throws -> [FuzzFile] {
      guard let inputs else { return [] }
      return try Folder.files(below: "\(inputs)/\(target)", orNone: true)
    }
    var targets: [any FuzzTarget] = [
      EdgeTarget(name: "edges-text", inputs: SeedInputs.text + (try files("edges-text"))),
      EdgeTarget(name: "edges-binary", inputs: SeedInputs.binary + (try files("edges-binary"))),
      EdgeTarget(
        name: "edges-compressed", inputs: SeedInputs.compressed + (try files("edges-compressed")),
        plain: SeedInputs.text),
      TableTarget(inputs: SeedInputs.tables + (try files("nodes"))),
      FeatureTarget(name: "features-npy", inputs: SeedInputs.arrays + (try files("features-npy"))),
      FeatureTarget(
        name: "features-npz", inputs: SeedInputs.matrices + (try files("features-npz")),
        archives: SeedInputs.matrixEntries),
    ]
    if let graphs {
      let whole = try Folder.names(in: graphs).map { try Folder.files(below: "\(graphs)/\($0)") }
      for files in whole { try GraphRepairCheck.check(files) }
      func graphTarget(
        _ name: String, samples: Bool = false,
        changing changes: @escaping @Sendable (String) -> Bool
      ) -> GraphTarget {
        // Two encodings of the same edges would contradict each other once one is changed, and only
        // `verify` compares them.
        let graphs = whole.filter { files in
          files.contains { changes($0.path) }
            && !(samples && files.contains { $0.path.hasSuffix(".packed") })
        }
        return GraphTarget(name: name, graphs: graphs, changes: changes, samples: samples)
      }
      targets += [
        graphTarget("graph-manifest") { $0 == GraphManifest.fileName },
        graphTarget("graph-edges") { $0.hasSuffix(".csc") || $0.hasSuffix(".packed") },
        graphTarget("graph-sampling", samples: true) { $0.hasSuffix(".csc") },
        graphTarget("graph-sampling-columns", samples: true) { $0.contains("/edges/r0000.c0") },
        graphTarget("graph-columns") { $0.contains("/nodes/") || $0.contains(".c0") },
        graphTarget("graph-ids") { $0.hasPrefix("ids/") },
        graphTarget("graph-reverse") { $0.hasSuffix(".rev") || $0.hasSuffix(".rev.ids") },
      ]
    }
    if let runs {
      let runs = try InterruptedRun.all(in: runs)
      targets += [
        JournalTarget(name: "journal", runs: runs) { $0.hasSuffix("/journal.json") },
        JournalTarget(name: "journal-files", runs: runs) {
          $0.hasPrefix("graph.temporary/") && !$0.hasSuffix("/journal.json")
        },
        JournalTarget(name: "journal-graph", runs: runs) { $0.hasPrefix("graph.partial/") },
      ]
    }
    return targets
  }
}

/// A repair that has fallen behind the format would let every change be caught by a checksum.
enum GraphRepairCheck {
  static func check(_ graph: [FuzzFile]) throws {
    for file in graph where !file.path.hasSuffix("report.json") {
      for repaired in GraphRepair.repair(file, in: graph) {
        let original = graph.first { $0.path == repaired.path }
        guard original?.bytes == repaired.bytes else {
          throw Fault(
            description: "repairing the unchanged \(file.path) changes \(repaired.path); "
              + "GraphRepair no longer knows the format")
        }
      }
    }
  }
}
