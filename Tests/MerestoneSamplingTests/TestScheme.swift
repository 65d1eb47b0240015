import MerestoneCore

@testable import MerestoneSampling

/// The schemes beside the uniform one, by columns `weight` and `time`.
enum TestScheme: CaseIterable {
  case replacement, weighted, weightedReplacement, top, temporal, recent, labor, laborStar

  var isTemporal: Bool { self == .temporal || self == .recent }

  /// - Parameter memory: What is kept of the column may take.
  func open(
    _ topology: Topology, memory: ByteCount = ByteCount(1 << 20), _ pool: ThreadPool
  ) throws(SamplingError) -> NeighborScheme {
    func weights() throws(SamplingError) -> EdgeWeights {
      try EdgeWeights("weight", of: topology, memory: memory, pool: pool)
    }
    func order(_ name: String, _ kind: EdgeOrder.Kind) throws(SamplingError) -> EdgeOrder {
      try EdgeOrder(name, kind, of: topology, memory: memory, pool: pool)
    }
    return switch self {
    case .replacement: .uniformWithReplacement
    case .weighted: .weighted(by: try weights())
    case .weightedReplacement: .weightedWithReplacement(by: try weights())
    case .top: .top(by: try order("weight", .weights))
    case .temporal: .temporal(by: try order("time", .times))
    case .recent: .recent(by: try order("time", .times))
    case .labor: .labor(nil)
    case .laborStar: .laborStar
    }
  }
}
