/// How full each shard is while ``LinearDeterministicGreedy`` places nodes.
struct ShardLoads {
  private(set) var nodes: [UInt64]
  private(set) var edges: [UInt64]
  /// The largest share of a bound or of the capacity that each shard has used.
  private var fills: [Double]

  private let nodeBound: UInt64
  private let edgeBound: UInt64
  private let nodeShare: Double
  private let edgeShare: Double
  private let loadShare: Double

  init(shards: Int, nodeBound: UInt64, edgeBound: UInt64, capacity: Double) {
    nodes = Array(repeating: 0, count: shards)
    edges = nodes
    fills = Array(repeating: 0, count: shards)
    self.nodeBound = nodeBound
    self.edgeBound = edgeBound
    nodeShare = 1 / Double(max(nodeBound, 1))
    edgeShare = 1 / Double(max(edgeBound, 1))
    loadShare = 1 / max(capacity, 1)
  }

  mutating func add(_ degree: UInt64, to shard: Int) {
    nodes[shard] &+= 1
    edges[shard] &+= degree
    updateFill(of: shard)
  }

  mutating func remove(_ degree: UInt64, from shard: Int) {
    nodes[shard] &-= 1
    edges[shard] &-= degree
    updateFill(of: shard)
  }

  private mutating func updateFill(of shard: Int) {
    let nodes = Double(nodes[shard])
    let edges = Double(edges[shard])
    fills[shard] = max(nodes * nodeShare, edges * edgeShare, (nodes + edges) * loadShare)
  }

  /// The shard for a node of in-degree `degree` with `counts[base + s]` neighbours in shard `s`:
  /// the highest score among those with room, of equals the emptier one, then the lower number.
  func best(for degree: UInt64, counts: [UInt32], base: Int) -> Int {
    var best = -1
    var bestScore = -1.0
    for shard in fills.indices
    where nodes[shard] < nodeBound && edges[shard] &+ degree <= edgeBound {
      let score = Double(counts[base &+ shard]) * max(0, 1 - fills[shard])
      if score > bestScore || (score == bestScore && fills[shard] < fills[best]) {
        (best, bestScore) = (shard, score)
      }
    }
    if best >= 0 { return best }
    // The bound on nodes leaves room for all of them, so there is a shard with room for one more.
    for shard in fills.indices where nodes[shard] < nodeBound {
      if best < 0 || edges[shard] < edges[best] { best = shard }
    }
    return best
  }

  /// Edges of the fullest shard beyond the bound.
  var overflow: UInt64 {
    let fullest = edges.max() ?? 0
    return fullest > edgeBound ? fullest - edgeBound : 0
  }

  /// The shard with the fewest nodes, of equals the first.
  func fewestNodes() -> Int {
    var fewest = 0
    for shard in nodes.indices where nodes[shard] < nodes[fewest] { fewest = shard }
    return fewest
  }
}
