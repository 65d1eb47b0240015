import MerestoneCore

/// Collects the steps of many walks as they are taken, step by step, and sorts them by walk.
struct WalkTrail {
  private let starts: [NodeID]
  private var walkers: [Int] = []
  private var nodes: [NodeID] = []
  private var edges: [EdgeID] = []

  init(starts: [NodeID]) { self.starts = starts }

  mutating func append(_ walker: Int, _ node: NodeID, _ edge: EdgeID) {
    walkers.append(walker)
    nodes.append(node)
    edges.append(edge)
  }

  /// All walks, one after the other.
  /// - Complexity: O(steps + walks): one pass that counts and one that places.
  func walks() -> Walks {
    var indptr = [Int](repeating: 1, count: starts.count + 1)
    indptr[0] = 0
    for walker in walkers { indptr[walker + 1] += 1 }
    for walk in starts.indices { indptr[walk + 1] += indptr[walk] }
    var walks = Walks(
      nodes: [NodeID](repeating: NodeID(0), count: indptr[starts.count]), indptr: indptr,
      edges: [EdgeID](repeating: EdgeID(0), count: walkers.count))
    var next = indptr
    for walk in starts.indices {
      walks.nodes[next[walk]] = starts[walk]
      next[walk] += 1
    }
    for place in walkers.indices {
      let walker = walkers[place]
      walks.nodes[next[walker]] = nodes[place]
      walks.edges[next[walker] - walker - 1] = edges[place]
      next[walker] += 1
    }
    return walks
  }
}
