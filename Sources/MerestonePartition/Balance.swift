/// Which loads of a shard the greedy and multilevel partitioners bound, beside training nodes.
package enum Balance: String, Sendable, CaseIterable, Codable {
  /// Nodes and in-edges. The default.
  case both
  /// Nodes only: where edges concentrate on few nodes, a shard of light nodes cuts far less.
  case nodes
  /// In-edges only.
  case edges
}
