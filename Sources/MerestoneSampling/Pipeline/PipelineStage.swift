/// What a thread of a pipeline is doing; named when it does not get on.
package enum PipelineStage: UInt8, Sendable, Equatable, CaseIterable {
  case starting, seeds, sampling, features, labels
}

extension PipelineStage: CustomStringConvertible {
  package var description: String {
    switch self {
    case .starting: "starting a thread"
    case .seeds: "choosing seeds"
    case .sampling: "sampling neighbours"
    case .features: "reading feature rows"
    case .labels: "reading labels"
    }
  }
}

/// A mini-batch that did not come: what its thread was doing, and for how long nothing had moved.
package struct Stall: Sendable, Equatable {
  package var stage: PipelineStage
  package var item: Int
  package var seconds: Double
}

extension Stall: CustomStringConvertible {
  package var description: String {
    "mini-batch \(item) is stuck at \(stage): nothing has moved for \(Int(seconds.rounded())) s; "
      + "see whether the disk answers, or wait longer"
  }
}
