import MerestoneCore

/// Layer-neighbour sampling: destinations share the random numbers of their sources, so that a hop
/// reaches fewer nodes for the same variance.
///
/// Balin and Çatalyürek, "Layer-Neighbor Sampling - Defusing Neighborhood Explosion in GNNs",
/// NeurIPS 2023 (arXiv:2210.13339). A source `t` has one uniform number `r[t]` per hop, a word of 32 bits
/// (``LaborNumber``), and the edge from `t` to `s` is kept where `r[t] < p`, `p = min(1, c[s] * q[t])`,
/// rounded up to a multiple of 2^-32. The numbers `c[s]` make the sum of `1 / p` over the `d` in-edges of
/// `s` equal to `d^2 / k`, which is the variance that *k* uniform picks with replacement would have; a
/// destination with at most *k* in-edges keeps them all. So *k* edges are kept on average where all `q`
/// are alike, and the number varies.
///
/// - LABOR-0: `q = 1`, hence `p = k / d`.
/// - LABOR-*: `q[t]` becomes `min(1, q[t] * max c[s])` over the destinations `s` of `t`, which is
///   the probability that the hop reaches `t`, and `c` is solved for again, until the expected
///   number of sources falls by less than 1 in 10,000; at most 100 times.
///
/// Every kept edge has the weight `1 / p`: the weighted sum over the kept edges is an unbiased
/// estimate of the sum over all.
struct LaborPick: NeighborPick {
  private let isOptimized: Bool
  private let stampBudget: ByteCount
  private var edges: [EdgeID] = []
  private var bounds: [Int] = []
  private var allowed: [EdgeID] = []
  private var sources: [NodeID] = []
  private var distinct: [NodeID] = []
  private var indices: [BlockIndex] = []
  private var relabeler: NodeRelabeler?
  private var scan: LaborScan

  static let tolerance = 1e-4
  static let mostRounds = 100

  // Edges that LABOR-0 reads at once.
  private static let portion: UInt64 = 1 << 18

  /// - Parameter longLists: Those of the relation, where memory holds them; LABOR-0 is faster with them.
  init(isOptimized: Bool, longLists: LongLists? = nil, stampBudget: ByteCount) {
    self.isOptimized = isOptimized
    self.stampBudget = stampBudget
    scan = LaborScan(longLists: longLists, stampBudget: stampBudget)
  }

  /// - Complexity: O(in-edges of the destinations) time, with long lists O(nodes of the graph) where that is
  ///   less. LABOR-0 holds what it keeps; where edges
  ///   are left out also 262,144 in-edges at once, or the longest list. LABOR-* holds all in-edges
  ///   of the hop, 20 bytes each, and passes over them several times a round.
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout HopEdges
  ) throws(SamplingError) {
    picked.clear()
    guard fanout != 0 else {
      picked.indptr.resize(to: nodes.count + 1, filling: 0)
      return
    }
    if !isOptimized, fanout > 0, !reader.topology.isFiltered, reader.topology.isNarrow {
      try scan.pick(
        nodes, lists[..<nodes.count], fanout: fanout, draws: draws, reader: &reader, into: &picked)
      return
    }
    var first = 0
    while first < nodes.count {
      var end = first + 1
      if isOptimized {
        end = nodes.count
      } else {
        var total = lists[first].count
        while end < nodes.count, total + lists[end].count <= Self.portion {
          total += lists[end].count
          end += 1
        }
      }
      try read(lists[first..<end], &reader)
      if isOptimized, fanout > 0 {
        let sourceCount = reader.topology.nodeCount(of: .source)
        try pickOptimized(fanout, draws, sourceCount: sourceCount, into: &picked)
      } else {
        pickPlain(fanout, draws, into: &picked)
      }
      first = end
    }
  }

  /// Reads the allowed edges of some lists, with their sources.
  private mutating func read(
    _ lists: ArraySlice<EdgeList>, _ reader: inout InEdgeReader
  ) throws(SamplingError) {
    edges.removeAll(keepingCapacity: true)
    bounds.removeAll(keepingCapacity: true)
    bounds.append(0)
    for list in lists {
      if reader.topology.isFiltered {
        try reader.readAllowed(of: list, into: &allowed)
        edges.append(contentsOf: allowed)
      } else {
        for edge in list.range { edges.append(EdgeID(edge)) }
      }
      bounds.append(edges.count)
    }
    try reader.readSources(of: edges, into: &sources)
  }

  private func pickPlain(_ fanout: Int, _ draws: RandomDraws, into picked: inout HopEdges) {
    for place in 0..<bounds.count - 1 {
      let range = bounds[place]..<bounds[place + 1]
      if fanout == -1 || range.count <= fanout {
        picked.edges.append(contentsOf: edges[range])
        for _ in range { picked.weights.append(1) }
      } else {
        let limit = LaborNumber.limit(fanout, of: UInt64(range.count))
        let weight = LaborNumber.weight(limit)
        for index in range where LaborNumber.of(sources[index], draws) < limit {
          picked.edges.append(edges[index])
          picked.weights.append(weight)
        }
      }
      picked.indptr.append(picked.edges.count)
    }
  }

  private mutating func pickOptimized(
    _ fanout: Int, _ draws: RandomDraws, sourceCount: Int, into picked: inout HopEdges
  ) throws(SamplingError) {
    var relabeler =
      self.relabeler
      ?? NodeRelabeler(nodeCount: sourceCount, stampBudget: stampBudget)
    self.relabeler = nil
    defer { self.relabeler = relabeler }
    relabeler.reset()
    try relabeler.relabel(sources, count: edges.count, into: &indices)
    relabeler.copyNodes(into: &distinct)
    let (q, scales) = LaborWeights.optimize(
      bounds: bounds, indices: indices, sourceCount: distinct.count, fanout: fanout)
    let numbers = distinct.map { LaborNumber.of($0, draws) }
    for place in scales.indices {
      let range = bounds[place]..<bounds[place + 1]
      for index in range {
        let source = Int(indices[index].rawValue)
        let limit = LaborNumber.limit(scales[place] * q[source])
        if range.count <= fanout {
          picked.edges.append(edges[index])
          picked.weights.append(1)
        } else if numbers[source] < limit {
          picked.edges.append(edges[index])
          picked.weights.append(LaborNumber.weight(limit))
        }
      }
      picked.indptr.append(picked.edges.count)
    }
  }
}

/// The number of a source in a hop of LABOR, and what is below which limit.
enum LaborNumber {
  /// Draw `node % 4` of the entity `node / 4`: one call of Philox has the numbers of four nodes.
  static func of(_ node: NodeID, _ draws: RandomDraws) -> UInt32 {
    draws.words(entity: node.rawValue / 4, number: 0)[Int(node.rawValue % 4)]
  }

  /// How many of the 2^32 numbers keep an edge that should be kept with a probability above 0.
  static func limit(_ probability: Double) -> UInt64 {
    UInt64((min(1, probability) * 0x1p32).rounded(.up))
  }

  /// That of a list of LABOR-0 with `count` edges, more than the fanout.
  static func limit(_ fanout: Int, of count: UInt64) -> UInt64 {
    limit(Double(fanout) / Double(count))
  }

  /// One over the probability that a number is below a limit.
  static func weight(_ limit: UInt64) -> Float { Float(0x1p32 / Double(limit)) }
}

/// The probabilities of LABOR-*: see ``LaborPick``.
enum LaborWeights {
  /// - Parameters:
  ///   - bounds: Where each destination's in-edges start. Shape `[d + 1]`.
  ///   - indices: The source of every in-edge. Shape `[e]`.
  ///   - fanout: At least 1.
  /// - Returns: `q`, shape `[sourceCount]`, and `c`, shape `[d]`.
  /// - Complexity: O(*e*) per round and step of ``solve(_:_:_:_:)``.
  static func optimize(
    bounds: [Int], indices: [BlockIndex], sourceCount: Int, fanout: Int
  ) -> (q: [Double], scales: [Double]) {
    var q = [Double](repeating: 1, count: sourceCount)
    var scales = [Double](repeating: 1, count: bounds.count - 1)
    var reached = [Double](repeating: 0, count: sourceCount)
    var expected = Double.infinity
    for round in 0..<LaborPick.mostRounds {
      for source in reached.indices { reached[source] = 0 }
      for place in scales.indices {
        let range = bounds[place]..<bounds[place + 1]
        if range.count <= fanout {
          // Everything is kept.
          for index in range { reached[Int(indices[index].rawValue)] = 1 }
          continue
        }
        scales[place] =
          round == 0
          ? Double(fanout) / Double(range.count) : solve(q, indices, range, fanout)
        for index in range {
          let source = Int(indices[index].rawValue)
          reached[source] = max(reached[source], min(1, scales[place] * q[source]))
        }
      }
      let sum = reached.reduce(0, +)
      if sum >= expected * (1 - LaborPick.tolerance) { break }
      expected = sum
      if round + 1 < LaborPick.mostRounds { swap(&q, &reached) }
    }
    return (q, scales)
  }

  /// The number `c` for which the sum of `1 / min(1, c * q)` over a list of `d` sources is
  /// `d^2 / k`.
  ///
  /// Where `m` of the products reach 1, `c` is the sum of the other `1 / q` over `d^2 / k - m`;
  /// starting from `m = 0` both only grow.
  private static func solve(
    _ q: [Double], _ indices: [BlockIndex], _ range: Range<Int>, _ fanout: Int
  ) -> Double {
    let target = Double(range.count) * Double(range.count) / Double(fanout)
    var scale = 0.0
    var saturated = -1
    while true {
      var count = 0
      var rest = 0.0
      for index in range {
        let value = q[Int(indices[index].rawValue)]
        if scale * value >= 1 { count += 1 } else { rest += 1 / value }
      }
      if count <= saturated { return scale }
      saturated = count
      scale = rest / (target - Double(count))
    }
  }
}
