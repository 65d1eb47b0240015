package import MerestoneCore

/// Reads all allowed in-edges of nodes, in parts of bounded size, for passes over a whole graph.
///
/// A list that is too long for a part comes in several: a hub takes no more memory than other nodes.
/// A reader belongs to one thread.
package struct NeighborhoodReader {
  private var reader: InEdgeReader
  private var relabeler: NodeRelabeler
  private var nodes: [NodeID] = []
  // What of each node's list has not been read.
  private var lists: [EdgeList] = []
  private var next = 0
  private var allowed: [EdgeID] = []
  private var sources: [NodeID] = []

  package init(_ topology: Topology) {
    reader = InEdgeReader(topology)
    relabeler = NodeRelabeler(
      nodeCount: topology.nodeCount, stampBudget: NeighborSampler.stampBudget)
  }

  /// Starts with other nodes.
  /// - Precondition: They exist and are distinct.
  package mutating func begin(_ nodes: [NodeID]) throws(SamplingError) {
    self.nodes = nodes
    next = 0
    try reader.readLists(of: nodes, into: &lists)
  }

  /// Reads the next part: the lists of nodes that follow each other, or a piece of one list.
  ///
  /// - Parameters:
  ///   - edgeLimit: The most stored edges, 1 or more.
  ///   - block: Its destinations are those nodes.
  /// - Returns: Their places among the nodes; `nil` once all were read.
  /// - Complexity: O(stored edges of the part).
  package mutating func readPart(
    edgeLimit: Int, into block: inout Block
  ) throws(SamplingError) -> Range<Int>? {
    guard next < nodes.count else { return nil }
    let first = next
    var room = UInt64(edgeLimit)
    block.edges.removeAll(keepingCapacity: true)
    block.indptr.removeAll(keepingCapacity: true)
    block.indptr.append(0)
    repeat {
      let list = lists[next]
      guard list.count <= room || next == first else { break }
      let part = EdgeList(start: list.start, count: min(list.count, room))
      try appendAllowed(of: part, to: &block.edges)
      block.indptr.append(block.edges.count)
      room -= part.count
      lists[next] = EdgeList(start: list.start + part.count, count: list.count - part.count)
      if part.count < list.count { break }
      next += 1
    } while next < nodes.count
    let places = first..<first + block.indptr.count - 1
    relabeler.reset()
    block.destinationCount = places.count
    try relabeler.relabel(Array(nodes[places]), count: places.count, into: &block.indices)
    try reader.readSources(of: block.edges, into: &sources)
    try relabeler.relabel(sources, count: block.edges.count, into: &block.indices)
    relabeler.copyNodes(into: &block.sources)
    return places
  }

  private mutating func appendAllowed(
    of list: EdgeList, to edges: inout [EdgeID]
  ) throws(SamplingError) {
    guard reader.topology.isFiltered else {
      for edge in list.range { edges.append(EdgeID(edge)) }
      return
    }
    try reader.readAllowed(of: list, into: &allowed)
    edges.append(contentsOf: allowed)
  }

  /// How many allowed in-edges each node has.
  package mutating func inDegrees(of nodes: [NodeID]) throws(SamplingError) -> [Int] {
    try reader.inDegrees(of: nodes)
  }
}
