import MerestoneCore
import MerestoneTestSupport

@testable import MerestoneSampling

/// Naive walks over plain lists, one walker after the other, written from the definition.
struct ReferenceWalks {
  let graph: TestGraph
  var edgeSet = EdgeSet.all

  /// The allowed in-edges of a node: sources and ids.
  func inEdges(of node: UInt64) -> [(source: UInt64, edge: UInt64)] {
    let start = graph.indptr[Int(node)]
    return graph.lists[Int(node)].enumerated().compactMap { position, source in
      let edge = start + position
      let isAllowed =
        graph.edgeSplits.isEmpty || edgeSet.contains(code: graph.edgeSplits[edge].rawValue)
      return isAllowed ? (source, UInt64(edge)) : nil
    }
  }

  /// The weights of the in-edges of `node` after a step from `previous`.
  func weights(of node: UInt64, after previous: UInt64, p: Double, q: Double) -> [Double] {
    let joined = Set(inEdges(of: previous).map(\.source))
    return inEdges(of: node).map {
      $0.source == previous ? 1 / p : joined.contains($0.source) ? 1 : 1 / q
    }
  }

  func walk(from starts: [UInt64], law: WalkLaw, length: Int, key: RandomKey) -> Walks {
    var walks = Walks(nodes: [], indptr: [0], edges: [])
    for (walker, start) in starts.enumerated() {
      var path = [start]
      walks.nodes.append(NodeID(start))
      for step in 0..<length {
        guard let edge = next(path, walker, step, law, key) else { break }
        path.append(edge.source)
        walks.nodes.append(NodeID(edge.source))
        walks.edges.append(EdgeID(edge.edge))
      }
      walks.indptr.append(walks.nodes.count)
    }
    return walks
  }

  private func next(
    _ path: [UInt64], _ walker: Int, _ step: Int, _ law: WalkLaw, _ key: RandomKey
  ) -> (source: UInt64, edge: UInt64)? {
    func words(_ attempt: Int) -> SIMD2<UInt64> {
      var key = key
      key.stream = .walk
      key.hop = UInt8(attempt)
      return key.draws.wideWords(entity: UInt64(walker), number: UInt32(step))
    }
    func unit(_ word: UInt64) -> Double { Double(word >> 11) / Double(1 << 53) }
    let list = inEdges(of: path[path.count - 1])
    func uniform(_ word: UInt64) -> (source: UInt64, edge: UInt64)? {
      list.isEmpty ? nil : list[Int(word.multipliedFullWidth(by: UInt64(list.count)).high)]
    }
    switch law {
    case .uniform: return uniform(words(0).x)
    case .restart(let probability):
      if unit(words(0).y) < probability { return (path[0], Walks.returned.rawValue) }
      return uniform(words(0).x)
    case .node2vec(let p, let q):
      guard step > 0, !list.isEmpty else { return uniform(words(0).x) }
      let weights = weights(
        of: path[path.count - 1], after: path[path.count - 2], p: p, q: q)
      for attempt in 0..<16 {
        let place = Int(words(attempt).x.multipliedFullWidth(by: UInt64(list.count)).high)
        if unit(words(attempt).y) * max(1, 1 / p, 1 / q) < weights[place] { return list[place] }
      }
      var level = unit(words(16).x) * weights.reduce(0, +)
      for (place, weight) in weights.enumerated() {
        level -= weight
        if level < 0 { return list[place] }
      }
      return list[list.count - 1]
    }
  }
}
