/// In which sequence nodes get their global ids, inside each shard where nodes were assigned.
package enum NodeSequence: Sendable {
  /// As the input lists the nodes.
  case input
  /// In-degree descending, ties by input index.
  case degree
  /// As given: all input indices, each once. Shape `[nodeCount]`.
  case given([UInt32])
}
