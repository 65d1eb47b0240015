import MerestoneCore
import MerestoneStorage

/// Gathers the feature rows of mini-batches, on one thread of a pipeline.
package struct FeatureGatherer: Sendable {
  private let rows: NodeRows
  private let pulse: Pulse

  init(_ rows: NodeRows, pulse: Pulse) {
    self.rows = rows
    self.pulse = pulse
  }

  /// Writes the rows of some nodes in place of what `features` holds.
  func gather(
    _ nodes: [NodeID], into features: inout FeatureRows
  ) throws(SamplingError) {
    try Self.wrap { () throws(StorageError) in try rows.readAhead(of: nodes.span, between: beat) }
    try features.fill(count: nodes.count, width: rows.width) { values throws(SamplingError) in
      try Self.wrap { () throws(StorageError) in
        try rows.copyRows(of: nodes.span, into: &values, between: beat)
      }
    }
    try pulse.check()
  }

  private func beat() throws(StorageError) { try pulse.check(reading: rows.name) }

  private static func wrap(_ body: () throws(StorageError) -> Void) throws(SamplingError) {
    do throws(StorageError) { try body() } catch { throw .storage(error) }
  }
}
