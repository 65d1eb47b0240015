import MerestoneCore

/// Numbers the nodes of a subgraph.
protocol NodeNumbering {
  var count: Int { get }

  /// The position of a node; `nil` for a node that is not in the subgraph.
  func number(of node: NodeID) -> Int?
}

extension NodeIndex: NodeNumbering {}

/// Reads all edges among the nodes of a subgraph.
struct InducedReader {
  private let topology: Topology
  private var reader: InEdgeReader
  private var finder: EdgeFinder
  private var lists: [EdgeList] = []
  private var allowed: [EdgeID] = []

  // Edges that wait to be read, and where each waiting destination's edges end among them.
  private var waiting: [EdgeID] = []
  private var ends: [Int] = []
  private var sources: [NodeID] = []

  /// Edges that are read at once.
  private static let portion = 1 << 20

  /// A list is searched for the nodes, not read, where it has this many edges for each of them.
  private static let searchRatio: UInt64 = 1024

  init(_ topology: Topology) {
    self.topology = topology
    reader = InEdgeReader(topology)
    finder = EdgeFinder(topology)
  }

  /// The subgraph on `nodes`.
  ///
  /// - Parameter numbering: Gives each of `nodes` its position among them.
  /// - Precondition: The nodes exist and are distinct.
  /// - Complexity: O(in-edges of the nodes), read in portions of a million, page by page each page
  ///   once a portion; hubs that have 1,024 times more in-edges than there are nodes are searched.
  mutating func induced(
    on nodes: [NodeID], _ numbering: some NodeNumbering
  ) throws(SamplingError) -> LocalSubgraph {
    guard nodes.count < Int(UInt32.max) else { throw .blockTooLarge(nodes: nodes.count) }
    var graph = LocalSubgraph(nodes: nodes)
    graph.indptr.reserveCapacity(nodes.count + 1)
    try reader.readLists(of: nodes, into: &lists)
    var sorted: [NodeID]?
    for place in nodes.indices {
      let list = lists[place]
      if list.count / Self.searchRatio > UInt64(nodes.count) {
        try flush(into: &graph, numbering)
        if sorted == nil { sorted = nodes.sorted() }
        try search(nodes[place], for: sorted!, into: &graph, numbering)
        continue
      }
      if topology.isFiltered {
        try reader.readAllowed(of: list, into: &allowed)
        waiting.append(contentsOf: allowed)
      } else {
        for edge in list.range { waiting.append(EdgeID(edge)) }
      }
      ends.append(waiting.count)
      if waiting.count >= Self.portion { try flush(into: &graph, numbering) }
    }
    try flush(into: &graph, numbering)
    return graph
  }

  private mutating func flush(
    into graph: inout LocalSubgraph, _ numbering: some NodeNumbering
  ) throws(SamplingError) {
    try reader.readSources(of: waiting, into: &sources)
    var place = 0
    for end in ends {
      while place < end {
        if let number = numbering.number(of: sources[place]) {
          graph.indices.append(BlockIndex(UInt32(truncatingIfNeeded: number)))
          graph.edges.append(waiting[place])
        }
        place &+= 1
      }
      graph.indptr.append(graph.edges.count)
    }
    waiting.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  /// Looks every node up in a long list.
  private mutating func search(
    _ destination: NodeID, for nodes: [NodeID], into graph: inout LocalSubgraph,
    _ numbering: some NodeNumbering
  ) throws(SamplingError) {
    var found: [EdgeList] = []
    try finder.find(
      nodes, [NodeID](repeating: destination, count: nodes.count), into: &found)
    for (node, run) in zip(nodes, found) where run.count > 0 {
      guard let number = numbering.number(of: node) else { continue }
      try reader.readAllowed(of: run, into: &allowed)
      for edge in allowed {
        graph.indices.append(BlockIndex(UInt32(truncatingIfNeeded: number)))
        graph.edges.append(edge)
      }
    }
    graph.indptr.append(graph.edges.count)
  }
}
