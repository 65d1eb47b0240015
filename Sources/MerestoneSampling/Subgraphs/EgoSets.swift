import MerestoneCore

/// Follows single seeds through the blocks of a mini-batch that was sampled for all of them.
///
/// The draws of a destination do not depend on the seeds, so what a seed reaches there is what it
/// would reach alone.
struct EgoSets {
  private var isReached: [Bool]

  /// - Parameter nodeCount: The nodes that the mini-batch reaches.
  init(nodeCount: Int) { isReached = [Bool](repeating: false, count: nodeCount) }

  /// The positions of the nodes that a seed reaches, the seed first, by first appearance.
  mutating func reached(from seed: BlockIndex, in blocks: [Block]) -> [Int] {
    var nodes = [Int(seed.rawValue)]
    isReached[nodes[0]] = true
    for block in blocks {
      for place in nodes.indices {
        let node = nodes[place]
        for edge in block.indptr[node]..<block.indptr[node + 1] {
          let source = Int(block.indices[edge].rawValue)
          guard !isReached[source] else { continue }
          isReached[source] = true
          nodes.append(source)
        }
      }
    }
    for node in nodes { isReached[node] = false }
    return nodes
  }
}
