package import MerestoneCore
import MerestoneStorage

/// Says which node each edge leads to: where its id lies among the starts of the lists.
package struct DestinationFinder {
  private let topology: Topology

  package init(_ topology: Topology) { self.topology = topology }

  /// - Returns: The destination of every edge. Shape `[n]`.
  /// - Precondition: Every edge exists.
  /// - Complexity: O(log nodes) reads an edge; nothing is kept.
  package func destinations(of edges: [EdgeID]) throws(SamplingError) -> [NodeID] {
    if let flat = topology.flat { return edges.map { flat.destination(of: $0.rawValue) } }
    let store = topology.store
    var destinations: [NodeID] = []
    destinations.reserveCapacity(edges.count)
    do throws(StorageError) {
      for edge in edges {
        guard let place = store.book.locate(edge: edge, relation: topology.relation),
          let shard = try store.edges(topology.relation, shard: place.shard)
        else { preconditionFailure("edge \(edge) is out of range") }
        let lower = store.book.nodes(of: topology.destinationType, in: place.shard).lowerBound
        destinations.append(
          NodeID(lower + UInt64(try shard.destination(of: place.position))))
      }
    } catch {
      throw .storage(error)
    }
    return destinations
  }
}

extension FlatTopology {
  /// The node whose list holds an edge: the last one that starts at or before it and is not empty.
  fileprivate func destination(of edge: UInt64) -> NodeID {
    precondition(edge < UInt64(unsafe low.count), "edge \(edge) is out of range")
    var lower = 0
    var upper = unsafe indptr.count &- 1
    while upper &- lower > 1 {
      let middle = (lower &+ upper) / 2
      // SAFETY: `middle` is inside `0..<indptr.count`.
      if unsafe indptr[middle] <= edge { lower = middle } else { upper = middle }
    }
    return NodeID(UInt64(lower))
  }
}
