import MerestoneCore
import MerestoneTestSupport

@testable import MerestoneSampling

/// A naive sampler over plain lists for every scheme, written from the definitions: it is given
/// how to choose, and does the numbering.
struct ReferenceSchemes {
  let graph: TestGraph
  var edgeSet: EdgeSet = .all

  /// What is kept of one list: allowed ranks, ascending, with a weight each or none.
  typealias Kept = (ranks: [Int], weights: [Float])

  /// The edges of one destination that the edge set contains, ascending.
  func allowed(_ node: UInt64, _ indptr: [Int]) -> [Int] {
    (indptr[Int(node)]..<indptr[Int(node) + 1]).filter {
      graph.edgeSplits.isEmpty || edgeSet.contains(code: graph.edgeSplits[$0].rawValue)
    }
  }

  var edgeSources: [UInt64] { graph.lists.flatMap { $0 } }

  /// - Parameter choose: Given destinations, the allowed edges of each, the fanout and the draws:
  ///   the edges kept of each.
  func sample(
    _ seeds: [UInt64], fanouts: [Int], key: RandomKey,
    choose: ([UInt64], [[Int]], Int, RandomDraws) -> [Kept]
  ) -> MiniBatch {
    var nodes: [UInt64] = []
    let edgeSources = edgeSources
    let indptr = graph.indptr
    func index(_ node: UInt64) -> BlockIndex {
      if let known = nodes.firstIndex(of: node) { return BlockIndex(UInt32(known)) }
      nodes.append(node)
      return BlockIndex(UInt32(nodes.count - 1))
    }
    let seedIndices = seeds.map(index)
    var blocks: [Block] = []
    for (hop, fanout) in fanouts.enumerated() {
      var key = key
      key.hop = UInt8(hop)
      let destinations = nodes
      let lists = destinations.map { allowed($0, indptr) }
      let kept = choose(destinations, lists, fanout, key.draws)
      var block = Block(
        sources: [], destinationCount: destinations.count, indptr: [0], indices: [], edges: [])
      for (list, (ranks, weights)) in zip(lists, kept) {
        for rank in ranks {
          block.edges.append(EdgeID(UInt64(list[rank])))
          block.indices.append(index(edgeSources[list[rank]]))
        }
        block.weights += weights
        block.indptr.append(block.edges.count)
      }
      block.sources = nodes.map { NodeID($0) }
      blocks.append(block)
    }
    return MiniBatch(seeds: seeds.map { NodeID($0) }, seedIndices: seedIndices, blocks: blocks)
  }
}

extension ReferenceSchemes {
  /// `k` independent uniform draws, sorted.
  static func replacementRanks(
    _ fanout: Int, of count: Int, entity: UInt64, draws: RandomDraws
  ) -> [Int] {
    if fanout == -1 { return Array(0..<count) }
    guard count > 0 else { return [] }
    return (0..<fanout).map { i in
      if count <= 65536 {
        let word = draws.words(entity: entity, number: UInt32(i / 4))[i % 4]
        return Int((UInt64(word) * UInt64(count)) >> 32)
      }
      let word = draws.wideWords(entity: entity, number: UInt32(i / 2))[i % 2]
      return Int(word.multipliedFullWidth(by: UInt64(count)).high)
    }.sorted()
  }
}

extension ReferenceSchemes {
  /// Number `i` of an entity's draws from `[0, 1)`, for a list of `count` edges.
  static func unit(_ entity: UInt64, _ i: Int, of count: Int, _ draws: RandomDraws) -> Double {
    if count <= 65536 {
      return Double(draws.words(entity: entity, number: UInt32(i / 4))[i % 4]) / 0x1p32
    }
    return Double(draws.wideWords(entity: entity, number: UInt32(i / 2))[i % 2] >> 11) * 0x1p-53
  }

  /// Draws by running sums, one after the other: up to twice as many as are wanted from the whole
  /// list, then from what is left, taken in list order.
  static func weightedRanks(
    _ fanout: Int, _ weights: [Double], replaces: Bool, entity: UInt64, draws: RandomDraws
  ) -> [Int] {
    var sums = [0.0]
    for weight in weights { sums.append(sums.last! + weight) }
    let possible = weights.indices.filter { sums[$0 + 1] > sums[$0] }
    guard fanout != -1, replaces || weights.count > fanout else { return possible }
    guard let last = possible.last else { return [] }
    func hit(_ x: Double) -> Int { possible.first { sums[$0 + 1] > x } ?? last }
    var ranks: [Int] = []
    var i = 0
    while ranks.count < fanout, i < 2 * fanout {
      let rank = hit(unit(entity, i, of: weights.count, draws) * sums.last!)
      if replaces || !ranks.contains(rank) { ranks.append(rank) }
      i += 1
    }
    while ranks.count < min(fanout, possible.count) {
      ranks.sort()
      var x =
        unit(entity, i, of: weights.count, draws)
        * (sums.last! - ranks.reduce(0.0) { $0 + (sums[$1 + 1] - sums[$1]) })
      for rank in ranks where x >= sums[rank] { x += sums[rank + 1] - sums[rank] }
      let rank = hit(x)
      let free = possible.filter { !ranks.contains($0) }
      ranks.append(free.first { $0 >= rank } ?? free.last!)
      i += 1
    }
    return ranks.sorted()
  }
}

extension ReferenceSchemes {
  /// The ranks of the largest values, the earlier ones among equals.
  static func topRanks(_ fanout: Int, _ values: [Double]) -> [Int] {
    let order = values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
    return (fanout == -1 ? order : Array(order.prefix(fanout))).sorted()
  }

  /// Whether LABOR keeps an edge from a source: probabilities are multiples of 2^-32, rounded up.
  static func laborKeeps(_ source: UInt64, _ probability: Double, _ draws: RandomDraws) -> Bool {
    let words = draws.words(entity: source / 4, number: 0)
    return Double(words[Int(source % 4)]) < (probability * 0x1p32).rounded(.up)
  }

  static func laborWeight(_ probability: Double) -> Float {
    Float(0x1p32 / (probability * 0x1p32).rounded(.up))
  }

  /// The probability of every edge of a LABOR hop; nothing is iterated for LABOR-0.
  ///
  /// `c` is found by bisection, where the sampler solves for it.
  static func laborProbabilities(
    _ lists: [[UInt64]], fanout: Int, isOptimized: Bool
  ) -> [[Double]] {
    guard fanout != -1 else { return lists.map { $0.map { _ in 1 } } }
    func probabilities(_ list: [UInt64], _ q: [UInt64: Double]) -> [Double] {
      guard list.count > fanout, fanout > 0 else { return list.map { _ in fanout > 0 ? 1 : 0 } }
      let target = Double(list.count * list.count) / Double(fanout)
      func variance(_ c: Double) -> Double { list.reduce(0) { $0 + 1 / min(1, c * q[$1]!) } }
      var low = 0.0
      var high = 1.0
      while variance(high) > target { high *= 2 }
      for _ in 0..<200 {
        let middle = (low + high) / 2
        if variance(middle) > target { low = middle } else { high = middle }
      }
      return list.map { min(1, high * q[$0]!) }
    }
    var q: [UInt64: Double] = [:]
    for source in lists.joined() { q[source] = 1 }
    var kept = lists.map { probabilities($0, q) }
    guard isOptimized, fanout > 0 else { return kept }
    var expected = Double.infinity
    for _ in 0..<100 {
      var reached: [UInt64: Double] = [:]
      for (list, values) in zip(lists, kept) {
        for (source, value) in zip(list, values) {
          reached[source] = max(reached[source] ?? 0, value)
        }
      }
      let sum = reached.values.reduce(0, +)
      if sum >= expected * (1 - 1e-4) { break }
      expected = sum
      q = reached
      kept = lists.map { probabilities($0, q) }
    }
    return kept
  }

  /// Temporal sampling: pairs of node and time are numbered, and a pair's edges are those of the
  /// node that are not later.
  func sampleTemporal(
    _ seeds: [UInt64], _ times: [Int64], fanouts: [Int], key: RandomKey, edgeTimes: [Int64],
    isRecent: Bool
  ) -> MiniBatch {
    struct Slot: Equatable {
      let node: UInt64
      let time: Int64
    }
    var slots: [Slot] = []
    func index(_ slot: Slot) -> BlockIndex {
      if let known = slots.firstIndex(of: slot) { return BlockIndex(UInt32(known)) }
      slots.append(slot)
      return BlockIndex(UInt32(slots.count - 1))
    }
    let seedIndices = zip(seeds, times).map { index(Slot(node: $0, time: $1)) }
    let indptr = graph.indptr
    let edgeSources = edgeSources
    var blocks: [Block] = []
    for (hop, fanout) in fanouts.enumerated() {
      var key = key
      key.hop = UInt8(hop)
      var block = Block(
        sources: [], destinationCount: slots.count, indptr: [0], indices: [], edges: [])
      for slot in slots {
        // The latest first, among equal times the earlier in the list.
        let list = allowed(slot.node, indptr).filter { edgeTimes[$0] <= slot.time }
          .sorted { (-edgeTimes[$0], $0) < (-edgeTimes[$1], $1) }
        let words = key.draws.words(entity: UInt64(bitPattern: slot.time), number: .max)
        let ranks =
          isRecent
          ? Array(list.indices.prefix(fanout == -1 ? .max : fanout))
          : ReferenceSampler.ranks(
            fanout, of: list.count, entity: slot.node,
            draws: RandomDraws(key: SIMD2(words.x, words.y)))
        for edge in ranks.map({ list[$0] }).sorted() {
          block.edges.append(EdgeID(UInt64(edge)))
          block.indices.append(index(Slot(node: edgeSources[edge], time: slot.time)))
        }
        block.indptr.append(block.edges.count)
      }
      block.sources = slots.map { NodeID($0.node) }
      block.sourceTimes = slots.map(\.time)
      blocks.append(block)
    }
    return MiniBatch(seeds: seeds.map { NodeID($0) }, seedIndices: seedIndices, blocks: blocks)
  }
}
