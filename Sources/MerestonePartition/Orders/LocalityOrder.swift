package import MerestoneCore

/// A sequence of nodes in which neighbours, and nodes with the same neighbours, are close.
///
/// Small clusters are found by size-bounded label propagation, then clusters of these, and so on;
/// the sequence goes through the resulting tree. That is the idea of layered label propagation
/// (Boldi, Rosa, Santini and Vigna, "Layered Label Propagation", WWW 2011) on coarsened graphs
/// instead of the whole one. Inside a smallest cluster, nodes follow a minimum hash of their
/// neighbours, so that those with equal lists meet. Nodes without edges come last.
package enum LocalityOrder {
  /// Nodes of a smallest cluster, and by how much each level is larger, in bits.
  private static let firstLimit: UInt64 = 64
  private static let growth: UInt64 = 3

  /// - Returns: All input indices, each once: what ``NodeSequence/given(_:)`` takes.
  /// - Throws: ``PartitionError`` where the source cannot be read or `cancellation` is set.
  /// - Complexity: 36 bytes per node, and 8 per entry that leaves a smallest cluster, of at most
  ///   2^27 entries.
  package static func sequence(
    of source: some NeighborSource, inDegrees: [UInt32], cancellation: Cancellation? = nil
  ) throws(PartitionError) -> [UInt32] {
    func coarsening(_ limit: UInt64) -> Coarsening<some NeighborSource> {
      Coarsening(
        source: source, inDegrees: inDegrees, train: nil, sizeLimit: limit, loadLimit: .max,
        salt: 0, cancellation: cancellation)
    }
    let finest = try coarsening(firstLimit).clusterNodes(shardOf: [])
    let hashes = try minimumHashes(of: source, cancellation: cancellation)
    var graph = try Contraction.contract(
      source, finest, inDegrees: inDegrees, train: nil, isMirrored: false)
    var levels: [Clusters] = []
    var limit = firstLimit
    while graph.count > 1, limit < UInt64(source.nodeCount) << growth {
      if cancellation?.isCancelled == true { throw .interrupted }
      limit <<= growth
      let clusters = coarsening(limit).cluster(graph, shardOf: [])
      levels.append(clusters)
      graph = Contraction.contract(graph, clusters)
    }
    // From the top: the place of every cluster of a level, by that of the cluster it is in.
    var places = (0..<UInt32(graph.count)).map { $0 }
    while let clusters = levels.popLast() {
      places = ranks(clusters.of.map { places[Int($0)] }, below: places.count)
    }
    return sorted(finest, places: places, hashes: hashes)
  }

  /// The rank of every element by its key, of equals by index.
  private static func ranks(_ keys: [UInt32], below count: Int) -> [UInt32] {
    var starts = [UInt32](repeating: 0, count: count + 1)
    for key in keys { starts[Int(key) + 1] += 1 }
    for key in 0..<count { starts[key + 1] += starts[key] }
    return keys.map { key in
      starts[Int(key)] += 1
      return starts[Int(key)] - 1
    }
  }

  /// All nodes by the place of their cluster, then by hash, then by number; those without one last.
  private static func sorted(
    _ clusters: Clusters, places: [UInt32], hashes: [UInt32]
  ) -> [UInt32] {
    let none = UInt32(truncatingIfNeeded: clusters.count)
    var starts = [Int](repeating: 0, count: clusters.count + 2)
    func place(_ node: Int) -> Int {
      let cluster = clusters.of[node]
      return Int(cluster == Clusters.none ? none : places[Int(cluster)])
    }
    for node in clusters.of.indices { starts[place(node) + 1] += 1 }
    for index in 0...clusters.count { starts[index + 1] += starts[index] }
    var next = starts
    var sequence = [UInt32](repeating: 0, count: clusters.of.count)
    for node in clusters.of.indices {
      let place = place(node)
      sequence[next[place]] = UInt32(truncatingIfNeeded: node)
      next[place] += 1
    }
    for index in 0..<clusters.count {
      sequence[starts[index]..<starts[index + 1]].sort {
        let (a, b) = (hashes[Int($0)], hashes[Int($1)])
        return a < b || (a == b && $0 < $1)
      }
    }
    return sequence
  }

  /// The least hash of each node's neighbours: two nodes share it as likely as they share a
  /// neighbour picked from either list.
  private static func minimumHashes(
    of source: some NeighborSource, cancellation: Cancellation?
  ) throws(PartitionError) -> [UInt32] {
    var hashes = [UInt32](repeating: .max, count: source.nodeCount)
    try source.forEachList(cancellation: cancellation) { node, list in
      var least = UInt32.max
      for neighbor in list {
        var hash = neighbor &* 0x9E37_79B1
        hash = (hash ^ hash &>> 15) &* 0x85EB_CA6B
        least = min(least, hash ^ hash &>> 13)
      }
      hashes[node] = least
    }
    return hashes
  }
}
