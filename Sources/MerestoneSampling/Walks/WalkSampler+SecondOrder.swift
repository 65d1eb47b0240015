import MerestoneCore

extension WalkSampler {
  /// The attempts of a node2vec step that are made by rejection, before lists are merged.
  static let rejections = WalkDraws.attemptCount - 1

  /// Picks the next edges of node2vec walks, exactly.
  ///
  /// An in-edge is proposed uniformly and accepted with its weight over the largest possible one
  /// (Yang et al., "KnightKing: A Fast Distributed Graph Random Walk Engine", SOSP 2019); whether
  /// the node before is joined to the proposal is asked only where the answer matters: a binary
  /// search in its sorted in-list. What 16 attempts did not accept is drawn from the exact weights,
  /// which merging the two sorted lists gives: the law of a step does not depend on the attempts
  /// that failed before.
  ///
  /// - Complexity: At most `max(1, 1/p, 1/q) / min(1, 1/p, 1/q)` attempts of a read and a search on
  ///   average, and O(both in-degrees) for walkers that 16 attempts left over.
  mutating func pickSecondOrder(
    _ step: Int, p: Double, q: Double, _ draws: WalkDraws
  ) throws(SamplingError) {
    picks = [EdgeID?](repeating: nil, count: nodes.count)
    if step == 0 {
      for place in nodes.indices {
        picks[place] = try edge(of: place, word: draws.words(walk: walkers[place], step: 0).x)
      }
      return
    }
    let weights = StepWeights(p: p, q: q)
    var open = nodes.indices.filter { lists[$0].count > 0 }
    for attempt in 0..<Self.rejections where !open.isEmpty {
      try propose(&open, step, attempt, weights, draws)
    }
    for place in open { try pickExactly(place, step, weights, draws) }
  }

  /// One attempt of every walker in `open`; keeps those that were refused there.
  private mutating func propose(
    _ open: inout [Int], _ step: Int, _ attempt: Int, _ weights: StepWeights, _ draws: WalkDraws
  ) throws(SamplingError) {
    edges.removeAll(keepingCapacity: true)
    var proposers: [Int] = []
    for place in open {
      let word = draws.words(walk: walkers[place], step: step, attempt: attempt).x
      guard let edge = try edge(of: place, word: word) else { continue }
      edges.append(edge)
      proposers.append(place)
    }
    try reader.readSources(of: edges, into: &sources)

    // Decided at once, or only by whether the proposal is an in-neighbour of the node before.
    open.removeAll(keepingCapacity: true)
    var asked: [Int] = []
    for (number, place) in proposers.enumerated() {
      let words = draws.words(walk: walkers[place], step: step, attempt: attempt)
      let level = words.y.unit * weights.largest
      if sources[number] == previous[place] {
        if level < weights.back { picks[place] = edges[number] } else { open.append(place) }
      } else if level < min(1, weights.far) {
        picks[place] = edges[number]
      } else if level >= max(1, weights.far) {
        open.append(place)
      } else {
        asked.append(number)
      }
    }
    guard !asked.isEmpty else { return }
    let joined = try finder.contains(
      asked.map { sources[$0] }, asked.map { previous[proposers[$0]] })
    // The level lies between the two weights, so the larger one accepts and the other refuses.
    for (number, isJoined) in zip(asked, joined) {
      if isJoined == (weights.far < 1) {
        picks[proposers[number]] = edges[number]
      } else {
        open.append(proposers[number])
      }
    }
    open.sort()
  }

  /// Draws from all in-edges by their weights.
  private mutating func pickExactly(
    _ place: Int, _ step: Int, _ weights: StepWeights, _ draws: WalkDraws
  ) throws(SamplingError) {
    var before: [EdgeList] = []
    try reader.readLists(of: [previous[place]], into: &before)
    var candidates: [EdgeID] = []
    try reader.readAllowed(of: lists[place], into: &candidates)
    var joined: [EdgeID] = []
    try reader.readAllowed(of: before[0], into: &joined)
    var ends: [NodeID] = []
    try reader.readSources(of: candidates, into: &ends)
    var neighbors: [NodeID] = []
    try reader.readSources(of: joined, into: &neighbors)

    var cumulative: [Double] = []
    cumulative.reserveCapacity(candidates.count)
    var total = 0.0
    var other = 0
    for index in candidates.indices {
      let end = ends[index]
      while other < joined.count, neighbors[other] < end { other += 1 }
      if end == previous[place] {
        total += weights.back
      } else {
        total += other < joined.count && neighbors[other] == end ? 1 : weights.far
      }
      cumulative.append(total)
    }
    guard total > 0 else { return }
    let word = draws.words(walk: walkers[place], step: step, attempt: Self.rejections).x
    let level = word.unit * total
    picks[place] = candidates[cumulative.firstIndex { level < $0 } ?? candidates.count - 1]
  }
}

/// The weights of a node2vec step.
private struct StepWeights {
  /// Of the node before.
  let back: Double
  /// Of nodes that the node before has no in-edge from; those that it has one from weigh 1.
  let far: Double
  let largest: Double

  init(p: Double, q: Double) {
    back = 1 / p
    far = 1 / q
    largest = max(1, back, far)
  }
}
