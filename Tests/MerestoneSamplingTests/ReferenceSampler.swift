import MerestoneCore
import MerestoneTestSupport

@testable import MerestoneSampling

/// A naive sampler over plain lists, written from the definition.
struct ReferenceSampler {
  let graph: TestGraph
  let edgeSet: EdgeSet
  var excluded: Set<Int> = []

  func sample(_ seeds: [UInt64], fanouts: [Int], key: RandomKey) -> MiniBatch {
    var nodes: [UInt64] = []
    func index(_ node: UInt64) -> BlockIndex {
      if let known = nodes.firstIndex(of: node) { return BlockIndex(UInt32(known)) }
      nodes.append(node)
      return BlockIndex(UInt32(nodes.count - 1))
    }
    let seedIndices = seeds.map(index)
    let indptr = graph.indptr
    var blocks: [Block] = []
    for (hop, fanout) in fanouts.enumerated() {
      var key = key
      key.hop = UInt8(hop)
      let destinations = nodes
      var block = Block(
        sources: [], destinationCount: destinations.count, indptr: [0], indices: [], edges: [])
      for node in destinations {
        let list = graph.lists[Int(node)]
        let allowed = list.indices.filter { position in
          let edge = indptr[Int(node)] + position
          return !excluded.contains(edge)
            && (graph.edgeSplits.isEmpty
              || edgeSet.contains(code: graph.edgeSplits[edge].rawValue))
        }
        for rank in Self.ranks(fanout, of: allowed.count, entity: node, draws: key.draws) {
          block.edges.append(EdgeID(UInt64(indptr[Int(node)] + allowed[rank])))
          block.indices.append(index(list[allowed[rank]]))
        }
        block.indptr.append(block.edges.count)
      }
      block.sources = nodes.map { NodeID($0) }
      blocks.append(block)
    }
    return MiniBatch(seeds: seeds.map { NodeID($0) }, seedIndices: seedIndices, blocks: blocks)
  }

  /// Floyd's method with a set, then sorted.
  static func ranks(_ fanout: Int, of count: Int, entity: UInt64, draws: RandomDraws) -> [Int] {
    guard fanout >= 0, count > fanout else { return Array(0..<count) }
    var chosen = Set<Int>()
    for i in 0..<fanout {
      let j = count - fanout + i
      let t: Int
      if count <= 65536 {
        let word = draws.words(entity: entity, number: UInt32(i / 4))[i % 4]
        t = Int((UInt64(word) * UInt64(j + 1)) >> 32)
      } else {
        let word = draws.wideWords(entity: entity, number: UInt32(i / 2))[i % 2]
        t = Int(word.multipliedFullWidth(by: UInt64(j + 1)).high)
      }
      if !chosen.insert(t).inserted { chosen.insert(j) }
    }
    return chosen.sorted()
  }
}
