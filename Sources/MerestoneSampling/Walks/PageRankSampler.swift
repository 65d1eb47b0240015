package import MerestoneCore

/// Neighbourhoods by personalised PageRank, by forward push.
///
/// The score of a node is the probability that a walk from the seed ends there, where a walk ends
/// before each step with the probability `alpha`, and at nodes without in-edges. Andersen, Chung
/// and Lang, "Local Graph Partitioning using PageRank Vectors", FOCS 2006: a residual of 1 at the
/// seed is pushed along in-edges wherever it is at least `epsilon` times the in-degree (or 1, for
/// nodes without in-edges); a push settles a share of `alpha` where it is and spreads the rest
/// evenly. Every score is too small by at most the residual that is left, which is below `epsilon`
/// times the in-degrees of the nodes that were reached; where every edge is stored in both
/// directions, the score of `v` is too small by at most `epsilon` times the in-degree of `v`.
/// Nothing is drawn.
package struct PageRankSampler {
  private let topology: Topology
  private let alpha: Double
  private let epsilon: Double
  private var reader: InEdgeReader
  private var pushes: [SeedPush] = []

  // One round of all seeds of a portion: which lists are pushed, and their edges.
  private var lists: [EdgeList] = []
  private var allowed: [EdgeID] = []
  private var edges: [EdgeID] = []
  private var sources: [NodeID] = []

  /// - Throws: ``SamplingError/badParameter(name:value:expected:)``.
  package init(
    _ topology: Topology, alpha: Double = 0.15, epsilon: Double = 1e-4
  ) throws(SamplingError) {
    for (name, value) in [("alpha", alpha), ("epsilon", epsilon)] where !(value > 0 && value < 1) {
      throw .badParameter(name: name, value: value, expected: "a number above 0 and below 1")
    }
    self.topology = topology
    self.alpha = alpha
    self.epsilon = epsilon
    reader = InEdgeReader(topology)
  }

  /// The nodes with the highest scores around each seed, the seed itself among them.
  ///
  /// - Parameter count: The most nodes of a neighbourhood.
  /// - Returns: Weights are scores; all scores of a seed sum to 1 less what is left unpushed.
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)``, or the store's error.
  /// - Complexity: At most `1 / (alpha * epsilon)` edges a seed, whatever the size of the graph.
  ///   Seeds are pushed together, round by round, in portions that hold about 4 million edges.
  package mutating func neighborhoods(
    of seeds: [NodeID], count: Int
  ) throws(SamplingError) -> Neighborhoods {
    guard count >= 0 else {
      throw .badParameter(name: "neighbours", value: Double(count), expected: "0 or more")
    }
    try topology.check(seeds)
    var result = Neighborhoods()
    let portion = max(1, min(256, Int(epsilon * 0x1p22)))
    var first = 0
    while first < seeds.count {
      let part = seeds[first..<min(first + portion, seeds.count)]
      while pushes.count < part.count { pushes.append(SeedPush()) }
      for (place, seed) in part.enumerated() { try pushes[place].begin(seed) }
      while try pushRound(part.count) {}
      for (place, seed) in part.enumerated() {
        result.append(seed, pushes[place].scores(), keeping: count)
      }
      first += portion
    }
    return result
  }

  /// Pushes once wherever it is due; `false` where it was due nowhere.
  private mutating func pushRound(_ count: Int) throws(SamplingError) -> Bool {
    try learnDegrees(count)
    edges.removeAll(keepingCapacity: true)
    var spread: [Range<Int>] = []
    var isDue = false
    for place in 0..<count {
      let first = edges.count
      let due = pushes[place].due(epsilon)
      isDue = isDue || !due.isEmpty
      for list in due {
        if topology.isFiltered {
          try reader.readAllowed(of: list, into: &allowed)
          edges.append(contentsOf: allowed)
        } else {
          for edge in list.range { edges.append(EdgeID(edge)) }
        }
      }
      spread.append(first..<edges.count)
    }
    guard isDue else { return false }
    try reader.readSources(of: edges, into: &sources)
    let sources = self.sources
    for place in 0..<count {
      try pushes[place].push(sources.span.extracting(spread[place]), alpha)
    }
    return true
  }

  /// Looks up the lists of nodes that were reached for the first time.
  private mutating func learnDegrees(_ count: Int) throws(SamplingError) {
    var reached: [NodeID] = []
    for place in 0..<count { reached.append(contentsOf: pushes[place].unknown) }
    try reader.readLists(of: reached, into: &lists)
    var next = 0
    for place in 0..<count {
      for _ in pushes[place].unknown.indices {
        let list = lists[next]
        var degree = Int(list.count)
        if topology.isFiltered {
          try reader.readAllowed(of: list, into: &allowed)
          degree = allowed.count
        }
        pushes[place].learn(list, degree: degree)
        next += 1
      }
    }
  }
}
