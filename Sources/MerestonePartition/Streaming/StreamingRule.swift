/// How a streamed node weighs neighbours against room.
enum StreamingRule: Sendable {
  /// (neighbours there) x (1 - fill). Stanton and Kliot, "Streaming Graph Partitioning for Large
  /// Distributed Graphs", KDD 2012.
  case greedy
  /// Neighbours there, however full: for refining.
  case attachment
  /// Neighbours there minus the marginal cost of load, `alpha` x sqrt(fill): the cost of a shard
  /// grows as load^1.5. Tsourakakis et al., "FENNEL: Streaming Graph Partitioning for Massive
  /// Scale Graphs", WSDM 2014, with gamma = 1.5.
  case fennel(alpha: Double)

  /// The paper's alpha = sqrt(k) m / n^1.5, written for fill instead of the number of nodes: its
  /// marginal cost 1.5 alpha sqrt(nodes) is 1.5 (m / n) sqrt(fill).
  static func fennel(nodeCount: Int, entryCount: Int) -> StreamingRule {
    .fennel(alpha: 1.5 * Double(entryCount) / 2 / Double(max(nodeCount, 1)))
  }

  @inline(__always)
  func score(neighbors: UInt32, fill: Double) -> Double {
    switch self {
    case .greedy: Double(neighbors) * max(0, 1 - fill)
    case .attachment: Double(neighbors)
    case .fennel(let alpha): Double(neighbors) - alpha * fill.squareRoot()
    }
  }
}
