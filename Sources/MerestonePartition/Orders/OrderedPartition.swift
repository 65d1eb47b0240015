package import MerestoneCore

/// Nodes shared out among shards and numbered, as ``PartitionOptions`` say.
package struct OrderedPartition: Sendable {
  package let order: GlobalOrder
  /// What `auto` stands for.
  package let ordering: NodeOrdering
  /// Why `auto` chose it.
  package let reason: String?
  package let warnings: [String]

  /// - Parameters:
  ///   - neighbors: The symmetrised neighbourhoods, or a sample of them.
  ///   - inDegrees: The stored in-edges of every node, loops included. Shape `[nodeCount]`.
  ///   - train: Whether a node is a training node; `nil` for none.
  /// - Throws: ``PartitionError`` for options that do not fit, for neighbourhoods that cannot be read,
  ///   and where `cancellation` is set.
  /// - Precondition: There are neighbourhoods where the partitioner or the order reads them.
  package init(
    neighbors: (some NeighborSource)?, inDegrees: [UInt32], train: [Bool]? = nil,
    options: PartitionOptions, pool: ThreadPool,
    progress: any ProgressListener = SilentProgress(), cancellation: Cancellation
  ) throws(PartitionError) {
    try Partition.check(options, nodeCount: inDegrees.count)
    let assignment: ShardAssignment?
    if options.partitioner == .range {
      assignment = nil
    } else if options.partitioner == .random {
      assignment = try ShardAssignment.random(
        nodeCount: inDegrees.count, options: options, pool: pool)
    } else {
      guard let neighbors else { preconditionFailure("a partitioner without neighbourhoods") }
      assignment = try ShardAssignment.make(
        neighbors: neighbors, inDegrees: inDegrees, train: train, options: options,
        pool: pool, progress: progress, cancellation: cancellation)
    }
    let sequence: NodeSequence
    switch options.ordering {
    case .degree: (sequence, ordering, reason) = (.degree, .degree, nil)
    case .input: (sequence, ordering, reason) = (.input, .input, nil)
    case .locality:
      guard let neighbors else { preconditionFailure("an order without neighbourhoods") }
      sequence = .given(
        try LocalityOrder.sequence(
          of: neighbors, inDegrees: inDegrees, cancellation: cancellation))
      (ordering, reason) = (.locality, nil)
    case .auto:
      guard let neighbors else { preconditionFailure("a choice without neighbourhoods") }
      let choice = try OrderChoice(
        neighbors: neighbors, inDegrees: inDegrees, pool: pool, cancellation: cancellation)
      (sequence, ordering, reason) = (choice.sequence, choice.ordering, choice.reason)
    }
    order = try GlobalOrder(
      sequence, inDegrees: inDegrees, assignment: assignment, shards: options.shards, pool: pool)
    warnings = assignment?.warnings ?? []
  }
}
