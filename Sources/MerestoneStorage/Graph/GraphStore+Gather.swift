package import MerestoneCore

extension GraphStore {
  /// Gathers rows of a node column for nodes of any shards, as `Float`: see
  /// ``NodeRows/copyRows(of:part:into:)``. Who gathers often keeps a ``NodeRows``.
  package func gatherNodeRows(
    _ nodes: Span<NodeID>, column: String, type: NodeTypeID,
    into output: inout MutableSpan<Float>
  ) throws(StorageError) {
    try NodeRows(column, of: type, in: self).copyRows(of: nodes, into: &output)
  }
}
