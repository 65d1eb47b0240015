/// Clusters of bounded size by label propagation: a node moves to the cluster that most of its
/// neighbours are in, if there is room.
///
/// Meyerhenke, Sanders and Schulz, "Partitioning Complex Networks via Size-Constrained
/// Clustering", SEA 2014. Nodes that stay alone because the cluster they like is full are then
/// joined with others that like the same one, as in Gottesbueren et al., "Deep Multilevel Graph
/// Partitioning", ESA 2021.
///
/// Nodes come one by one, each seeing where the earlier ones are by then.
struct LabelPropagation {
  /// The cluster of every node: the number of one of its first members.
  private(set) var labels: [UInt32]
  /// What the clusters hold, by label.
  private var sizes: [UInt32]
  /// Empty where loads do not matter.
  private var loads: [UInt64]
  /// The most that a cluster may hold: nodes, and in-edges.
  let sizeLimit: UInt64
  let loadLimit: UInt64
  private var tally = LabelTally()

  /// Chooses among equals; another salt gives other clusters.
  private let salt: UInt32

  init(
    sizes: [UInt32], loads: [UInt64], sizeLimit: UInt64, loadLimit: UInt64, salt: UInt32 = 0
  ) {
    self.salt = (salt &* 2 &+ 1) &* 0x9E37_79B1
    labels = (0..<UInt32(sizes.count)).map { $0 }
    self.sizes = sizes
    self.loads = loads
    self.sizeLimit = sizeLimit
    self.loadLimit = loadLimit
  }

  /// Moves one node.
  ///
  /// - Parameters:
  ///   - size: What the node itself holds; likewise `load`.
  ///   - weights: The weight of each neighbour; empty for 1 each.
  ///   - shardOf: Where nodes of different shards must not meet, the shard of every node.
  mutating func visit(
    _ node: Int, size: UInt32, load: UInt64, neighbors: ArraySlice<UInt32>,
    weights: ArraySlice<UInt32>, shardOf: [UInt16]
  ) {
    guard !neighbors.isEmpty else { return }
    tally.prepare(min(neighbors.count, labels.count))
    collect(neighbors, weights, node: node, shardOf: shardOf)
    let current = labels[node]
    var best = current
    var bestSum: UInt32 = 0
    tally.drain { label, sum in
      guard sum >= bestSum else { return }
      let fits =
        label == current
        || UInt64(sizes[Int(label)]) &+ UInt64(size) <= sizeLimit
          && (loads.isEmpty || loads[Int(label)] &+ load <= loadLimit)
      guard fits else { return }
      // Of equals the one it is in, then a choice that favours no direction.
      if sum > bestSum || label == current
        || (best != current && label &* salt < best &* salt)
      {
        (best, bestSum) = (label, sum)
      }
    }
    guard best != current else { return }
    sizes[Int(current)] &-= size
    sizes[Int(best)] &+= size
    if !loads.isEmpty {
      loads[Int(current)] &-= load
      loads[Int(best)] &+= load
    }
    labels[node] = best
  }

  /// The label that most neighbours have, whether there is room or not; ``LabelTally/none`` for a
  /// node that is not alone in its cluster.
  mutating func favorite(
    of node: Int, size: UInt32, neighbors: ArraySlice<UInt32>, weights: ArraySlice<UInt32>,
    shardOf: [UInt16]
  ) -> UInt32 {
    guard !neighbors.isEmpty, sizes[Int(labels[node])] == size, labels[node] == node else {
      return LabelTally.none
    }
    tally.prepare(min(neighbors.count, labels.count))
    collect(neighbors, weights, node: node, shardOf: shardOf)
    var best = LabelTally.none
    var bestSum: UInt32 = 0
    tally.drain { label, sum in
      if sum > bestSum || (sum == bestSum && label < best) { (best, bestSum) = (label, sum) }
    }
    return best
  }

  /// Joins single nodes that have the same favourite, in the order of their numbers, while they
  /// fit.
  mutating func joinSingles(favorites: [UInt32], sizes own: [UInt32], loads ownLoads: [UInt64]) {
    // The last cluster that was opened for a favourite.
    var open = [UInt32](repeating: LabelTally.none, count: labels.count)
    for node in labels.indices where favorites[node] != LabelTally.none {
      let favorite = Int(favorites[node])
      let cluster = open[favorite]
      if cluster != LabelTally.none,
        UInt64(sizes[Int(cluster)]) + UInt64(own[node]) <= sizeLimit,
        loads.isEmpty || loads[Int(cluster)] + ownLoads[node] <= loadLimit
      {
        sizes[Int(cluster)] += own[node]
        sizes[node] = 0
        if !loads.isEmpty {
          loads[Int(cluster)] += ownLoads[node]
          loads[node] = 0
        }
        labels[node] = cluster
      } else {
        open[favorite] = UInt32(truncatingIfNeeded: node)
      }
    }
  }

  @inline(__always)
  private mutating func collect(
    _ neighbors: ArraySlice<UInt32>, _ weights: ArraySlice<UInt32>, node: Int, shardOf: [UInt16]
  ) {
    let isWeighted = !weights.isEmpty
    for position in neighbors.indices {
      let neighbor = Int(neighbors[position])
      if !shardOf.isEmpty, shardOf[neighbor] != shardOf[node] { continue }
      tally.add(isWeighted ? weights[position] : 1, to: labels[neighbor])
    }
  }
}
