/// Makes the graph of clusters: lists of one cluster are joined, equal neighbours added up, edges
/// within it dropped.
///
/// Of more than ``entryLimit`` entries, a sample stands for all: an edge is kept or left out by a
/// hash of its ends.
///
/// - Complexity: O(entries) time; 8 bytes per entry that leaves a cluster and is kept.
enum Contraction {
  /// 1 GiB.
  static let entryLimit = 1 << 27

  /// Of a graph that is read block by block.
  ///
  /// - Parameter isMirrored: Whether an edge must weigh the same in the lists of both its ends, as those
  ///   who move nodes about rely on. Where the lists of the source are a sample, so that some edges are
  ///   in one of them only, every entry then counts at both ends.
  static func contract(
    _ source: some NeighborSource, _ clusters: Clusters, inDegrees: [UInt32], train: [Bool]?,
    isMirrored: Bool
  ) throws(PartitionError) -> WeightedGraph {
    let sample = EdgeSample(
      keeping: isMirrored ? entryLimit / 2 : entryLimit, of: source.entryCount)
    var starts = [Int](repeating: 0, count: clusters.count + 2)
    var mirrored = [Int](repeating: 0, count: isMirrored ? clusters.count : 0)
    // Of lists that are whole, what one end adds the other takes away.
    var difference: UInt64 = 0
    try forEachLeaving(source, clusters, sample) { cluster, other, node, neighbor in
      starts[Int(cluster) &+ 2] &+= 1
      guard isMirrored else { return }
      mirrored[Int(other)] &+= 1
      let hash = EdgeSample.hash(node, neighbor)
      difference = node < neighbor ? difference &+ hash : difference &- hash
    }
    let addsMirrors = difference != 0
    for cluster in 0..<clusters.count {
      starts[cluster + 2] += starts[cluster + 1] + (addsMirrors ? mirrored[cluster] : 0)
    }
    mirrored = []
    var neighbors = [UInt32](repeating: 0, count: starts[clusters.count + 1])
    func add(_ other: UInt32, to cluster: UInt32) {
      neighbors[starts[Int(cluster) &+ 1]] = other
      starts[Int(cluster) &+ 1] &+= 1
    }
    try forEachLeaving(source, clusters, sample) { cluster, other, _, _ in
      add(other, to: cluster)
      if addsMirrors { add(cluster, to: other) }
    }
    starts.removeLast()
    var graph = WeightedGraph(
      offsets: starts, neighbors: neighbors, weights: [],
      nodes: Array(repeating: 0, count: clusters.count),
      edges: Array(repeating: 0, count: clusters.count),
      training: Array(repeating: 0, count: clusters.count))
    neighbors = []
    addUp(&graph, weightsOf: nil)
    for (node, cluster) in clusters.of.enumerated() where cluster != Clusters.none {
      graph.nodes[Int(cluster)] &+= 1
      graph.edges[Int(cluster)] &+= UInt64(inDegrees[node])
      graph.training[Int(cluster)] &+= train.map { $0[node] } ?? false ? 1 : 0
    }
    return graph
  }

  /// Hands out every entry that leads from one cluster to another and is kept: the clusters, and the
  /// nodes.
  @inline(__always)
  private static func forEachLeaving(
    _ source: some NeighborSource, _ clusters: Clusters, _ sample: EdgeSample,
    _ body: (_ cluster: UInt32, _ other: UInt32, _ node: UInt32, _ neighbor: UInt32) -> Void
  ) throws(PartitionError) {
    try source.forEachList { node, list in
      let cluster = clusters.of[node]
      guard cluster != Clusters.none else { return }
      let node = UInt32(truncatingIfNeeded: node)
      for neighbor in list {
        let other = clusters.of[Int(neighbor)]
        guard other != cluster, other != Clusters.none, sample.keeps(node, neighbor) else {
          continue
        }
        body(cluster, other, node, neighbor)
      }
    }
  }

  /// Of a graph in memory.
  static func contract(_ fine: WeightedGraph, _ clusters: Clusters) -> WeightedGraph {
    var starts = [Int](repeating: 0, count: clusters.count + 2)
    for node in 0..<fine.count {
      let cluster = clusters.of[node]
      guard cluster != Clusters.none else { continue }
      for entry in fine.offsets[node]..<fine.offsets[node + 1]
      where clusters.of[Int(fine.neighbors[entry])] != cluster {
        starts[Int(cluster) + 2] &+= 1
      }
    }
    for cluster in 0..<clusters.count { starts[cluster + 2] += starts[cluster + 1] }
    var neighbors = [UInt32](repeating: 0, count: starts[clusters.count + 1])
    var weights = neighbors
    for node in 0..<fine.count {
      let cluster = clusters.of[node]
      guard cluster != Clusters.none else { continue }
      var place = starts[Int(cluster) + 1]
      for entry in fine.offsets[node]..<fine.offsets[node + 1] {
        let other = clusters.of[Int(fine.neighbors[entry])]
        guard other != cluster, other != Clusters.none else { continue }
        neighbors[place] = other
        weights[place] = fine.weights[entry]
        place &+= 1
      }
      starts[Int(cluster) + 1] = place
    }
    starts.removeLast()
    var graph = WeightedGraph(
      offsets: starts, neighbors: neighbors, weights: [],
      nodes: Array(repeating: 0, count: clusters.count),
      edges: Array(repeating: 0, count: clusters.count),
      training: Array(repeating: 0, count: clusters.count))
    neighbors = []
    addUp(&graph, weightsOf: weights)
    for node in 0..<fine.count where clusters.of[node] != Clusters.none {
      let cluster = Int(clusters.of[node])
      graph.nodes[cluster] &+= fine.nodes[node]
      graph.edges[cluster] &+= fine.edges[node]
      graph.training[cluster] &+= fine.training[node]
    }
    return graph
  }

  /// Joins equal neighbours of each list, moving all lists together, and sets the weights.
  private static func addUp(_ graph: inout WeightedGraph, weightsOf given: [UInt32]?) {
    var tally = LabelTally()
    var (offsets, neighbors) = (graph.offsets, graph.neighbors)
    graph.neighbors = []
    var weights = given ?? Array(repeating: 1, count: neighbors.count)
    var place = 0
    var start = 0
    for node in 0..<offsets.count - 1 {
      let end = offsets[node + 1]
      tally.prepare(end - start)
      for entry in start..<end { tally.add(weights[entry], to: neighbors[entry]) }
      tally.drain { neighbor, weight in
        neighbors[place] = neighbor
        weights[place] = weight
        place &+= 1
      }
      start = end
      offsets[node + 1] = place
    }
    graph.offsets = offsets
    // Copies: what is cut off an array stays with it.
    graph.neighbors = Array(neighbors[..<place])
    neighbors = []
    graph.weights = Array(weights[..<place])
  }
}

/// Which edges of a large graph stand for all.
private struct EdgeSample {
  /// Hashes below this are kept; `nil` keeps every edge.
  private let limit: UInt64?

  init(keeping count: Int, of total: Int) {
    limit = total <= count ? nil : UInt64(Double(count) / Double(total) * 0x1p64)
  }

  @inline(__always)
  func keeps(_ node: UInt32, _ neighbor: UInt32) -> Bool {
    guard let limit else { return true }
    return Self.hash(node, neighbor) < limit
  }

  /// The same for both directions of an edge.
  @inline(__always)
  static func hash(_ node: UInt32, _ neighbor: UInt32) -> UInt64 {
    let (a, b) = (UInt64(node), UInt64(neighbor))
    let hash = (min(a, b) &<< 32 | max(a, b)) &* 0x9E37_79B9_7F4A_7C15
    return (hash ^ hash &>> 32) &* 0xD6E8_FEB8_6659_FD93
  }
}
