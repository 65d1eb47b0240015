package import MerestoneCore

/// Neighbourhoods by visit counts: the nodes that short random walks from a seed meet most often.
///
/// Ying et al., "Graph Convolutional Neural Networks for Web-Scale Recommender Systems" (PinSAGE),
/// KDD 2018, section 3.2: the neighbourhood of a node is the `count` nodes with the highest
/// L1-normalised visit counts. A seed is not among its own neighbours. Walk `w` of the seed at
/// place `i` has the number `i * walks + w` (see ``WalkSampler`` for the draws).
package struct VisitSampler {
  private var walker: WalkSampler
  private let walks: Int
  private let length: Int
  private let restart: Double

  /// - Parameters:
  ///   - walks: Walks from each seed, at least 1.
  ///   - length: The most steps of a walk.
  ///   - restart: The probability of going back to the seed before each step.
  /// - Throws: ``SamplingError/badParameter(name:value:expected:)`` for fewer walks than one; other
  ///   parameters are checked by ``neighborhoods(of:count:key:)``.
  package init(
    _ topology: Topology, walks: Int, length: Int, restart: Double
  ) throws(SamplingError) {
    guard walks >= 1, walks <= Int(UInt32.max) else {
      throw .badParameter(
        name: "walks per seed", value: Double(walks), expected: "a number from 1 to 2^32 - 1")
    }
    walker = WalkSampler(topology)
    self.walks = walks
    self.length = length
    self.restart = restart
  }

  /// The neighbourhoods of some nodes.
  ///
  /// - Parameters:
  ///   - seeds: Repetitions have neighbourhoods of their own. Shape `[b]`.
  ///   - count: The most nodes of a neighbourhood.
  /// - Returns: Weights are shares of the visits to the nodes that were kept: they sum to 1.
  /// - Throws: As ``WalkSampler/walk(from:law:length:key:firstWalk:)``.
  /// - Complexity: O(*b* · walks · length) steps. Seeds are taken in portions of about a million
  ///   steps, which bounds the memory beside the result.
  package mutating func neighborhoods(
    of seeds: [NodeID], count: Int, key: RandomKey
  ) throws(SamplingError) -> Neighborhoods {
    guard count >= 0 else {
      throw .badParameter(name: "neighbours", value: Double(count), expected: "0 or more")
    }
    var result = Neighborhoods()
    let stepsPerSeed = walks.multipliedReportingOverflow(by: max(1, length))
    let portion = stepsPerSeed.overflow ? 1 : max(1, (1 << 20) / stepsPerSeed.partialValue)
    try walker.topology.check(seeds)
    var first = 0
    repeat {
      let part = Array(seeds[first..<min(first + portion, seeds.count)])
      let walked = try walker.walk(
        from: part.flatMap { [NodeID](repeating: $0, count: walks) },
        law: .restart(probability: restart), length: length, key: key,
        firstWalk: UInt64(first) &* UInt64(walks))
      for (place, seed) in part.enumerated() {
        let range = walked.indptr[place * walks]..<walked.indptr[(place + 1) * walks]
        result.append(
          seed, Self.tally(walked.nodes[range], of: seed), keeping: count, normalized: true)
      }
      first += portion
    } while first < seeds.count
    return result
  }

  /// The nodes visited, each with its number of visits.
  private static func tally(
    _ visits: ArraySlice<NodeID>, of seed: NodeID
  ) -> [(node: NodeID, weight: Double)] {
    var tally: [(node: NodeID, weight: Double)] = []
    for node in visits.sorted() where node != seed {
      if tally.last?.node == node {
        tally[tally.count - 1].weight += 1
      } else {
        tally.append((node, 1))
      }
    }
    return tally
  }
}
