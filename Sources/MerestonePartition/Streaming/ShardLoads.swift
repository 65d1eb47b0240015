/// How full each shard is while nodes are placed one by one.
struct ShardLoads {
  /// What one shard holds.
  struct Shard {
    var nodes: UInt64 = 0
    var edges: UInt64 = 0
    var training: UInt64 = 0
    /// The shares of the bounds that are used: 0 for empty, 1 for full.
    var nodeFill = 0.0
    var edgeFill = 0.0
    var trainingFill = 0.0

    var fill: Double { max(nodeFill, edgeFill, trainingFill) }

    /// The fill that a node feels: each bound counts by how much of it the node uses up, so that
    /// heavy nodes go where edges are few, and light ones where nodes are.
    @inline(__always)
    func fill(for node: PlacedNode) -> Double {
      let felt = edgeFill + (nodeFill - edgeFill) * node.lightness
      return node.training > 0 ? max(felt, trainingFill) : felt
    }
  }

  private(set) var shards: [Shard]
  let bounds: ShardBounds
  private let nodeShare: Double
  private let edgeShare: Double
  private let trainingShare: Double

  init(bounds: ShardBounds) {
    shards = Array(repeating: Shard(), count: bounds.shards)
    self.bounds = bounds
    func share(_ bound: ShardBounds.Bound) -> Double {
      bound == .none ? 0 : 1 / Double(max(bound.strict, 1))
    }
    nodeShare = share(bounds.nodes)
    edgeShare = share(bounds.edges)
    trainingShare = share(bounds.training)
  }

  @inline(__always)
  mutating func add(_ node: PlacedNode, to shard: Int) {
    var held = shards[shard]
    held.nodes &+= node.nodes
    held.edges &+= node.edges
    held.training &+= node.training
    update(&held)
    shards[shard] = held
  }

  @inline(__always)
  mutating func remove(_ node: PlacedNode, from shard: Int) {
    var held = shards[shard]
    held.nodes &-= node.nodes
    held.edges &-= node.edges
    held.training &-= node.training
    update(&held)
    shards[shard] = held
  }

  @inline(__always)
  private func update(_ shard: inout Shard) {
    shard.nodeFill = Double(shard.nodes) * nodeShare
    shard.edgeFill = Double(shard.edges) * edgeShare
    shard.trainingFill = Double(shard.training) * trainingShare
  }

  /// Whether `shard` can take the node within the strict bounds.
  @inline(__always)
  func hasRoom(for node: PlacedNode, in shard: Int) -> Bool {
    let held = shards[shard]
    return held.nodes &+ node.nodes <= bounds.nodes.strict
      && held.edges &+ node.edges <= bounds.edges.strict
      && held.training &+ node.training <= bounds.training.strict
  }

  /// Where a node goes that no shard attracts, or that those which do can't take: the emptiest
  /// shard within all strict bounds, else within the loose ones, else within those on nodes and
  /// edges, else the one with the fewest edges of those with room for a node.
  ///
  /// - Complexity: O(shards).
  func emptiest(for node: PlacedNode) -> Int {
    var best = -1
    for shard in shards.indices where hasRoom(for: node, in: shard) {
      if best < 0 || shards[shard].fill < shards[best].fill { best = shard }
    }
    if best >= 0 { return best }
    for demandsTraining in [true, false] {
      for shard in shards.indices {
        let held = shards[shard]
        guard held.nodes &+ node.nodes <= bounds.nodes.loose,
          held.edges &+ node.edges <= bounds.edges.loose,
          !demandsTraining
            || held.training &+ node.training <= bounds.training.loose
        else { continue }
        if best < 0 || held.fill < shards[best].fill { best = shard }
      }
      if best >= 0 { return best }
    }
    // The bound on nodes leaves room for all of them, so there is a shard with room for one more.
    for shard in shards.indices where shards[shard].nodes &+ node.nodes <= bounds.nodes.loose {
      if best < 0 || shards[shard].edges < shards[best].edges { best = shard }
    }
    if best >= 0 { return best }
    // Only a cluster of several nodes can be too much for all of them.
    return shards.indices.min { shards[$0].nodes < shards[$1].nodes } ?? 0
  }

  /// How close to a bound a shard may come before it sheds nodes to even out the loads.
  private static let tightness = 0.98

  /// Whether a shard is beyond a strict bound or close to it.
  @inline(__always)
  func isTight(_ shard: Int) -> Bool { shards[shard].fill > Self.tightness }

  /// Whether moving a node lowers the sum of the squares of what is beyond tightness.
  func evensOut(_ node: PlacedNode, from: Int, to: Int) -> Bool {
    func square(_ fill: Double) -> Double {
      let beyond = max(0, fill - Self.tightness)
      return beyond * beyond
    }
    func change(_ fill: Double, _ other: Double, _ weight: Double) -> Double {
      square(fill - weight) - square(fill) + square(other + weight) - square(other)
    }
    let (a, b) = (shards[from], shards[to])
    return change(a.nodeFill, b.nodeFill, Double(node.nodes) * nodeShare)
      + change(a.edgeFill, b.edgeFill, Double(node.edges) * edgeShare)
      + change(a.trainingFill, b.trainingFill, Double(node.training) * trainingShare) < 0
  }

  /// How far the fullest shards are beyond the loose bounds.
  var overflow: (edges: UInt64, training: UInt64) {
    func beyond(_ size: UInt64, _ bound: ShardBounds.Bound) -> UInt64 {
      size > bound.loose ? size - bound.loose : 0
    }
    return (
      beyond(shards.reduce(0) { max($0, $1.edges) }, bounds.edges),
      beyond(shards.reduce(0) { max($0, $1.training) }, bounds.training)
    )
  }

  var isBeyondStrictBounds: Bool {
    shards.contains {
      $0.nodes > bounds.nodes.strict || $0.edges > bounds.edges.strict
        || $0.training > bounds.training.strict
    }
  }
}

/// What a node, or a cluster of nodes, adds to its shard's load.
struct PlacedNode: Sendable {
  var nodes: UInt64
  var edges: UInt64
  var training: UInt64
  /// Its share of all nodes over its shares of all nodes and all edges: 1 without in-edges.
  var lightness: Double
}

extension ShardBounds {
  @inline(__always)
  func node(inDegree: UInt32, isTraining: Bool) -> PlacedNode {
    PlacedNode(
      nodes: 1, edges: UInt64(inDegree), training: isTraining ? 1 : 0,
      lightness: meanDegree / (meanDegree + Double(inDegree)))
  }

  func cluster(nodes: UInt32, edges: UInt64, training: UInt32) -> PlacedNode {
    let felt = meanDegree * Double(nodes)
    return PlacedNode(
      nodes: UInt64(nodes), edges: edges, training: UInt64(training),
      lightness: felt / (felt + Double(edges)))
  }
}
