import MerestoneCore

/// Clusters a graph level by level.
struct Coarsening<Source: NeighborSource> {
  let source: Source
  let inDegrees: [UInt32]
  let train: [Bool]?
  /// The most that a cluster may hold.
  let sizeLimit: UInt64
  let loadLimit: UInt64
  /// Varies the clusters.
  let salt: UInt32
  let cancellation: Cancellation?

  static var rounds: Int { 4 }

  /// By how much clusters of one level may be larger than those of the level below on average.
  private static var growth: UInt64 { 16 }

  /// Clusters the nodes of the source.
  ///
  /// - Parameter shardOf: Where clusters must not reach across shards; empty for none.
  func clusterNodes(shardOf: [UInt16]) throws(PartitionError) -> Clusters {
    let sizes = [UInt32](repeating: 1, count: source.nodeCount)
    let loads = loadLimit == .max ? [] : inDegrees.map { UInt64($0) }
    var propagation = LabelPropagation(
      sizes: sizes, loads: loads, sizeLimit: sizeLimit, loadLimit: loadLimit, salt: salt)
    var isAlone = [Bool](repeating: false, count: source.nodeCount)
    var favorites = [UInt32](repeating: LabelTally.none, count: source.nodeCount)
    for round in 0...Self.rounds {
      try source.forEachList(cancellation: cancellation) { node, list in
        if round == Self.rounds {
          isAlone[node] = list.isEmpty
          favorites[node] = propagation.favorite(
            of: node, size: 1, neighbors: list, weights: [], shardOf: shardOf)
        } else {
          propagation.visit(
            node, size: 1, load: loads.isEmpty ? 0 : loads[node], neighbors: list, weights: [],
            shardOf: shardOf)
        }
      }
    }
    propagation.joinSingles(favorites: favorites, sizes: sizes, loads: loads)
    return Clusters(labels: propagation.labels) { isAlone[$0] && inDegrees[$0] == 0 }
  }

  /// Clusters the nodes of a coarsened graph.
  func cluster(_ graph: WeightedGraph, shardOf: [UInt16]) -> Clusters {
    let meanSize = UInt64(source.nodeCount / max(graph.count, 1)) + 1
    var propagation = LabelPropagation(
      sizes: graph.nodes, loads: loadLimit == .max ? [] : graph.edges,
      sizeLimit: min(sizeLimit, meanSize * Self.growth), loadLimit: loadLimit, salt: salt)
    var favorites = [UInt32](repeating: LabelTally.none, count: graph.count)
    for round in 0...Self.rounds {
      for node in 0..<graph.count {
        let list = graph.offsets[node]..<graph.offsets[node + 1]
        if round == Self.rounds {
          favorites[node] = propagation.favorite(
            of: node, size: graph.nodes[node], neighbors: graph.neighbors[list],
            weights: graph.weights[list], shardOf: shardOf)
        } else {
          propagation.visit(
            node, size: graph.nodes[node], load: graph.edges[node],
            neighbors: graph.neighbors[list], weights: graph.weights[list], shardOf: shardOf)
        }
      }
    }
    propagation.joinSingles(favorites: favorites, sizes: graph.nodes, loads: graph.edges)
    return Clusters(labels: propagation.labels) { _ in false }
  }
}
