package import MerestoneCore

/// Which shard owns which node, as an order of the nodes and its boundaries.
package struct Partition: Sendable {
  package let order: NodeOrder
  /// The order that was used, `auto` resolved.
  package let ordering: NodeOrdering
  /// Shard `s` owns the global ids `nodeBounds[s]..<nodeBounds[s + 1]`. Shape `[shards + 1]`.
  package let nodeBounds: [UInt64]
  /// Shard `s` owns the edge ids `edgeBounds[s]..<edgeBounds[s + 1]`. Shape `[shards + 1]`.
  package let edgeBounds: [UInt64]
  /// In-degree by global id. Shape `[nodeCount]`.
  package let inDegrees: [UInt64]
  package let metrics: PartitionMetrics
  /// What the user should know, such as a bound that cannot hold.
  package let warnings: [String]

  /// Bytes per edge that ``make(_:train:options:pool:progress:cancellation:)`` allocates at its
  /// peak beyond the edge list itself, and bytes per node.
  package static func workingBytes(_ partitioner: Partitioner) -> (perEdge: Int, perNode: Int) {
    switch partitioner {
    case .range, .random: (0, 40)
    case .ldg, .fennel: (24, 64)
    case .multilevel: (56, 96)
    }
  }

  /// Orders and partitions a graph, and checks the result.
  ///
  /// - Parameters:
  ///   - edges: The edges as they will be stored: policies were applied.
  ///   - train: Whether a node is a training node, by input index; only measured.
  /// - Throws: ``PartitionError`` where the options do not fit the graph, where `cancellation` is
  ///   set, and where a post-condition fails (cover, disjoint, sums of nodes and edges).
  package static func make(
    _ edges: EdgeList, train: [Bool]? = nil, options: PartitionOptions, pool: ThreadPool,
    progress: any ProgressListener = SilentProgress(), cancellation: Cancellation? = nil
  ) throws(PartitionError) -> Partition {
    try check(options, nodeCount: edges.nodeCount)
    let inDegrees = try edges.inDegrees()
    let narrow = try narrowed(inDegrees)
    if cancellation?.isCancelled == true { throw .interrupted }
    let neighbors =
      options.partitioner.readsNeighbors || options.ordering == .locality
      ? InMemoryNeighbors(
        nodeCount: edges.nodeCount, sources: edges.sources, destinations: edges.destinations)
      : InMemoryNeighbors(nodeCount: 0, sources: [], destinations: [])
    let assignment: ShardAssignment? =
      switch options.partitioner {
      case .range: nil
      case .random:
        try .random(nodeCount: edges.nodeCount, options: options, pool: pool)
      case .ldg, .fennel, .multilevel:
        try .make(
          neighbors: neighbors,
          inDegrees: narrow, train: train, options: options, pool: pool, progress: progress,
          cancellation: cancellation)
      }
    let sequence: NodeSequence =
      switch options.ordering.resolved {
      case .locality:
        .given(
          try LocalityOrder.sequence(
            of: neighbors, inDegrees: narrow, cancellation: cancellation))
      case .degree, .auto: .degree
      case .input: .input
      }
    let ordered = try GlobalOrder(
      sequence, inDegrees: narrow,
      assignment: assignment, shards: options.shards, pool: pool)
    let order = try NodeOrder(inputs: inverse(ordered.globals))
    let (nodeBounds, edgeBounds) = (ordered.nodeBounds, ordered.edgeBounds)
    if cancellation?.isCancelled == true { throw .interrupted }
    let metrics = PartitionMetrics.measure(
      edges, order: order, nodeBounds: nodeBounds, edgeBounds: edgeBounds, train: train, pool: pool)
    return Partition(
      order: order, ordering: options.ordering.resolved, nodeBounds: nodeBounds,
      edgeBounds: edgeBounds, inDegrees: ordered.inDegrees.map { UInt64($0) }, metrics: metrics,
      warnings: assignment?.warnings ?? [])
  }

  private static func narrowed(_ degrees: [UInt64]) throws(PartitionError) -> [UInt32] {
    if let node = degrees.firstIndex(where: { $0 > UInt32.max }) {
      throw .tooManyInEdges(node: node, count: degrees[node])
    }
    return degrees.map { UInt32(truncatingIfNeeded: $0) }
  }

  private static func inverse(_ permutation: [UInt32]) -> [UInt32] {
    var result = permutation
    for (index, place) in permutation.enumerated() {
      result[Int(place)] = UInt32(truncatingIfNeeded: index)
    }
    return result
  }
}

extension Partition {
  /// A shard's number must fit the 16 bits of an assignment, with one value to spare.
  package static let shardLimit = 65_535

  /// - Throws: ``PartitionError`` for options that no graph of `nodeCount` nodes can meet. One
  ///   shard is always possible.
  package static func check(
    _ options: PartitionOptions, nodeCount: Int
  ) throws(PartitionError) {
    guard nodeCount <= EdgeList.nodeLimit else {
      throw .tooManyNodes(count: nodeCount, limit: EdgeList.nodeLimit)
    }
    guard options.shards >= 1, options.shards <= max(nodeCount, 1) else {
      throw .shardsOutOfRange(shards: options.shards, nodeCount: nodeCount)
    }
    guard options.shards <= shardLimit else {
      throw .tooManyShards(shards: options.shards, limit: shardLimit)
    }
    guard options.imbalance >= 0, options.imbalance <= 100 else {
      throw .imbalanceOutOfRange(options.imbalance)
    }
  }

  /// Shards follow each other without a gap and hold everything once.
  static func checkBounds(
    _ bounds: [UInt64], shards: Int, total: Int, of what: String
  ) throws(PartitionError) {
    guard bounds.count == shards + 1 else {
      throw .inconsistent(
        check: "the number of boundaries of \(what)", expected: shards + 1, found: bounds.count)
    }
    for (lower, upper) in zip(bounds, bounds.dropFirst()) where lower > upper {
      throw .inconsistent(
        check: "a boundary of \(what) after another", expected: Int(lower), found: Int(upper))
    }
    guard bounds[0] == 0, bounds[shards] == UInt64(total) else {
      throw .inconsistent(
        check: "the \(what) in all shards", expected: total, found: Int(bounds[shards]))
    }
  }
}
