import MerestoneCore

/// Draws the nodes of GraphSAINT's subgraphs.
struct SaintDrawer {
  private let topology: Topology
  private let law: SaintLaw
  private var walker: WalkSampler
  private var reader: InEdgeReader
  private let destinationFinder: DestinationFinder
  private var lists: [EdgeList] = []

  init(_ topology: Topology, law: SaintLaw) throws(SamplingError) {
    let parameters: [(name: String, value: Int)] =
      switch law {
      case .nodes(let count): [("nodes", count)]
      case .edges(let count): [("edges", count)]
      case .walks(let roots, let length): [("roots", roots), ("length", length)]
      }
    for (name, value) in parameters where value < 0 || value >= 1 << 32 {
      throw .badParameter(name: name, value: Double(value), expected: "a number from 0 to 2^32 - 1")
    }
    let total =
      if case .nodes = law { topology.edgeCount } else { topology.nodeCount }
    guard total > 0 || parameters[0].value == 0 else {
      throw .nothingToDraw(relation: topology.relationName)
    }
    self.topology = topology
    self.law = law
    walker = WalkSampler(topology)
    reader = InEdgeReader(topology)
    destinationFinder = DestinationFinder(topology)
  }

  /// The distinct nodes of one subgraph, in the order in which they were drawn.
  ///
  /// - Parameter first: The entity of the first draw.
  mutating func draw(key: RandomKey, first: UInt64) throws(SamplingError) -> [NodeID] {
    var key = key
    key.stream = .subgraph
    key.hop = 0
    key.relation = UInt16(truncatingIfNeeded: topology.relation.rawValue)
    let draws = key.draws
    func words(_ number: Int) -> SIMD2<UInt64> {
      draws.wideWords(entity: first &+ UInt64(number), number: 0)
    }
    func pick(_ word: UInt64, _ bound: Int) -> UInt64 {
      word.multipliedFullWidth(by: UInt64(bound)).high
    }
    switch law {
    case .nodes(let count):
      let edges = (0..<count).map { EdgeID(pick(words($0).x, topology.edgeCount)) }
      return try NodeIndex(try destinationFinder.destinations(of: edges)).nodes
    case .edges(let count):
      return try drawEdges((0..<count).map { words($0) })
    case .walks(let roots, let length):
      let starts = (0..<roots).map { NodeID(pick(words($0).x, topology.nodeCount)) }
      let walks = try walker.walk(from: starts, length: length, key: key, firstWalk: first)
      return try NodeIndex(walks.nodes).nodes
    }
  }

  /// Both ends of one edge for each pair of words, which choose the destination and its in-edge.
  private mutating func drawEdges(_ words: [SIMD2<UInt64>]) throws(SamplingError) -> [NodeID] {
    let nodes = words.map {
      NodeID($0.x.multipliedFullWidth(by: UInt64(topology.nodeCount)).high)
    }
    try reader.readLists(of: nodes, into: &lists)
    var edges: [EdgeID] = []
    var destinations: [NodeID] = []
    var allowed: [EdgeID] = []
    for place in nodes.indices {
      let list = lists[place]
      if topology.isFiltered {
        try reader.readAllowed(of: list, into: &allowed)
        guard !allowed.isEmpty else { continue }
        let rank = words[place].y.multipliedFullWidth(by: UInt64(allowed.count)).high
        edges.append(allowed[Int(rank)])
      } else {
        guard list.count > 0 else { continue }
        edges.append(EdgeID(list.start &+ words[place].y.multipliedFullWidth(by: list.count).high))
      }
      destinations.append(nodes[place])
    }
    var sources: [NodeID] = []
    try reader.readSources(of: edges, into: &sources)
    var index = NodeIndex()
    for (place, destination) in destinations.enumerated() {
      _ = try index.add(destination)
      _ = try index.add(sources[place])
    }
    return index.nodes
  }

  /// How many stored in-edges each node has.
  mutating func inDegrees(of nodes: [NodeID]) throws(SamplingError) -> [UInt64] {
    try reader.readLists(of: nodes, into: &lists)
    return nodes.indices.map { lists[$0].count }
  }
}
