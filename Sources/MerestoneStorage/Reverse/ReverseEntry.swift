/// What the manifest says about a relation whose out-edges are stored, too.
package struct ReverseEntry: Codable, Sendable, Equatable {
  /// Edges by the shard of their source.
  package var shardEdges: [Int]
  package var maxOutDegree: Int

  package init(shardEdges: [Int], maxOutDegree: Int) {
    self.shardEdges = shardEdges
    self.maxOutDegree = maxOutDegree
  }

  /// What is wrong with it in a graph of `shards` shards and a relation of `edges` edges.
  func contradiction(
    relation: String, shards: Int, edges: Int
  ) -> (what: String, expected: String, found: String)? {
    if shardEdges.count != shards {
      return ("shards of the out-edges of \(relation)", "\(shards)", "\(shardEdges.count)")
    }
    var left = edges
    for count in shardEdges {
      guard count >= 0, count <= left else {
        return ("out-edges of \(relation) in a shard", "0...\(left)", "\(count)")
      }
      left -= count
    }
    if left != 0 { return ("out-edges of \(relation)", "\(edges)", "\(edges - left)") }
    if maxOutDegree < 0 || maxOutDegree > edges {
      return ("largest out-degree of \(relation)", "0...\(edges)", "\(maxOutDegree)")
    }
    return nil
  }
}
