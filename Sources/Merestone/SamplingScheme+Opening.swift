import MerestoneSampling

extension SamplingScheme.Law {
  /// Opens the columns that it goes by, and what else it reads.
  func open(
    _ topology: Topology, _ columns: PreparedColumns, _ pool: ThreadPool
  ) throws(SamplingError) -> NeighborScheme {
    switch self {
    case .uniform: .uniform
    case .uniformWithReplacement: .uniformWithReplacement
    case .weighted(let name): .weighted(by: try columns.weights(name, topology, pool))
    case .weightedWithReplacement(let name):
      .weightedWithReplacement(by: try columns.weights(name, topology, pool))
    case .top(let name): .top(by: try columns.order(name, .weights, topology, pool))
    case .temporal(let name): .temporal(by: try columns.order(name, .times, topology, pool))
    case .recent(let name): .recent(by: try columns.order(name, .times, topology, pool))
    case .labor: .labor(try columns.longLists(topology, pool))
    case .laborStar: .laborStar
    }
  }
}
