package import MerestoneCore
import MerestoneStorage

/// Where a destination's in-edges lie: the global ids `start ..< start + count`.
package struct EdgeList: Sendable, Equatable, BitwiseCopyable {
  package var start: UInt64
  package var count: UInt64

  package init(start: UInt64, count: UInt64) {
    self.start = start
    self.count = count
  }

  package var range: Range<UInt64> { start..<start &+ count }
}

/// Reads one relation's in-edges in bulk, by the way that its ``Topology`` holds. A reader belongs
/// to one thread.
///
/// All ways give the same answers. Asking for much at once is what makes them fast: page by page,
/// each page is decoded once per call.
package struct InEdgeReader {
  package let topology: Topology
  private var paged: PagedReader

  package init(_ topology: Topology) {
    self.topology = topology
    paged = PagedReader(topology.store, relation: topology.relation)
  }

  /// The in-edges of every node of `nodes`, whatever the edge set.
  ///
  /// - Parameter lists: Receives one list per node in its first places; grows where it is too
  ///   short.
  /// - Precondition: Every node exists.
  package mutating func readLists(
    of nodes: [NodeID], into lists: inout [EdgeList]
  ) throws(SamplingError) {
    if lists.count < nodes.count {
      lists = [EdgeList](repeating: EdgeList(start: 0, count: 0), count: nodes.count)
    }
    if let flat = topology.flat {
      flat.readLists(of: nodes, into: &lists)
    } else if let packed = topology.packed {
      packed.readLists(of: nodes, into: &lists)
    } else {
      for (place, node) in nodes.enumerated() { lists[place] = try paged.list(of: node) }
    }
  }

  /// The source of every edge of `edges`.
  ///
  /// - Parameter sources: Receives one source per edge in its first places, in the order of
  ///   `edges`; grows where it is too short.
  /// - Precondition: Every edge exists.
  package mutating func readSources(
    of edges: [EdgeID], into sources: inout [NodeID]
  ) throws(SamplingError) {
    if sources.count < edges.count {
      sources = [NodeID](repeating: NodeID(0), count: edges.count)
    }
    if let flat = topology.flat {
      flat.readSources(of: edges, into: &sources)
    } else if let packed = topology.packed {
      try packed.readSources(of: edges, into: &sources)
    } else {
      try paged.readSources(of: edges, into: &sources)
    }
  }

  /// Fills `edges` with those of one list that the edge set contains and that are not excluded,
  /// ascending.
  package mutating func readAllowed(
    of list: EdgeList, into edges: inout [EdgeID]
  ) throws(SamplingError) {
    try readEdgeSet(of: list, into: &edges)
    topology.exclusion.remove(from: &edges, of: list)
  }

  /// How many allowed in-edges each node has.
  /// - Complexity: O(nodes); O(stored in-edges) where there is an edge set or an exclusion.
  package mutating func inDegrees(of nodes: [NodeID]) throws(SamplingError) -> [Int] {
    var lists: [EdgeList] = []
    try readLists(of: nodes, into: &lists)
    guard topology.isFiltered else { return lists.map { Int($0.count) } }
    var allowed: [EdgeID] = []
    var degrees: [Int] = []
    degrees.reserveCapacity(nodes.count)
    for list in lists {
      var degree = 0
      for first in stride(from: list.start, to: list.range.upperBound, by: Self.portion) {
        let count = min(UInt64(Self.portion), list.range.upperBound - first)
        try readAllowed(of: EdgeList(start: first, count: count), into: &allowed)
        degree += allowed.count
      }
      degrees.append(degree)
    }
    return degrees
  }

  // Edges of one list that are looked at together.
  private static let portion = 1 << 16

  private func readEdgeSet(
    of list: EdgeList, into edges: inout [EdgeID]
  ) throws(SamplingError) {
    edges.removeAll(keepingCapacity: true)
    guard topology.isSplit else {
      for edge in list.range { edges.append(EdgeID(edge)) }
      return
    }
    guard list.count > 0,
      let place = topology.store.book.locate(
        edge: EdgeID(list.start), relation: topology.relation)
    else { return }
    let edgeSet = topology.edgeSet
    let count = Int(list.count)
    do throws(StorageError) {
      guard
        let column = try topology.store.edgeColumn(
          "split", relation: topology.relation, shard: place.shard)
      else { return }
      let rows = place.position..<place.position + count
      try column.withRawRows(rows) { bytes throws(StorageError) in
        for offset in 0..<count {
          // SAFETY: the span holds one byte for each edge of the range.
          let code = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
          if edgeSet.contains(code: code) {
            edges.append(EdgeID(list.start &+ UInt64(offset)))
          }
        }
      }
    } catch {
      throw .storage(error)
    }
  }
}
