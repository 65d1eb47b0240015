package import MerestoneCore

extension Partitioner {
  /// Whether this reads neighbourhoods; the others need in-degrees at most.
  package var readsNeighbors: Bool {
    switch self {
    case .range, .random: false
    case .ldg, .fennel, .multilevel: true
    }
  }
}

extension ShardAssignment {
  /// A shard drawn for every node by itself.
  package static func random(
    nodeCount: Int, options: PartitionOptions, pool: ThreadPool
  ) throws(PartitionError) -> ShardAssignment {
    try Partition.check(options, nodeCount: nodeCount)
    return ShardAssignment(
      shardOf: RandomAssignment.assign(
        nodeCount: nodeCount, shards: options.shards, seed: options.seed, pool: pool),
      shards: options.shards)
  }

  /// Assigns nodes to shards by their neighbourhoods, within the bounds of DESIGN's imbalance:
  /// on nodes, in-edges and training nodes, in that order of precedence.
  ///
  /// - Parameters:
  ///   - neighbors: The symmetrised neighbourhoods, or a sample of them.
  ///   - inDegrees: The stored in-edges of every node, loops included. Shape `[nodeCount]`.
  ///   - train: Whether a node is a training node; `nil` for none.
  /// - Returns: The same for any number of threads and any blocks.
  /// - Throws: ``PartitionError`` for options that do not fit, for a file that cannot be read,
  ///   and where `cancellation` is set.
  /// - Precondition: The partitioner reads neighbours, and the shapes agree.
  package static func make(
    neighbors: some NeighborSource, inDegrees: [UInt32], train: [Bool]? = nil,
    options: PartitionOptions, pool: ThreadPool,
    progress: any ProgressListener = SilentProgress(), cancellation: Cancellation? = nil
  ) throws(PartitionError) -> ShardAssignment {
    try Partition.check(options, nodeCount: neighbors.nodeCount)
    precondition(
      inDegrees.count == neighbors.nodeCount && train.map { $0.count == inDegrees.count } ?? true,
      "a value for every node")
    let bounds = ShardBounds(inDegrees: inDegrees, train: train, options: options)
    let rule: StreamingRule =
      options.partitioner == .fennel
      ? .fennel(nodeCount: neighbors.nodeCount, entryCount: neighbors.entryCount) : .greedy
    let shardOf: [UInt16]
    if options.partitioner == .multilevel {
      shardOf = try MultilevelPartitioner(
        source: neighbors, inDegrees: inDegrees, train: train, bounds: bounds, seed: options.seed,
        pool: pool, progress: progress, cancellation: cancellation
      ).run()
    } else {
      shardOf = try StreamingPartitioner(
        source: neighbors, inDegrees: inDegrees, train: train, bounds: bounds, rule: rule,
        pool: pool, progress: progress, cancellation: cancellation
      ).run(passes: options.passes)
    }
    return ShardAssignment(
      shardOf: shardOf, shards: options.shards,
      warnings: warnings(of: shardOf, inDegrees: inDegrees, train: train, bounds: bounds, options))
  }

  private static func warnings(
    of shardOf: [UInt16], inDegrees: [UInt32], train: [Bool]?, bounds: ShardBounds,
    _ options: PartitionOptions
  ) -> [String] {
    var loads = ShardLoads(bounds: bounds)
    for node in shardOf.indices {
      loads.add(
        bounds.node(
          inDegree: inDegrees[node], isTraining: train.map { $0[node] } ?? false),
        to: Int(shardOf[node]))
    }
    func warning(_ what: String, _ bound: UInt64, _ overflow: UInt64) -> String {
      "no shard could take every node within all bounds: the fullest has "
        + "\((bound + overflow).grouped) \(what), \(overflow.grouped) more than --imbalance "
        + "\(options.imbalance) allows beside the bound on nodes; use fewer shards or a larger "
        + "--imbalance"
    }
    var warnings: [String] = []
    if loads.overflow.edges > 0 {
      warnings.append(warning("edges", bounds.edges.loose, loads.overflow.edges))
    }
    if loads.overflow.training > 0 {
      warnings.append(
        warning("training nodes", bounds.training.loose, loads.overflow.training))
    }
    return warnings
  }
}
