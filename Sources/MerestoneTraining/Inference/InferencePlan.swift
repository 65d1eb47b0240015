package import MerestoneCore
package import MerestoneNN
package import MerestoneSampling

/// Which rows every layer has to compute so that the last one can answer for the targets: no more.
package struct InferencePlan: Sendable {
  /// For each layer, the nodes whose rows it computes; the last entry are the targets.
  package let outputs: [NodeSubset]

  /// The nodes whose features the first layer reads, where it multiplies them first.
  package let inputs: NodeSubset?

  /// Nodes per tile. Constant, so that results never depend on threads or workers.
  package static let tile = 1024

  // Edges that are looked at together.
  private static let edgeLimit = 1 << 16

  /// Follows the allowed in-edges of the targets backwards, once per layer.
  ///
  /// - Parameters:
  ///   - targets: The nodes to answer for.
  ///   - configuration: The model; every layer but the first reads rows of the one before.
  /// - Complexity: O(in-edges of the rows of all layers but the first).
  package init(
    targets: [NodeID], configuration: ModelConfiguration, topology: Topology
  ) throws(TrainingError) {
    var subset = NodeSubset(nodeCount: topology.nodeCount)
    for node in targets { subset.insert(node) }
    subset.seal()
    var outputs = [subset]
    let usesNeighbors = configuration.kind != .mlp
    let multipliesFirst = configuration.multipliesFirst(layer: 0)
    do throws(SamplingError) {
      var reader = NeighborhoodReader(topology)
      var block = Block.empty
      for _ in 0..<configuration.layers - (multipliesFirst ? 0 : 1) {
        guard let read = outputs.last else { break }
        guard usesNeighbors, read.count < topology.nodeCount else {
          outputs.append(read)
          continue
        }
        var needed = NodeSubset(nodeCount: topology.nodeCount)
        for lower in stride(from: 0, to: read.count, by: Self.tile) {
          try reader.begin(read.members(lower..<min(lower + Self.tile, read.count)))
          while try reader.readPart(edgeLimit: Self.edgeLimit, into: &block) != nil {
            for node in block.sources { needed.insert(node) }
          }
        }
        needed.seal()
        outputs.append(needed)
      }
    } catch {
      throw .sampling(error)
    }
    inputs = multipliesFirst ? outputs.removeLast() : nil
    self.outputs = outputs.reversed()
  }

  package var targetCount: Int { outputs[outputs.count - 1].count }

  /// The tiles of one layer.
  func tileCount(layer: Int) -> Int { Self.tileCount(of: outputs[layer]) }

  static func tileCount(of subset: NodeSubset) -> Int { (subset.count + tile - 1) / tile }

  func nodes(layer: Int, tile: Int) -> [NodeID] { Self.nodes(of: outputs[layer], tile: tile) }

  static func nodes(of subset: NodeSubset, tile: Int) -> [NodeID] {
    let lower = tile * Self.tile
    return subset.members(lower..<min(lower + Self.tile, subset.count))
  }

  /// The nodes whose rows a layer reads.
  func inputs(layer: Int) -> NodeSubset? { layer == 0 ? inputs : outputs[layer - 1] }
}
