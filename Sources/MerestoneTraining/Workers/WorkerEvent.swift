import FoundationEssentials

/// What a worker tells its supervisor.
package enum WorkerEvent: Codable, Sendable {
  /// An epoch is complete and its line is in `metrics.jsonl`.
  case epoch(EpochMetrics, isBest: Bool)

  case warning(String)

  /// The worker cannot go on; `exitCode` is what the command should exit with.
  case failure(message: String, exitCode: Int32)

  case finished(TrainingSummary)

  func encoded() -> Data {
    do {
      return try JSONEncoder().encode(self)
    } catch {
      preconditionFailure("an event that JSON cannot hold: \(error)")
    }
  }

  static func decode(_ data: Data) throws -> WorkerEvent {
    try JSONDecoder().decode(WorkerEvent.self, from: data)
  }
}

/// How a run ended; also written as `report.json`.
package struct TrainingSummary: Codable, Sendable, Equatable {
  package var epochs: Int
  package var stoppedEarly: Bool
  package var bestEpoch: Int?
  package var bestValidation: Double?
  package var bestValidationLoss: Double?
  package var finalLoss: Double
  package var parameters: Int

  /// A checksum of the final weights: equal for runs with equal bits.
  package var weightsChecksum: UInt32

  /// The same of the weights that `evaluate` uses.
  package var bestWeightsChecksum: UInt32
}
