import MerestoneCore

/// What preprocessing found and made. Written as `report.json` beside the manifest.
package struct PreprocessReport: Codable, Sendable {
  package var nodes = 0
  package var edges = 0
  package var shards = 0
  package var counts = PolicyCounts()
  package var columns = ColumnCounts()

  /// Edges between shards and their share, and the largest part over the mean, minus 1.
  package var cutEdges = 0
  package var cutRatio = 0.0
  package var nodeImbalance = 0.0
  package var edgeImbalance = 0.0
  package var trainImbalance: Double?
  /// The order that was used, `auto` resolved.
  package var order = ""
  /// Why `auto` chose it.
  package var orderReason: String?

  package var stages: [StageTime] = []
  package var seconds = 0.0
  package var inputBytes = 0
  package var outputBytes = 0
  package var threads = 0
  package var memoryCapBytes = 0
  /// The least cap that the number of nodes asks for.
  package var predictedPeakBytes = 0
  /// What was expected before the start; nil for the standard input, and for input that a first
  /// look could not read.
  package var predicted: PreprocessPrediction?
  package var actual: PreprocessActual?
  package var peakResidentBytes = 0
  package var host = ""
  package var warnings: [String] = []

  package init() {}
}

/// How long one stage took.
package struct StageTime: Codable, Sendable {
  package var name: String
  package var seconds: Double
  /// Of all threads together.
  package var cpuSeconds: Double?
  /// The most that the process had resident until the stage's end.
  package var peakMemoryBytes: Int?
}

/// What the policies met and did.
package struct PolicyCounts: Codable, Sendable, Equatable {
  /// Edges of the input files.
  package var inputEdges = 0
  /// Edges from a node to itself, and how many of them were dropped.
  package var selfLoops = 0
  package var selfLoopsDropped = 0
  /// Edges equal to an earlier one in all but split, and how many of them were dropped.
  package var duplicates = 0
  package var duplicatesDropped = 0
  /// Edges added by `--undirected`.
  package var reversesAdded = 0
  /// Nodes without any edge.
  package var isolatedNodes = 0
  /// Nodes added to those of the node table, and edges dropped because of nodes that it lacks.
  package var unlistedNodesAdded = 0
  package var unlistedEdgesDropped = 0

  package init() {}
}

/// The columns that the graph has.
package struct ColumnCounts: Codable, Sendable, Equatable {
  package var node: [String] = []
  package var edge: [String] = []

  package init() {}
}

extension PolicyCounts {
  /// One line per policy: what was met, what became of it, and the flag that changes it.
  package func lines(
    undirected: Bool, duplicates: DuplicatePolicy, selfLoops: SelfLoopPolicy
  ) -> [String] {
    var lines = ["\(inputEdges.grouped) edges read"]
    lines.append(
      selfLoops == .keep
        ? "\(self.selfLoops.grouped) self-loops kept (--self-loops drop)"
        : "\(self.selfLoops.grouped) self-loops dropped (--self-loops keep)")
    lines.append(
      duplicates == .keep
        ? "\(self.duplicates.grouped) duplicates kept (--duplicates drop)"
        : "\(self.duplicates.grouped) duplicates dropped (--duplicates keep)")
    lines.append(
      undirected
        ? "\(reversesAdded.grouped) missing reverse edges added (--undirected)"
        : "edges are directed (--undirected adds missing reverses)")
    lines.append("\(isolatedNodes.grouped) nodes without edges kept")
    if unlistedNodesAdded > 0 {
      lines.append("\(unlistedNodesAdded.grouped) unlisted nodes added (--unlisted-nodes add)")
    }
    if unlistedEdgesDropped > 0 {
      lines.append(
        "\(unlistedEdgesDropped.grouped) edges with unlisted nodes dropped (--unlisted-nodes drop)")
    }
    return lines
  }
}
