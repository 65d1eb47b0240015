package import MerestoneCore

extension GraphStore {
  /// Gathers rows of a node column for nodes of any shards, as `Float`.
  ///
  /// - Parameters:
  ///   - nodes: Global ids, in any order, repetitions allowed. Shape `[n]`.
  ///   - column: The column's name.
  ///   - output: Receives row `nodes[i]` as its row `i`. Shape `[n, width]`.
  /// - Throws: ``StorageError/outOfRange(path:what:index:count:)`` for a node that does not exist;
  ///   what reading a column throws.
  /// - Precondition: `output.count == n * width`.
  /// - Complexity: O(*n* · (*width* + log shards)); allocates 16 bytes a node.
  package func gatherNodeRows(
    _ nodes: Span<NodeID>, column: String, type: NodeTypeID,
    into output: inout MutableSpan<Float>
  ) throws(StorageError) {
    // Nodes are sorted by shard with one pass that counts and one that places.
    var starts = [Int](repeating: 0, count: book.shardCount + 1)
    var shards = [Int](repeating: 0, count: nodes.count)
    for index in nodes.indices {
      guard let owner = book.locate(nodes[index], type: type) else {
        throw .outOfRange(
          path: path, what: "node", index: nodes[index].rawValue,
          count: book.nodeCount(of: type))
      }
      shards[index] = owner.shard.rawValue
      starts[owner.shard.rawValue + 1] += 1
    }
    for shard in 0..<book.shardCount { starts[shard + 1] += starts[shard] }
    var rows = [UInt64](repeating: 0, count: nodes.count)
    var places = [UInt64](repeating: 0, count: nodes.count)
    var next = starts
    for index in nodes.indices {
      let shard = shards[index]
      let lower = book.nodes(of: type, in: ShardID(shard)).lowerBound
      rows[next[shard]] = nodes[index].rawValue &- lower
      places[next[shard]] = UInt64(index)
      next[shard] &+= 1
    }
    for shard in 0..<book.shardCount where starts[shard] < starts[shard + 1] {
      let part = starts[shard]..<starts[shard + 1]
      guard let piece = try nodeColumn(column, type: type, shard: ShardID(shard)) else { continue }
      precondition(
        output.count == nodes.count * piece.width,
        "\(nodes.count) rows of \(piece.width) values into \(output.count) floats")
      try piece.copyRows(
        rows.span.extracting(part), to: places.span.extracting(part), into: &output)
    }
  }
}
