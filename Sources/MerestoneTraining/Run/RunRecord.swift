import Glibc
import MerestoneStorage

/// What `run.json` says about a run: enough to repeat it, to resume it, and to judge its numbers.
package struct RunRecord: Codable, Sendable, Equatable {
  package static let currentVersion = 1

  /// The one entry that every version has.
  struct Version: Codable { var version: Int }

  package var version = RunRecord.currentVersion
  package var command: [String]
  package var options: TrainingOptions

  /// The checksum of the graph's manifest; a resumed run refuses another graph.
  package var graphFingerprint: String

  /// The kernels that OpenBLAS chose: bits are the same only for the same name.
  package var blasCore: String
  package var host: String
  package var processors: Int
  package var startedAt: String

  package init(
    command: [String], options: TrainingOptions, graphFingerprint: String, blasCore: String,
    host: String, processors: Int, startedAt: String
  ) {
    self.command = command
    self.options = options
    self.graphFingerprint = graphFingerprint
    self.blasCore = blasCore
    self.host = host
    self.processors = processors
    self.startedAt = startedAt
  }
}

extension RunRecord {
  /// Opens the graph that the run was trained on.
  ///
  /// - Throws: ``TrainingError/missingGraph(run:graph:)`` where it is not there, and
  ///   ``TrainingError/changedGraph(graph:expected:found:)`` where another one is.
  func openGraph(at path: String, run: String) throws(TrainingError) -> GraphStore {
    guard unsafe access("\(path)/\(GraphManifest.fileName)", F_OK) == 0 || errno != ENOENT else {
      throw .missingGraph(run: run, graph: path)
    }
    let store = try TrainingRun.open(path)
    let found = String(store.fingerprint, radix: 16)
    guard found == graphFingerprint else {
      throw .changedGraph(graph: path, expected: graphFingerprint, found: found)
    }
    return store
  }
}
