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
  func allowed(_ node: UInt64) -> [Int] {
    let start = graph.lists[..<Int(node)].reduce(0) { $0 + $1.count }
    return (start..<start + graph.lists[Int(node)].count).filter {
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
      let lists = destinations.map(allowed)
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
