import MerestoneCore

/// The forward push around one seed: scores and residuals of the nodes reached, by order of first
/// appearance.
struct SeedPush {
  private var reached = NodeIndex()
  private var lists: [EdgeList] = []
  private var degrees: [Int] = []
  private var settled: [Double] = []
  private var residuals: [Double] = []
  private var pushed: [Int] = []

  /// Puts a residual of 1 on the seed and nothing elsewhere.
  mutating func begin(_ seed: NodeID) throws(SamplingError) {
    reached.removeAll()
    lists.removeAll(keepingCapacity: true)
    degrees.removeAll(keepingCapacity: true)
    settled = [0]
    residuals = [1]
    _ = try reached.add(seed)
  }

  /// The nodes whose lists are not known yet.
  var unknown: ArraySlice<NodeID> { reached.nodes[lists.count...] }

  /// Takes in the list of the next unknown node, of which `degree` edges may be used.
  mutating func learn(_ list: EdgeList, degree: Int) {
    lists.append(list)
    degrees.append(degree)
  }

  /// The lists of the nodes that have residual enough to be pushed, in the order of the nodes.
  mutating func due(_ epsilon: Double) -> [EdgeList] {
    pushed.removeAll(keepingCapacity: true)
    for node in residuals.indices
    where residuals[node] > 0 && residuals[node] >= epsilon * Double(max(1, degrees[node])) {
      pushed.append(node)
    }
    return pushed.map { lists[$0] }
  }

  /// Pushes the nodes that are due: `sources` are the ends of their edges, node after node.
  mutating func push(_ sources: Span<NodeID>, _ alpha: Double) throws(SamplingError) {
    // All of a round take off before any lands, so that the order of the nodes does not matter
    // beyond the rounding of sums.
    var shares: [Double] = []
    for node in pushed {
      let residual = residuals[node]
      residuals[node] = 0
      let degree = degrees[node]
      settled[node] += degree == 0 ? residual : alpha * residual
      shares.append(degree == 0 ? 0 : (1 - alpha) * residual / Double(degree))
    }
    var next = 0
    for (node, share) in zip(pushed, shares) {
      for _ in 0..<degrees[node] {
        let end = try reached.add(sources[next])
        next += 1
        if end == residuals.count {
          residuals.append(0)
          settled.append(0)
        }
        residuals[end] += share
      }
    }
  }

  /// The nodes with a score.
  func scores() -> [(node: NodeID, weight: Double)] {
    zip(reached.nodes, settled).filter { $0.1 > 0 }.map { (node: $0.0, weight: $0.1) }
  }
}
