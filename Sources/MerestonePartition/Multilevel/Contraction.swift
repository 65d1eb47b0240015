import MerestoneStorage

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
  static func contract(
    _ source: some NeighborSource, _ clusters: Clusters, inDegrees: [UInt32], train: [Bool]?
  ) throws(StorageError) -> WeightedGraph {
    let sample = EdgeSample(keeping: entryLimit, of: source.entryCount)
    var scratch = NeighborScratch()
    var starts = [Int](repeating: 0, count: clusters.count + 2)
    for block in 0..<source.blockCount {
      try source.read(block, into: &scratch)
      let first = source.nodes(ofBlock: block).lowerBound
      for offset in 0..<scratch.nodeCount {
        let cluster = clusters.of[first &+ offset]
        guard cluster != Clusters.none else { continue }
        var leaving = 0
        for position in Int(scratch.offsets[offset])..<Int(scratch.offsets[offset &+ 1])
        where clusters.of[Int(scratch.neighbors[position])] != cluster
          && sample.keeps(first &+ offset, scratch.neighbors[position])
        {
          leaving &+= 1
        }
        starts[Int(cluster) &+ 2] &+= leaving
      }
    }
    for cluster in 0..<clusters.count { starts[cluster + 2] += starts[cluster + 1] }
    var neighbors = [UInt32](repeating: 0, count: starts[clusters.count + 1])
    for block in 0..<source.blockCount {
      try source.read(block, into: &scratch)
      let first = source.nodes(ofBlock: block).lowerBound
      for offset in 0..<scratch.nodeCount {
        let cluster = clusters.of[first &+ offset]
        guard cluster != Clusters.none else { continue }
        var place = starts[Int(cluster) &+ 1]
        for position in Int(scratch.offsets[offset])..<Int(scratch.offsets[offset &+ 1]) {
          let other = clusters.of[Int(scratch.neighbors[position])]
          guard other != cluster, sample.keeps(first &+ offset, scratch.neighbors[position])
          else { continue }
          neighbors[place] = other
          place &+= 1
        }
        starts[Int(cluster) &+ 1] = place
      }
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
    neighbors.removeLast(neighbors.count - place)
    weights.removeLast(weights.count - place)
    graph.offsets = offsets
    graph.neighbors = neighbors
    graph.weights = weights
  }
}

/// Which edges of a large graph stand for all.
private struct EdgeSample {
  /// Hashes below this are kept; `nil` keeps every edge.
  private let limit: UInt64?

  init(keeping count: Int, of total: Int) {
    limit = total <= count ? nil : UInt64(Double(count) / Double(total) * 0x1p64)
  }

  /// The same for both directions of an edge.
  @inline(__always)
  func keeps(_ node: Int, _ neighbor: UInt32) -> Bool {
    guard let limit else { return true }
    let (a, b) = (UInt64(node), UInt64(neighbor))
    var hash = (min(a, b) &<< 32 | max(a, b)) &* 0x9E37_79B9_7F4A_7C15
    hash = (hash ^ hash &>> 32) &* 0xD6E8_FEB8_6659_FD93
    return hash < limit
  }
}
