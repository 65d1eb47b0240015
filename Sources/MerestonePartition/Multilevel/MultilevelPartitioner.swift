import MerestoneCore

/// Multilevel partitioning: cluster until little is left, partition that, and refine on the way
/// back.
///
/// Clusters come from size-constrained label propagation, as in Meyerhenke, Sanders and Schulz,
/// "Partitioning Complex Networks via Size-Constrained Clustering", SEA 2014. Further cycles
/// cluster within the shards only, so that the assignment carries over and is refined at every
/// level again (Walshaw, "Multilevel Refinement for Combinatorial Optimisation Problems", 2004).
/// The finest level is never in memory: it is streamed, in clustering and in refining.
struct MultilevelPartitioner<Source: NeighborSource> {
  let source: Source
  let inDegrees: [UInt32]
  let train: [Bool]?
  let bounds: ShardBounds
  let seed: UInt64
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation?

  /// Whether the finest level is held in memory as well and refined like the others.
  private var isSmall: Bool { source.entryCount <= MultilevelMemory.wholeLimit }

  /// Independent beginnings, the best of which is kept: the smaller the graph, the more.
  private var starts: Int { MultilevelMemory.starts(work: work) }

  /// Each cycle uses smaller clusters than the one before it, and others.
  private var cycles: Int { MultilevelMemory.cycles(work: work) }

  private var work: Int { source.entryCount + source.nodeCount * bounds.shards }

  func run() throws(PartitionError) -> [UInt16] {
    var shardOf: [UInt16] = []
    let streaming = StreamingPartitioner(
      source: source, inDegrees: inDegrees, train: train, bounds: bounds, rule: .attachment,
      pool: pool, progress: progress, cancellation: cancellation)
    guard isSmall else {
      for cycle in 0..<cycles {
        shardOf = try improve(shardOf, coarsening(parts: 30 + 10 * cycle, salt: cycle))
        try streaming.refine(&shardOf, passes: 2)
      }
      return shardOf
    }
    let nodes = try linked()
    let whole = try contract(nodes)
    var best = Double.infinity
    for start in 0..<starts {
      let candidate = try improve(
        whole, [], coarsening(parts: [30, 10, 50][start % 3], salt: 100 + start))
      let cost = cost(of: candidate, in: whole)
      if cost < best { (shardOf, best) = (candidate, cost) }
    }
    for cycle in 0..<cycles {
      let candidate = try improve(
        whole, shardOf, coarsening(parts: 30 + 10 * cycle, salt: cycle))
      let cost = cost(of: candidate, in: whole)
      if cost < best { (shardOf, best) = (candidate, cost) }
      progress.advance(by: source.nodeCount)
    }
    shardOf = expanded(shardOf, nodes)
    try streaming.refine(&shardOf, passes: 1)
    return shardOf
  }

  /// Every node a cluster of its own, but for those with neither neighbours nor in-edges: what belongs
  /// to no cluster is placed last.
  private func linked() throws(PartitionError) -> Clusters {
    var isLinked = inDegrees.map { $0 > 0 }
    try source.forEachList(cancellation: cancellation) { node, list in
      if !list.isEmpty { isLinked[node] = true }
    }
    return Clusters(labels: (0..<UInt32(source.nodeCount)).map { $0 }) { !isLinked[$0] }
  }

  /// The shard of every node by those of its clusters.
  private func expanded(_ shardOf: [UInt16], _ clusters: Clusters) -> [UInt16] {
    let none = UInt16(truncatingIfNeeded: bounds.shards)
    return clusters.of.map { $0 == Clusters.none ? none : shardOf[Int($0)] }
  }

  /// The cut; what is beyond a bound costs more than any cut.
  private func cost(of shardOf: [UInt16], in graph: WeightedGraph) -> Double {
    var loads = ShardLoads(bounds: bounds)
    for node in 0..<graph.count { loads.add(graph.placed(node, bounds), to: Int(shardOf[node])) }
    let excess = max(0, (loads.shards.map(\.fill).max() ?? 0) - 1)
    return Double(graph.cut(shardOf)) + excess * 0x1p60
  }

  /// One cycle over a graph that is streamed; nodes without edges stay unplaced.
  private func improve(
    _ given: [UInt16], _ coarsening: Coarsening<Source>
  ) throws(PartitionError) -> [UInt16] {
    let finest = try coarsening.clusterNodes(shardOf: given)
    let coarse = try improve(
      try contract(finest), given.isEmpty ? [] : Self.projected(given, finest), coarsening)
    return expanded(coarse, finest)
  }

  /// One cycle, down and up again, over a graph in memory.
  private func improve(
    _ whole: WeightedGraph, _ given: [UInt16], _ coarsening: Coarsening<Source>
  ) throws(PartitionError) -> [UInt16] {
    var graph = whole
    var coarse = given
    var levels: [(graph: WeightedGraph, clusters: Clusters)] = []
    let enough = max(300, 20 * bounds.shards)
    while graph.count > enough {
      if cancellation?.isCancelled == true { throw .interrupted }
      let clusters = coarsening.cluster(graph, shardOf: coarse)
      // Where clusters are full, further levels change little.
      guard clusters.count < graph.count - graph.count / 20 else { break }
      if !coarse.isEmpty { coarse = Self.projected(coarse, clusters) }
      levels.append((graph, clusters))
      graph = Contraction.contract(graph, clusters)
    }
    if coarse.isEmpty {
      coarse = InitialPartition.make(graph, bounds: bounds, seed: seed, pool: pool)
    }
    coarse = refined(coarse, graph)
    while let (finer, clusters) = levels.popLast() {
      if cancellation?.isCancelled == true { throw .interrupted }
      coarse = refined(clusters.of.map { coarse[Int($0)] }, finer)
    }
    return coarse
  }

  private func contract(_ clusters: Clusters) throws(PartitionError) -> WeightedGraph {
    try Contraction.contract(
      source, clusters, inDegrees: inDegrees, train: train, isMirrored: true)
  }

  private func refined(_ shardOf: [UInt16], _ graph: WeightedGraph) -> [UInt16] {
    guard CoarseRefinement.isPossible(count: graph.count, shards: bounds.shards) else {
      return shardOf
    }
    var refinement = CoarseRefinement(graph: graph, bounds: bounds, shardOf: shardOf)
    refinement.run(rounds: 16)
    return refinement.shardOf
  }

  /// Clusters hold at most a part of what a shard holds: less than the imbalance leaves free, so
  /// that they can move.
  private func coarsening(parts: Int, salt: Int) -> Coarsening<Source> {
    let parts = UInt64(bounds.shards * parts)
    return Coarsening(
      source: source, inDegrees: inDegrees, train: train,
      sizeLimit: bounds.nodes == .none ? .max : max(UInt64(source.nodeCount) / parts, 1),
      loadLimit: bounds.edges == .none ? .max : max(bounds.edgeTotal / parts, 1),
      salt: UInt32(truncatingIfNeeded: salt), cancellation: cancellation)
  }

  /// The shard of every cluster, none of which reaches across shards.
  private static func projected(_ shardOf: [UInt16], _ clusters: Clusters) -> [UInt16] {
    var result = [UInt16](repeating: 0, count: clusters.count)
    for (node, cluster) in clusters.of.enumerated() where cluster != Clusters.none {
      result[Int(cluster)] = shardOf[node]
    }
    return result
  }
}
