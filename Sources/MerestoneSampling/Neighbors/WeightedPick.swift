import MerestoneCore

/// Picks in proportion to weights, with or without replacement, by inverting the running sums of
/// ``EdgeWeights``.
///
/// A draw is a number `x` from `[0, C[n - 1])`, and hits the first edge `i` with `C[i] > x`.
/// Draw `i` is the product of the total and of the upper 53 bits of the destination's 64-bit word
/// `i`, rounded to nearest.
///
/// Without replacement this is successive sampling: every edge is drawn in proportion to its
/// weight among those not drawn before. Keeping the *k* smallest of `E[i] / w[i]`, with `E[i]`
/// exponentially distributed, has the same law (Efraimidis and Spirakis, "Weighted random sampling
/// with a reservoir", Information Processing Letters 2006; Rosén, "Asymptotic Theory for Successive
/// Sampling", 1972) and needs a draw for every edge of the list. Here the first *k* draws are made
/// from the whole list, and those that hit an edge again are replaced by draws from what is left:
/// `x` runs over the weights of the edges not drawn, in list order. Which edge comes next given
/// those before does not depend on the repetitions in between, so the law is the same.
struct WeightedPick: NeighborPick {
  private let weights: EdgeWeights
  private let replaces: Bool
  private var prefix: [Double] = []
  private var hits: [WeightedHit] = []

  init(weights: EdgeWeights, replaces: Bool) {
    self.weights = weights
    self.replaces = replaces
  }

  /// - Complexity: O(*k* log(list / spacing) + *k* · spacing + *k*^2) per destination where sums are
  ///   kept, else O(list + *k* log(list) + *k*^2).
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader
  ) throws(SamplingError) -> PickedEdges {
    precondition(
      reader.topology === weights.edges.topology, "weights of another topology than the sampler's")
    if hits.count < fanout {
      hits = [WeightedHit](repeating: WeightedHit(position: 0, before: 0, after: 0), count: fanout)
    }
    var hop = WeightedHop(
      weights: weights, replaces: replaces, nodes: nodes, lists: lists, fanout: fanout,
      draws: draws, prefix: prefix, hits: hits)
    (prefix, hits) = ([], [])
    defer { (prefix, hits) = (hop.prefix, hop.hits) }
    return try weights.edges.element.with(&hop)
  }
}

/// One hop, for one type of weights.
private struct WeightedHop: EdgeValueBody {
  let weights: EdgeWeights
  let replaces: Bool
  let nodes: [NodeID]
  let lists: [EdgeList]
  let fanout: Int
  let draws: RandomDraws
  var prefix: [Double]
  var hits: [WeightedHit]

  mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) -> PickedEdges {
    var picked = PickedEdges()
    picked.indptr.reserveCapacity(nodes.count + 1)
    picked.edges.reserveCapacity(nodes.count * min(64, max(0, fanout)))
    var (prefix, hits) = (prefix, hits)
    (self.prefix, self.hits) = ([], [])
    defer { (self.prefix, self.hits) = (prefix, hits) }
    for place in nodes.indices {
      if lists[place].count > 0, fanout != 0 {
        try pick(from: lists[place], nodes[place], type, &prefix, &hits, into: &picked.edges)
      }
      picked.indptr.append(picked.edges.count)
    }
    try weights.edges.checkIntact()
    return picked
  }

  @inline(__always)
  private func pick<Value: EdgeValue>(
    from list: EdgeList, _ node: NodeID, _ type: Value.Type, _ prefix: inout [Double],
    _ hits: inout [WeightedHit], into edges: inout [EdgeID]
  ) throws(SamplingError) {
    let count = Int(list.count)
    // SAFETY: the list is a node's, and not empty.
    let values = unsafe try weights.edges.values(of: list, as: type)
    let keepsAll = fanout == -1 || (!replaces && count <= fanout)
    var hitSpan = hits.mutableSpan
    let kept: Int
    // Adding up a short list costs less than a few reads of the kept sums.
    if weights.spacing > 0 && !keepsAll && count > 8 * fanout {
      kept = unsafe weights.sums.withUnsafeBufferPointer { sums in
        // SAFETY: there is a kept sum for every multiple of the spacing up to the edge count.
        let sums = unsafe SpacedSums(
          sums.baseAddress!, spacing: weights.spacing, start: Int(list.start), values)
        return draw(from: sums, node, into: &hitSpan)
      }
    } else {
      unsafe try addUp(values, of: list, node, into: &prefix)
      if keepsAll {
        var before = 0.0
        for position in 0..<count {
          if prefix[position] > before { edges.append(EdgeID(list.start &+ UInt64(position))) }
          before = prefix[position]
        }
        return
      }
      kept = unsafe prefix.withUnsafeBufferPointer { prefix in
        // SAFETY: the list's sums are the first `count` elements.
        draw(
          from: unsafe PrefixSums(sums: prefix.baseAddress!, count: count), node, into: &hitSpan)
      }
    }
    for place in 0..<kept { edges.append(EdgeID(list.start &+ UInt64(hits[place].position))) }
  }

  @inline(__always)
  private func draw<Sums: RunningSums>(
    from sums: Sums, _ node: NodeID, into hits: inout MutableSpan<WeightedHit>
  ) -> Int {
    guard sums.total > 0 else { return 0 }
    return WeightedDraw.draw(
      fanout, from: sums, replaces: replaces, entity: node.rawValue, draws: draws, into: &hits)
  }

  /// Fills `prefix` with the list's running sums.
  @unsafe @inline(__always)
  private func addUp<Value: EdgeValue>(
    _ values: EdgeValues<Value>, of list: EdgeList, _ node: NodeID, into prefix: inout [Double]
  ) throws(SamplingError) {
    let count = unsafe values.count
    if prefix.count < count {
      prefix = [Double](repeating: 0, count: max(1024, count + count / 2))
    }
    var sum = 0.0
    var sums = prefix.mutableSpan
    for position in 0..<count {
      // SAFETY: the position is below the count.
      let weight = unsafe values.weight(position)
      guard weight >= 0, weight < .infinity else {
        throw weights.edges.badWeight(weight, at: position, of: list, node)
      }
      sum += weight
      sums[position] = sum
    }
    guard sum < .infinity else { throw weights.edges.sumOverflow(node) }
  }
}
