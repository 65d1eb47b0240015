package import MerestoneCore

/// Random walks over in-edges, many walkers at once.
///
/// A step goes from a node to the source of one of its in-edges, the way that messages come from.
/// All walkers take their next step together, so that every way of reading the graph is fast: page
/// by page, a page is decoded once per step however many walkers need it. Draws come from the
/// stream ``RandomStream/walk`` with the walk's number as entity and the step as draw; the key's
/// hop is set here. Equal keys give equal walks for one graph, whatever the way of reading. A
/// sampler belongs to one thread.
package struct WalkSampler {
  package let topology: Topology
  var reader: InEdgeReader
  var finder: EdgeFinder

  /// The in-edges of ``nodes``, place by place.
  var lists: [EdgeList] = []
  var allowed: [EdgeID] = []
  var sources: [NodeID] = []

  // The walkers on their way, ascending: the walk's place, its node, and the node before that
  // (node2vec only).
  var walkers: [Int] = []
  var nodes: [NodeID] = []
  var previous: [NodeID] = []

  // What the step gives, place by place: the edge, or `nil` at a dead end.
  var picks: [EdgeID?] = []
  var edges: [EdgeID] = []

  package init(_ topology: Topology) {
    self.topology = topology
    reader = InEdgeReader(topology)
    finder = EdgeFinder(topology)
  }

  /// Walks from each of `starts`.
  ///
  /// - Parameters:
  ///   - starts: One start per walk, repetitions allowed. Shape `[walks]`.
  ///   - length: The most steps of a walk.
  ///   - key: Names the draws; its stream, hop and relation are set here.
  ///   - firstWalk: The number of the first walk: a part of a longer list of starts gives the same
  ///     walks as the whole list.
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)``,
  ///   ``SamplingError/badParameter(name:value:expected:)``, or the store's error where a page that
  ///   is needed is damaged.
  /// - Complexity: O(steps) draws and reads for the uniform laws; node2vec as ``pickSecondOrder``
  ///   says. Memory: 40 bytes a step taken.
  package mutating func walk(
    from starts: [NodeID], law: WalkLaw = .uniform, length: Int, key: RandomKey,
    firstWalk: UInt64 = 0
  ) throws(SamplingError) -> Walks {
    try check(starts, law, length)
    var trail = WalkTrail(starts: starts)
    let draws = WalkDraws(key: key, relation: topology.relation, firstWalk: firstWalk)
    walkers = Array(starts.indices)
    nodes = starts
    previous = []
    var step = 0
    while step < length, !walkers.isEmpty {
      try reader.readLists(of: nodes, into: &lists)
      switch law {
      case .uniform: try pickUniform(step, restart: 0, draws)
      case .restart(let probability): try pickUniform(step, restart: probability, draws)
      case .node2vec(let p, let q): try pickSecondOrder(step, p: p, q: q, draws)
      }
      try advance(starts, remembering: law.looksBack, into: &trail)
      step += 1
    }
    return trail.walks()
  }

  private func check(_ starts: [NodeID], _ law: WalkLaw, _ length: Int) throws(SamplingError) {
    try topology.check(starts)
    guard length >= 0, length <= Int(UInt32.max) else {
      throw .badParameter(
        name: "length", value: Double(length), expected: "a number of steps from 0 to 2^32 - 1")
    }
    switch law {
    case .uniform: break
    case .node2vec(let p, let q):
      for (name, value) in [("p", p), ("q", q)]
      where !(value > 0 && value.isFinite && (1 / value).isFinite) {
        throw .badParameter(name: name, value: value, expected: "a number above 0")
      }
    case .restart(let probability):
      guard probability >= 0, probability < 1 else {
        throw .badParameter(
          name: "restart probability", value: probability, expected: "0 or more and below 1")
      }
    }
  }

  private mutating func pickUniform(
    _ step: Int, restart: Double, _ draws: WalkDraws
  ) throws(SamplingError) {
    picks.removeAll(keepingCapacity: true)
    for place in nodes.indices {
      let words = draws.words(walk: walkers[place], step: step)
      if restart > 0, words.y.unit < restart {
        picks.append(Walks.returned)
      } else {
        picks.append(try edge(of: place, word: words.x))
      }
    }
  }

  /// The allowed in-edge of the node at `place` that a word falls on: every one is equally likely.
  mutating func edge(of place: Int, word: UInt64) throws(SamplingError) -> EdgeID? {
    let list = lists[place]
    guard list.count > 0 else { return nil }
    guard topology.isFiltered else {
      return EdgeID(list.start &+ word.multipliedFullWidth(by: list.count).high)
    }
    try reader.readAllowed(of: list, into: &allowed)
    guard !allowed.isEmpty else { return nil }
    return allowed[Int(word.multipliedFullWidth(by: UInt64(allowed.count)).high)]
  }

  /// Moves every walker along its pick and lets those at a dead end go.
  private mutating func advance(
    _ starts: [NodeID], remembering: Bool, into trail: inout WalkTrail
  ) throws(SamplingError) {
    edges.removeAll(keepingCapacity: true)
    for case .some(let edge) in picks where edge != Walks.returned { edges.append(edge) }
    try reader.readSources(of: edges, into: &sources)
    var kept = 0
    var read = 0
    if remembering, previous.count < nodes.count { previous = nodes }
    for place in nodes.indices {
      guard let edge = picks[place] else { continue }
      let walker = walkers[place]
      if remembering { previous[kept] = nodes[place] }
      if edge == Walks.returned {
        nodes[kept] = starts[walker]
      } else {
        nodes[kept] = sources[read]
        read &+= 1
      }
      walkers[kept] = walker
      trail.append(walker, nodes[kept], edge)
      kept &+= 1
    }
    walkers.removeLast(walkers.count - kept)
    nodes.removeLast(nodes.count - kept)
    if remembering { previous.removeLast(previous.count - kept) }
  }
}

extension WalkLaw {
  /// Whether a step depends on the node before.
  fileprivate var looksBack: Bool {
    if case .node2vec = self { true } else { false }
  }
}
