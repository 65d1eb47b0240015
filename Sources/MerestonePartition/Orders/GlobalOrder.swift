package import MerestoneCore

/// The global id of every node, and where the shards begin.
package struct GlobalOrder: Sendable {
  /// The global id of every input index. Shape `[nodeCount]`.
  package let globals: [UInt32]

  /// In-degree by global id. Shape `[nodeCount]`.
  package let inDegrees: [UInt32]

  /// Shard `s` owns the global ids `nodeBounds[s]..<nodeBounds[s + 1]`. Shape `[shards + 1]`.
  package let nodeBounds: [UInt64]

  /// Shard `s` owns the edge ids `edgeBounds[s]..<edgeBounds[s + 1]`. Shape `[shards + 1]`.
  package let edgeBounds: [UInt64]

  /// Numbers the nodes shard by shard and checks the result: every node has one global id, every
  /// global id one node, and nodes and edges of all shards add up to those of the graph.
  ///
  /// - Parameters:
  ///   - inDegrees: By input index.
  ///   - assignment: The shard of every node; `nil` cuts the sequence into `shards` pieces of about
  ///     equal load, so that the global ids do not depend on the number of shards.
  /// - Throws: ``PartitionError/inconsistent(check:expected:found:)`` where a check fails.
  /// - Complexity: O(*n*) time; 8 bytes per node in the result, and 4 MiB per 2^20 counters.
  package init(
    _ sequence: NodeSequence, inDegrees: [UInt32], assignment: ShardAssignment?, shards: Int,
    pool: ThreadPool
  ) throws(PartitionError) {
    let numbering = GlobalNumbering(
      sequence: sequence, inDegrees: inDegrees, shardOf: assignment?.shardOf,
      shards: assignment?.shards ?? 1)
    let (globals, starts) = numbering.run(pool: pool)
    try Self.checkPermutation(globals)
    let ordered = Self.permuted(inDegrees, by: globals, pool: pool)
    let nodeBounds =
      assignment == nil ? RangeCut.bounds(ofDegrees: ordered, shards: shards) : starts
    var edgeBounds: [UInt64] = [0]
    for shard in 0..<shards {
      var sum: UInt64 = 0
      for node in Int(nodeBounds[shard])..<Int(nodeBounds[shard + 1]) {
        sum &+= UInt64(ordered[node])
      }
      edgeBounds.append(edgeBounds[shard] + sum)
    }
    self.globals = globals
    self.inDegrees = ordered
    self.nodeBounds = nodeBounds
    self.edgeBounds = edgeBounds
    let edges = inDegrees.reduce(UInt64(0)) { $0 &+ UInt64($1) }
    try Partition.checkBounds(nodeBounds, shards: shards, total: globals.count, of: "nodes")
    try Partition.checkBounds(edgeBounds, shards: shards, total: Int(edges), of: "edges")
  }

  /// `values[i]` at place `places[i]`, filled on all threads.
  /// - Precondition: `places` is a permutation.
  package static func permuted(
    _ values: [UInt32], by places: [UInt32], pool: ThreadPool
  ) -> [UInt32] {
    var result = [UInt32](unwritten: values.count)
    result.withScatterTarget { target in
      pool.forEachTile(of: values.count, tile: 1 << 18) { tile in
        for index in tile { target.set(Int(places[index]), to: values[index]) }
      }
    }
    return result
  }

  private static func checkPermutation(_ globals: [UInt32]) throws(PartitionError) {
    var seen = [UInt64](repeating: 0, count: (globals.count + 63) / 64)
    var distinct = 0
    for global in globals where Int(global) < globals.count {
      let bit = (1 as UInt64) &<< UInt64(global & 63)
      let word = Int(global &>> 6)
      distinct &+= seen[word] & bit == 0 ? 1 : 0
      seen[word] |= bit
    }
    guard distinct == globals.count else {
      throw .inconsistent(
        check: "the number of nodes with a global id", expected: globals.count, found: distinct)
    }
  }
}

extension GlobalOrder {
  /// Largest shard over the mean, minus 1: of nodes, of in-edges, and of training nodes where
  /// there are.
  ///
  /// - Parameter train: Whether a node is a training node, by input index.
  package func imbalances(
    train: [Bool]? = nil
  ) -> (nodes: Double, edges: Double, training: Double?) {
    func sizes(_ bounds: [UInt64]) -> [UInt64] { zip(bounds, bounds.dropFirst()).map { $1 - $0 } }
    var counts = [UInt64](repeating: 0, count: nodeBounds.count - 1)
    if let train {
      var marks = [Bool](repeating: false, count: globals.count)
      for (node, global) in globals.enumerated() where train[node] { marks[Int(global)] = true }
      for shard in counts.indices {
        for global in Int(nodeBounds[shard])..<Int(nodeBounds[shard + 1]) where marks[global] {
          counts[shard] += 1
        }
      }
    }
    return (
      Self.imbalance(sizes(nodeBounds)), Self.imbalance(sizes(edgeBounds)),
      counts.contains { $0 > 0 } ? Self.imbalance(counts) : nil
    )
  }

  /// Largest over mean, minus 1; 0 where all are empty.
  private static func imbalance(_ sizes: [UInt64]) -> Double {
    let total = sizes.reduce(0, +)
    guard total > 0, let largest = sizes.max() else { return 0 }
    return Double(largest) * Double(sizes.count) / Double(total) - 1
  }
}
