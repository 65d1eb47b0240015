internal import CMerestoneKernels
import MerestoneCore

/// Picks in proportion to weights, with or without replacement, by inverting the running sums of
/// ``EdgeWeights``.
///
/// A draw is a number `x` from `[0, C[n - 1])`, and hits the first edge `i` with `C[i] > x`.
/// Draw `i` is the product of the total and of word `i` of the destination as a fraction: of 32 bits from
/// a list of up to 65,536 edges, so that no edge's probability is off by more than 2^-32; else of the
/// upper 53 bits of one of 64. It is rounded to nearest.
///
/// Without replacement this is successive sampling: every edge is drawn in proportion to its
/// weight among those not drawn before. Keeping the *k* smallest of `E[i] / w[i]`, with `E[i]`
/// exponentially distributed, has the same law (Efraimidis and Spirakis, "Weighted random sampling
/// with a reservoir", Information Processing Letters 2006; Rosén, "Asymptotic Theory for Successive
/// Sampling", 1972) and needs a draw for every edge of the list. Here up to 2*k* draws are made from
/// the whole list, until *k* edges are hit; where that does not do, others follow from what is left:
/// `x` runs over the weights of the edges not drawn, in list order. Which edge comes next given
/// those before does not depend on the repetitions in between, so the law is the same.
struct WeightedPick: NeighborPick {
  private let weights: EdgeWeights
  private let replaces: Bool
  private let usesKernel: Bool
  private var buffers = WeightedBuffers()

  /// - Parameter usesKernel: False for the plain way, which tests compare with.
  init(weights: EdgeWeights, replaces: Bool, usesKernel: Bool = true) {
    self.weights = weights
    self.replaces = replaces
    self.usesKernel = usesKernel
  }

  /// - Complexity: O(*k* log(list / spacing) + *k* · spacing + *k*^2) per destination where sums are
  ///   kept, else O(list + *k* log(list) + *k*^2).
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout HopEdges
  ) throws(SamplingError) {
    precondition(
      reader.topology === weights.edges.topology, "weights of another topology than the sampler's")
    if usesKernel, try pickByKernel(nodes, lists, fanout, draws, into: &picked) { return }
    picked.clear()
    var hop = WeightedHop(
      weights: weights, replaces: replaces, nodes: nodes, lists: lists, fanout: fanout,
      draws: draws, buffers: buffers, picked: picked)
    buffers = WeightedBuffers()
    picked = HopEdges()
    defer { (buffers, picked) = (hop.buffers, hop.picked) }
    try weights.edges.element.with(&hop)
  }

  /// Returns false, having done nothing, where the kernel does not take the hop.
  private mutating func pickByKernel(
    _ nodes: [NodeID], _ lists: [EdgeList], _ fanout: Int, _ draws: RandomDraws,
    into picked: inout HopEdges
  ) throws(SamplingError) -> Bool {
    guard fanout > 0, fanout <= Int(MRS_WEIGHTED_FANOUT) else { return false }
    precondition(lists.count >= nodes.count, "\(lists.count) lists of \(nodes.count) nodes")
    // Old edges stay where they are, to be written over.
    picked.weights.removeAll(keepingCapacity: true)
    picked.indptr.resize(to: nodes.count + 1, filling: 0)
    picked.edges.resize(to: nodes.count * fanout, filling: EdgeID(0))
    let isGuided = weights.guided.count > 0
    picked.indices.resize(to: isGuided ? picked.edges.count : 0, filling: BlockIndex(0))
    let total = try unsafe weights.withKernel(lists[..<nodes.count]) { kernel in
      unsafe nodes.withUnsafeBufferPointer { nodes in
        unsafe lists.withUnsafeBufferPointer { lists in
          unsafe picked.indptr.withUnsafeMutableBufferPointer { indptr in
            unsafe picked.edges.withUnsafeMutableBufferPointer { edges in
              unsafe picked.indices.withUnsafeMutableBufferPointer { sources in
                // SAFETY: an edge list is the same two words here and there, a node and an edge id one
                // word, a block index half of one; there is room for `fanout` edges of each node.
                unsafe mrs_weighted_pick(
                  kernel,
                  UnsafeRawPointer(nodes.baseAddress)?.assumingMemoryBound(to: UInt64.self),
                  UnsafeRawPointer(lists.baseAddress)?.assumingMemoryBound(to: mrs_edge_list.self),
                  nodes.count, UInt32(fanout), replaces ? 1 : 0, draws.key.x, draws.key.y,
                  UnsafeMutableRawPointer(indptr.baseAddress!).assumingMemoryBound(to: Int64.self),
                  UnsafeMutableRawPointer(edges.baseAddress)?.assumingMemoryBound(to: UInt64.self),
                  UnsafeMutableRawPointer(sources.baseAddress)?.assumingMemoryBound(
                    to: UInt32.self))
              }
            }
          }
        }
      }
    }
    guard let total else { return false }
    picked.edges.resize(to: total, filling: EdgeID(0))
    picked.indices.resize(to: isGuided ? total : 0, filling: BlockIndex(0))
    try weights.edges.checkIntact()
    return true
  }
}

/// What a hop needs and the next one needs again.
private struct WeightedBuffers {
  /// The running sums of one list.
  var prefix: [Double] = []
  /// The edges kept of one list.
  var hits: [WeightedHit] = []
  /// The draws of some lists, and the kept sums before them.
  var numbers: [Double] = []
  var blocks: [Int] = []
}

/// One hop, for one type of weights.
///
/// Lists are worked through some at a time, and in steps, so that the memory that a step reads is
/// on its way while others are worked on.
private struct WeightedHop: EdgeValueBody {
  let weights: EdgeWeights
  let replaces: Bool
  let nodes: [NodeID]
  let lists: [EdgeList]
  let fanout: Int
  let draws: RandomDraws
  var buffers: WeightedBuffers
  var picked: HopEdges

  /// How many draws are on their way at once.
  private static let drawsAtOnce = 512

  mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
    // Locals, so that spans over them can be had at the same time.
    var (prefix, hits) = (buffers.prefix, buffers.hits)
    var (numbers, blocks) = (buffers.numbers, buffers.blocks)
    var picked = picked
    (buffers, self.picked) = (WeightedBuffers(), HopEdges())
    defer {
      buffers = WeightedBuffers(prefix: prefix, hits: hits, numbers: numbers, blocks: blocks)
      self.picked = picked
    }
    guard fanout != 0 else {
      picked.indptr.resize(to: nodes.count + 1, filling: 0)
      return
    }
    let atOnce = max(1, min(64, Self.drawsAtOnce / max(1, fanout)))
    hits.resize(
      to: max(0, fanout), filling: WeightedHit(position: 0, before: 0, after: 0))
    numbers.resize(to: max(0, fanout) * atOnce, filling: 0)
    blocks.resize(to: max(0, fanout) * atOnce, filling: 0)
    var sums: [SpacedSums<Value>?] = []
    var first = 0
    while first < nodes.count {
      let part = first..<min(first + atOnce, nodes.count)
      try prepare(part, &sums, &numbers, &blocks)
      for place in part {
        if let sums = sums[place - first] {
          keep(place, sums, (place - first) * fanout, numbers, blocks, &hits, into: &picked.edges)
        } else if lists[place].count > 0 {
          try pick(place, type, &prefix, &hits, &numbers, into: &picked.edges)
        }
        picked.indptr.append(picked.edges.count)
      }
      first = part.upperBound
    }
    try weights.edges.checkIntact()
  }

  /// Whether a list is drawn from by the kept sums: adding up a short one costs less.
  @inline(__always)
  private func usesKeptSums(_ list: EdgeList) -> Bool {
    fanout > 0 && list.count > UInt64(4 &* fanout) && weights.hasKeptSum(in: list)
  }

  /// Makes the first draws of the lists that are drawn from by the kept sums.
  @inline(__always)
  private func prepare<Value: EdgeValue>(
    _ part: Range<Int>, _ sums: inout [SpacedSums<Value>?],
    _ numbers: inout [Double], _ blocks: inout [Int]
  ) throws(SamplingError) {
    sums.removeAll(keepingCapacity: true)
    for place in part {
      let list = lists[place]
      guard list.count > 0 else {
        sums.append(nil)
        continue
      }
      // SAFETY: the list is a node's, and not empty; the kept sums live as long as `weights`.
      let values = unsafe try weights.edges.values(of: list, as: Value.self)
      if usesKeptSums(list) {
        sums.append(
          unsafe SpacedSums(
            try weights.keptSums(of: list), spacing: weights.spacing, start: Int(list.start), values
          ))
      } else {
        unsafe values.prefetch(0, min(Int(list.count), 128))
        sums.append(nil)
      }
    }
    var numbers = numbers.mutableSpan
    var blocks = blocks.mutableSpan
    for index in sums.indices where sums[index] != nil {
      sums[index]!.addUp()
      let range = index &* fanout..<(index &+ 1) &* fanout
      WeightedDraw.fill(
        &numbers, range, below: sums[index]!.total, of: sums[index]!.count,
        entity: nodes[part.lowerBound &+ index].rawValue, draws: draws)
      for number in range { sums[index]!.prefetchSums(numbers[number]) }
    }
    for index in sums.indices {
      guard let sums = sums[index], sums.total > 0 else { continue }
      for number in index &* fanout..<(index &+ 1) &* fanout {
        blocks[number] = sums.block(numbers[number])
      }
    }
  }

  /// Keeps what the draws from `first` on have hit.
  @inline(__always)
  private func keep<Value: EdgeValue>(
    _ place: Int, _ sums: SpacedSums<Value>, _ first: Int, _ numbers: [Double], _ blocks: [Int],
    _ hits: inout [WeightedHit], into edges: inout [EdgeID]
  ) {
    guard sums.total > 0 else { return }
    var hits = hits.mutableSpan
    let kept = WeightedDraw.keep(
      fanout, from: sums, replaces: replaces, entity: nodes[place].rawValue, draws: draws,
      into: &hits
    ) { sums.hit(numbers[first &+ $0], after: blocks[first &+ $0]) }
    let start = lists[place].start
    for place in 0..<kept { edges.append(EdgeID(start &+ UInt64(hits[place].position))) }
  }

  /// Picks from a list that is added up.
  @inline(__always)
  private func pick<Value: EdgeValue>(
    _ place: Int, _ type: Value.Type, _ prefix: inout [Double], _ hits: inout [WeightedHit],
    _ numbers: inout [Double], into edges: inout [EdgeID]
  ) throws(SamplingError) {
    let list = lists[place]
    let count = Int(list.count)
    // SAFETY: the list is a node's, and not empty.
    let values = unsafe try weights.edges.values(of: list, as: type)
    unsafe try addUp(values, of: list, nodes[place], into: &prefix)
    if fanout == -1 || (!replaces && count <= fanout) {
      var before = 0.0
      for position in 0..<count {
        let after = prefix[position]
        if after > before { edges.append(EdgeID(list.start &+ UInt64(position))) }
        before = after
      }
      return
    }
    let total = prefix[count &- 1]
    guard total > 0 else { return }
    var hits = hits.mutableSpan
    var numbers = numbers.mutableSpan
    let entity = nodes[place].rawValue
    WeightedDraw.fill(
      &numbers, 0..<fanout, below: total, of: count, entity: entity, draws: draws)
    let kept = unsafe prefix.withUnsafeBufferPointer { prefix in
      // SAFETY: the list's sums are the first `count` elements.
      let sums = unsafe PrefixSums(sums: prefix.baseAddress!, count: count)
      return WeightedDraw.keep(
        fanout, from: sums, replaces: replaces, entity: entity, draws: draws, into: &hits
      ) { sums.hit(numbers[$0]) }
    }
    for place in 0..<kept { edges.append(EdgeID(list.start &+ UInt64(hits[place].position))) }
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
