import MerestoneCore

extension Topology {
  /// - Throws: ``SamplingError/seedOutOfRange(seed:nodeCount:)`` for the first node that the graph
  ///   does not have.
  func check(_ nodes: [NodeID]) throws(SamplingError) {
    let nodeCount = UInt64(self.nodeCount)
    for node in nodes where node.rawValue >= nodeCount {
      throw .seedOutOfRange(seed: node, nodeCount: self.nodeCount)
    }
  }
}
