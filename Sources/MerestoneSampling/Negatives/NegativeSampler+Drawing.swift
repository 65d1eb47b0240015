import MerestoneCore

extension NegativeSampler {
  /// Draws the pairs at the places `open` once.
  ///
  /// - Returns: The places that have a new end, and those whose proposal was refused.
  mutating func draw(
    _ result: inout NegativeEdges, _ open: [Int], _ attempt: Int, _ given: [NodeID],
    _ draws: RandomDraws
  ) throws(SamplingError) -> (drawn: [Int], open: [Int]) {
    let count = result.count
    func words(_ place: Int) -> SIMD2<UInt64> {
      draws.wideWords(
        entity: UInt64(place / count),
        number: UInt32(truncatingIfNeeded: attempt &<< 16 | place % count))
    }
    switch law {
    case .byDegree: return try drawByDegree(&result, open, attempt, words)
    case .inBatch where given.count > 1:
      let others = UInt64(given.count - 1)
      for place in open {
        let other = Int(words(place).x.multipliedFullWidth(by: others).high)
        set(given[other < place / count ? other : other + 1], at: place, in: &result)
      }
    case .inBatch, .uniform:
      let nodes = UInt64(nodeCount)
      for place in open {
        set(
          NodeID(words(place).x.multipliedFullWidth(by: nodes).high), at: place, in: &result)
      }
    }
    return (open, [])
  }

  /// Proposes the destination of an edge drawn uniformly, a node as likely as its in-degree `d`, and
  /// accepts it with the probability `d^-0.25`: together `d^0.75`, without a table.
  private mutating func drawByDegree(
    _ result: inout NegativeEdges, _ open: [Int], _ attempt: Int,
    _ words: (Int) -> SIMD2<UInt64>
  ) throws(SamplingError) -> (drawn: [Int], open: [Int]) {
    let edgeCount = UInt64(topology.edgeCount)
    let proposed = try destinationFinder.destinations(
      of: open.map { EdgeID(words($0).x.multipliedFullWidth(by: edgeCount).high) })
    try reader.readLists(of: proposed, into: &lists)
    var drawn: [Int] = []
    var refused: [Int] = []
    for (number, place) in open.enumerated() {
      let root = Double(lists[number].count).squareRoot().squareRoot()
      if words(place).y.unit * root < 1 || attempt >= Self.proposals {
        set(proposed[number], at: place, in: &result)
        drawn.append(place)
      } else {
        refused.append(place)
      }
    }
    return (drawn, refused)
  }

  /// Moves the true edges among `drawn` to `open` while they have attempts left, and notes the
  /// others in the result.
  mutating func reject(
    _ drawn: [Int], _ result: inout NegativeEdges, _ open: inout [Int],
    _ refusals: inout [UInt8]
  ) throws(SamplingError) {
    let answers = try finder.contains(
      drawn.map { result.sources[$0] }, drawn.map { result.destinations[$0] })
    for (place, isEdge) in zip(drawn, answers) where isEdge {
      refusals[place] += 1
      if refusals[place] < Self.attempts {
        open.append(place)
      } else {
        result.trueEdges.append(place)
      }
    }
    open.sort()
  }

  private func set(_ node: NodeID, at place: Int, in result: inout NegativeEdges) {
    switch end {
    case .source: result.sources[place] = node
    case .destination: result.destinations[place] = node
    }
  }
}
