import MerestoneTestSupport

/// Edges between `0..<nodeCount`, in input order.
struct EdgeList {
  var nodeCount: Int
  var sources: [UInt32]
  var destinations: [UInt32]

  /// The number of edges into every node. Shape `[nodeCount]`.
  var inDegrees: [UInt32] {
    var degrees = [UInt32](repeating: 0, count: nodeCount)
    for node in destinations { degrees[Int(node)] += 1 }
    return degrees
  }

  /// How many edges have their ends in different shards.
  func cut(_ shardOf: [some Equatable]) -> Int {
    zip(sources, destinations).count { shardOf[Int($0)] != shardOf[Int($1)] }
  }
}

extension EdgeList {
  /// Edges written as pairs source, destination.
  init(_ nodeCount: Int, _ pairs: [(UInt32, UInt32)]) {
    self.init(
      nodeCount: nodeCount, sources: pairs.map(\.0), destinations: pairs.map(\.1))
  }

  /// Random edges with a few hubs: the product of two uniform draws prefers low indices.
  static func random(nodes: Int, edges: Int, seed: UInt64) -> EdgeList {
    var generator = SplitMix64(seed: seed)
    func node() -> UInt32 {
      let a = UInt64.random(in: 0..<UInt64(nodes), using: &generator)
      let b = UInt64.random(in: 0..<UInt64(nodes), using: &generator)
      return UInt32(a * b / UInt64(nodes))
    }
    return EdgeList(nodes, (0..<edges).map { _ in (node(), node()) })
  }

  /// `communities` groups whose members (index modulo `communities`) cite each other nine times
  /// out of ten.
  static func planted(nodes: Int, edges: Int, communities: Int, seed: UInt64) -> EdgeList {
    var generator = SplitMix64(seed: seed)
    let pairs = (0..<edges).map { _ -> (UInt32, UInt32) in
      let source = Int.random(in: 0..<nodes, using: &generator)
      let other = Int.random(in: 0..<nodes, using: &generator)
      let inside = Int.random(in: 0..<10, using: &generator) < 9
      let moved = other - other % communities + source % communities
      let destination = inside ? (moved < nodes ? moved : moved - communities) : other
      return (UInt32(source), UInt32(destination))
    }
    return EdgeList(nodes, pairs)
  }
}
