package import MerestoneCore

/// Samples mini-batches whose seeds are edges: the neighbourhoods of both ends, without the edges
/// that would show what is to be predicted.
///
/// What is excluded counts as not there: each destination's edges are drawn uniformly without
/// replacement among its other edges, in every hop; nothing is dropped after a draw. The draws of
/// destinations that no excluded edge leads to are those of a mini-batch of nodes under the same
/// key. A sampler belongs to one thread.
package struct EdgeSeedSampler {
  private let fanouts: [Int]
  private var reader: InEdgeReader
  private var finder: EdgeFinder
  private let topology: Topology
  private let destinationFinder: DestinationFinder
  private let excluded: SeedEdgeExclusion

  /// - Parameter fanouts: Edges kept per destination and hop, the hop next to the seeds first; -1
  ///   keeps every edge, 0 none.
  package init(_ topology: Topology, fanouts: [Int], excluding excluded: SeedEdgeExclusion) {
    self.fanouts = fanouts
    self.excluded = excluded
    self.topology = topology
    reader = InEdgeReader(topology)
    finder = EdgeFinder(topology)
    destinationFinder = DestinationFinder(topology)
  }

  /// Samples the neighbourhoods of some edges' ends.
  ///
  /// - Parameters:
  ///   - edges: Repetitions allowed. Shape `[n]`.
  ///   - others: Further seeds, such as the ends of negative edges.
  ///   - key: Names the draws, as ``NeighborSampler/sample(seeds:key:)`` says.
  /// - Throws: ``SamplingError/edgeOutOfRange(edge:edgeCount:)``,
  ///   ``SamplingError/fanoutBelowMinusOne(fanout:hop:)``; what sampling nodes throws.
  /// - Complexity: That of sampling `2n + others` nodes; O(log nodes) reads for each edge, and a
  ///   binary search in a list for each where parallel or reverse edges are excluded.
  package mutating func sample(
    edges: [EdgeID], others: [NodeID] = [], key: RandomKey
  ) throws(SamplingError) -> EdgeMiniBatch {
    try topology.check(edges)
    var sources: [NodeID] = []
    try reader.readSources(of: edges, into: &sources)
    sources.removeLast(sources.count - edges.count)
    let destinations = try destinationFinder.destinations(of: edges)
    let exclusion = EdgeExclusion(try exclusion(edges, sources, destinations))
    var neighbors = try NeighborSampler(
      topology: exclusion.isEmpty ? topology : Topology(topology, without: exclusion),
      fanouts: fanouts, stampBudget: ByteCount(0))
    let batch = try neighbors.sample(seeds: sources + destinations + others, key: key)
    let indices = batch.seedIndices
    return EdgeMiniBatch(
      edges: edges, sources: Array(indices[..<edges.count]),
      destinations: Array(indices[edges.count..<2 * edges.count]),
      others: Array(indices[(2 * edges.count)...]), batch: batch)
  }

  /// The edges to leave out.
  private mutating func exclusion(
    _ edges: [EdgeID], _ sources: [NodeID], _ destinations: [NodeID]
  ) throws(SamplingError) -> [EdgeID] {
    var found: [EdgeList] = []
    var left: [EdgeID] = []
    switch excluded {
    case .nothing: return []
    case .seeds: return edges
    case .seedsAndReverse:
      left = edges
      try finder.find(destinations, sources, into: &found)
    case .betweenEnds:
      try finder.find(destinations + sources, sources + destinations, into: &found)
    }
    for run in found {
      for edge in run.range { left.append(EdgeID(edge)) }
    }
    return left
  }
}
