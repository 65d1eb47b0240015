/// What preprocessing is expected to take; beside the truth in `report.json`.
package struct PreprocessPrediction: Codable, Sendable {
  /// One stage, by its name in progress and report.
  package struct Stage: Codable, Sendable {
    package var name: String
    package var seconds: Double
    package var memoryBytes: Int
    /// Temporary files at the stage's peak.
    package var temporaryBytes: Int
  }

  /// Nodes and edges of the graph.
  package var nodes = 0
  package var edges = 0
  /// Edges that were looked at to find out.
  package var sampledEdges = 0
  /// Of source ids in pages.
  package var bitsPerEdge = 0.0

  package var leastMemoryBytes = 0
  package var peakMemoryBytes = 0
  package var temporaryBytes = 0
  package var outputBytes = 0
  package var seconds = 0.0
  package var stages: [Stage] = []

  package init() {}
}

/// What preprocessing took: the counterpart of ``PreprocessPrediction``.
package struct PreprocessActual: Codable, Sendable {
  /// The most memory that the process had resident, shared libraries included.
  package var peakMemoryBytes = 0
  /// The most disk space of the temporary files, looked at ten times a second.
  package var temporaryBytes = 0
  package var outputBytes = 0
  package var seconds = 0.0
  package var stages: [StageTime] = []

  package init() {}
}
