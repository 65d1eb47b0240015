package import MerestoneCore
package import MerestoneSampling

/// Which rows every layer has to compute so that the last one can answer for the targets: no more.
package struct InferencePlan: Sendable {
  /// For each layer, the nodes whose rows it computes; the last entry are the targets.
  package let outputs: [NodeSubset]

  /// Nodes per tile. Constant, so that results never depend on threads or workers.
  package static let tile = 512

  /// Follows the allowed in-edges of the targets backwards, once per layer.
  ///
  /// - Parameters:
  ///   - targets: The nodes to answer for.
  ///   - layers: Layers of the model; every layer but the first reads rows of the one before.
  ///   - usesNeighbors: `false` for a model that reads a node's own row only.
  /// - Complexity: O(in-edges of the rows of all layers but the first).
  package init(
    targets: [NodeID], layers: Int, usesNeighbors: Bool, topology: Topology
  ) throws(TrainingError) {
    var subset = NodeSubset(nodeCount: topology.nodeCount)
    for node in targets { subset.insert(node) }
    subset.seal()
    var outputs = [subset]
    do throws(SamplingError) {
      var sampler = try NeighborSampler(topology: topology, fanouts: [-1])
      for _ in 1..<max(1, layers) {
        guard let read = outputs.last else { break }
        guard usesNeighbors, read.count < topology.nodeCount else {
          outputs.append(read)
          continue
        }
        var needed = NodeSubset(nodeCount: topology.nodeCount)
        for lower in stride(from: 0, to: read.count, by: Self.tile) {
          let seeds = read.members(lower..<min(lower + Self.tile, read.count))
          let batch = try sampler.sample(
            seeds: seeds, key: RandomKey(seed: 0, stream: .neighborSampling))
          for node in batch.blocks[0].sources { needed.insert(node) }
        }
        needed.seal()
        outputs.append(needed)
      }
    } catch {
      throw .sampling(error)
    }
    self.outputs = outputs.reversed()
  }

  package var targetCount: Int { outputs[outputs.count - 1].count }

  /// The tiles of one layer.
  func tileCount(layer: Int) -> Int { (outputs[layer].count + Self.tile - 1) / Self.tile }

  func nodes(layer: Int, tile: Int) -> [NodeID] {
    let lower = tile * Self.tile
    return outputs[layer].members(lower..<min(lower + Self.tile, outputs[layer].count))
  }
}
