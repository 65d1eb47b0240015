package import MerestoneCore

/// One shard's out-edges of one relation: where each of its nodes points to, and which edges these
/// are.
///
/// The lists are an edge file with the roles exchanged: list `i` holds the destinations of the
/// shard's source `i`, ascending, as global ids. Beside it lie the edges' ids, place by place. An
/// edge of the graph is in the shard of its destination as an in-edge, and here in the shard of its
/// source. Any thread may read.
package final class ReverseStore: Sendable {
  /// `r*.rev`: destinations in lists by source.
  package let lists: EdgeStore
  /// `r*.rev.ids`: the edge of each place of the lists.
  package let ids: EdgeIDFile

  package var edgeCount: Int { lists.edgeCount }
  package var fileBytes: Int { lists.fileBytes + ids.fileBytes }

  package init(lists: EdgeStore, ids: EdgeIDFile) throws(StorageError) {
    guard lists.edgeCount == ids.count else {
      throw .corrupt(
        path: ids.path, byteOffset: 16, field: "ids", expected: "\(lists.edgeCount)",
        found: "\(ids.count)")
    }
    self.lists = lists
    self.ids = ids
  }

  /// Appends the out-edges of a node, by ascending destination and then edge id.
  ///
  /// - Parameters:
  ///   - source: Local to this shard, below the lists' `destinationCount`.
  ///   - destinations: Gets the global ids of the nodes that the edges lead to.
  ///   - edges: Gets the edges' ids.
  /// - Complexity: One page of lists for each page touched, and as many ids as edges.
  package func copyOutEdges(
    of source: LocalNodeID, destinations: inout [NodeID], edges: inout [EdgeID],
    scratch: inout PageScratch
  ) throws(StorageError) {
    let range = try lists.edgeRange(of: source)
    try lists.copySources(of: range, into: &destinations, scratch: &scratch)
    var found = [UInt64](repeating: 0, count: range.count)
    var span = found.mutableSpan
    try ids.decode(range, into: &span)
    for id in found { edges.append(EdgeID(id)) }
  }

  /// Gives the memory of the mappings back; later reads fault them in again.
  package func drop() {
    lists.drop()
    ids.drop()
  }
}
