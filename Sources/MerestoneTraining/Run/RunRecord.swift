/// What `run.json` says about a run: enough to repeat it, to resume it, and to judge its numbers.
package struct RunRecord: Codable, Sendable, Equatable {
  package static let currentVersion = 1

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
