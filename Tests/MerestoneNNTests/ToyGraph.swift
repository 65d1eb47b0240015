import MerestoneCore
import MerestoneTestSupport

/// A small graph in memory with its features, and mini-batches over all its neighbours.
struct ToyGraph {
  /// In-neighbours of every node, with repetitions.
  var inNeighbors: [[Int]]
  var features: [[Float]]
  var labels: [Int32]

  var nodeCount: Int { inNeighbors.count }

  /// Random multi-edges; every fifth node has no in-edges.
  static func random(nodes: Int, features: Int, classes: Int, seed: UInt64) -> ToyGraph {
    var generator = SplitMix64(seed: seed)
    let neighbors = (0..<nodes).map { node in
      node % 5 == 4
        ? []
        : (0..<Int.random(in: 1...6, using: &generator)).map { _ in
          Int.random(in: 0..<nodes, using: &generator)
        }
    }
    return ToyGraph(
      inNeighbors: neighbors,
      features: (0..<nodes).map { _ in
        (0..<features).map { _ in Float.random(in: -1...1, using: &generator) }
      },
      labels: (0..<nodes).map { _ in Int32.random(in: -1..<Int32(classes), using: &generator) })
  }

  /// Two communities of `size` nodes: edges mostly inside; features of noise and a faint hint.
  static func communities(size: Int, seed: UInt64) -> ToyGraph {
    var generator = SplitMix64(seed: seed)
    let count = 2 * size
    let labels = (0..<count).map { Int32($0 / size) }
    let neighbors = (0..<count).map { node in
      (0..<8).map { _ in
        let isInside = Int.random(in: 0..<10, using: &generator) < 9
        let community = isInside ? node / size : 1 - node / size
        return community * size + Int.random(in: 0..<size, using: &generator)
      }
    }
    return ToyGraph(
      inNeighbors: neighbors,
      features: labels.map { label in
        (0..<8).map { _ in
          Float.random(in: -1...1, using: &generator) + (label == 0 ? 0.3 : -0.3)
        }
      },
      labels: labels)
  }

  /// One block over all in-neighbours of `destinations`.
  func block(_ destinations: [Int]) -> Block {
    var sources = destinations
    var places: [Int: Int] = [:]
    for (place, node) in destinations.enumerated() { places[node] = place }
    var indptr = [0]
    var indices: [BlockIndex] = []
    for node in destinations {
      for neighbor in inNeighbors[node] {
        if places[neighbor] == nil {
          places[neighbor] = sources.count
          sources.append(neighbor)
        }
        indices.append(BlockIndex(UInt32(places[neighbor]!)))
      }
      indptr.append(indices.count)
    }
    return Block(
      sources: sources.map { NodeID(UInt64($0)) }, destinationCount: destinations.count,
      indptr: indptr, indices: indices, edges: indices.indices.map { EdgeID(UInt64($0)) })
  }

  /// A mini-batch with all neighbours of `seeds`, repetitions allowed.
  func batch(_ seeds: [Int], hops: Int) -> MiniBatch {
    var distinct: [Int] = []
    var seedIndices: [BlockIndex] = []
    for seed in seeds {
      let place = distinct.firstIndex(of: seed) ?? distinct.count
      if place == distinct.count { distinct.append(seed) }
      seedIndices.append(BlockIndex(UInt32(place)))
    }
    var blocks: [Block] = []
    for _ in 0..<hops {
      blocks.append(block(blocks.last.map { $0.sources.map { Int($0.rawValue) } } ?? distinct))
    }
    return MiniBatch(
      seeds: seeds.map { NodeID(UInt64($0)) }, seedIndices: seedIndices, blocks: blocks)
  }

  func rows(of nodes: [NodeID]) -> [[Float]] { nodes.map { features[Int($0.rawValue)] } }
  func degrees(of nodes: [NodeID]) -> [Int] { nodes.map { inNeighbors[Int($0.rawValue)].count } }
  func labels(of nodes: [NodeID]) -> [Int32] { nodes.map { labels[Int($0.rawValue)] } }
}
