package import MerestoneCore

/// Draws negative edges: pairs that keep one end of a given edge and replace the other.
///
/// Works for relations between two node types, too: an end is replaced by nodes of its own type.
/// Draws come from the stream ``RandomStream/negative`` with the place of the given edge as entity;
/// negative `j` in attempt `a` takes draw `a << 16 | j`, so that more negatives do not change the
/// first ones.
///
/// With rejection, a pair that the topology's edge set holds as an edge is drawn anew, ``attempts``
/// times at most: the law is the given one among pairs that are no edges, but for the chance
/// `s^attempts` that a negative stays a true edge, where `s` is the share of the law's mass that
/// lies on true edges; such pairs are kept and named in ``NegativeEdges/trueEdges``. Whatever is
/// drawn anew is drawn for all edges at once, so that every way of reading is fast.
package struct NegativeSampler {
  let topology: Topology
  let law: NegativeLaw
  let end: EdgeEnd
  private let rejectsTrueEdges: Bool
  var reader: InEdgeReader
  var finder: EdgeFinder
  var lists: [EdgeList] = []
  let destinationFinder: DestinationFinder

  /// How often a pair is drawn before it stays though it is a true edge.
  package static let attempts = 16

  /// How often a node is proposed before it stays whatever its degree. With a mean acceptance of a
  /// tenth that happens once in 10^187 draws.
  static let proposals = 4096

  /// - Parameters:
  ///   - replacing: The end that is drawn.
  ///   - rejectsTrueEdges: Whether pairs that are edges are drawn anew.
  /// - Throws: ``SamplingError/differentNodeTypes(relation:)`` for sources by in-degree where the
  ///   relation gives its source type none.
  package init(
    _ topology: Topology, law: NegativeLaw = .uniform, replacing end: EdgeEnd = .destination,
    rejectsTrueEdges: Bool = false
  ) throws(SamplingError) {
    if law == .byDegree, end == .source { try topology.requireOneNodeType() }
    self.topology = topology
    self.law = law
    self.end = end
    self.rejectsTrueEdges = rejectsTrueEdges
    reader = InEdgeReader(topology)
    finder = EdgeFinder(topology)
    destinationFinder = DestinationFinder(topology)
  }

  /// Draws `count` negatives for every given edge.
  ///
  /// - Parameters:
  ///   - sources: Sources of the given edges; the pairs need not be edges. Shape `[n]`.
  ///   - destinations: Their destinations. Shape `[n]`.
  ///   - count: Negatives for each, at most 65,536.
  ///   - key: Names the draws; its stream, hop and relation are set here.
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)``,
  ///   ``SamplingError/badParameter(name:value:expected:)``,
  ///   ``SamplingError/nothingToDraw(relation:)`` by degree from a relation without edges; the
  ///   store's error.
  /// - Complexity: O(1) draws a negative for uniform and in-batch; by degree, the mean degree over
  ///   the mean of its power 0.75, of O(log nodes) reads each. Rejection adds a search in a list.
  package mutating func negatives(
    sources: [NodeID], destinations: [NodeID], count: Int, key: RandomKey
  ) throws(SamplingError) -> NegativeEdges {
    precondition(sources.count == destinations.count, "edges have two ends")
    try topology.check(sources, .source)
    try topology.check(destinations, .destination)
    guard count >= 0, count <= 1 << 16 else {
      throw .badParameter(
        name: "negatives per edge", value: Double(count), expected: "a number from 0 to 65536")
    }
    var key = key
    key.stream = .negative
    key.hop = 0
    key.relation = UInt16(truncatingIfNeeded: topology.relation.rawValue)
    let draws = key.draws

    var result = NegativeEdges(count: count)
    result.sources = Self.repeated(sources, count)
    result.destinations = Self.repeated(destinations, count)
    let given = end == .source ? sources : destinations
    if result.sources.isEmpty { return result }
    guard nodeCount > 0, law != .byDegree || topology.edgeCount > 0 else {
      throw .nothingToDraw(relation: topology.relationName)
    }
    var open = Array(result.sources.indices)
    var refusals = [UInt8](repeating: 0, count: rejectsTrueEdges ? open.count : 0)
    var attempt = 0
    while !open.isEmpty {
      let (drawn, refused) = try draw(&result, open, attempt, given, draws)
      open = refused
      if rejectsTrueEdges { try reject(drawn, &result, &open, &refusals) }
      attempt += 1
    }
    result.trueEdges.sort()
    return result
  }

  /// Draws `count` negatives for each of some edges of the relation.
  ///
  /// - Throws: ``SamplingError/edgeOutOfRange(edge:edgeCount:)``; otherwise, and for the
  ///   complexity, see ``negatives(sources:destinations:count:key:)``.
  package mutating func negatives(
    for edges: [EdgeID], count: Int, key: RandomKey
  ) throws(SamplingError) -> NegativeEdges {
    try topology.check(edges)
    var sources: [NodeID] = []
    try reader.readSources(of: edges, into: &sources)
    return try negatives(
      sources: sources, destinations: destinationFinder.destinations(of: edges), count: count,
      key: key)
  }

  var nodeCount: Int { topology.nodeCount(of: end) }

  private static func repeated(_ nodes: [NodeID], _ count: Int) -> [NodeID] {
    nodes.flatMap { [NodeID](repeating: $0, count: count) }
  }
}
