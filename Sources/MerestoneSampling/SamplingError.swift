package import MerestoneCore
package import MerestoneStorage

/// What went wrong while sampling; each case carries what its message needs.
package enum SamplingError: Error, Equatable, Sendable {
  case seedOutOfRange(seed: NodeID, nodeCount: Int)
  case edgeOutOfRange(edge: EdgeID, edgeCount: Int)
  case fanoutBelowMinusOne(fanout: Int, hop: Int)
  case blockTooLarge(nodes: Int)
  case differentNodeTypes(relation: String)
  case badParameter(name: String, value: Double, expected: String)
  case nothingToDraw(relation: String)
  case storage(StorageError)
  case sharedMemory(SharedMemory.Failure)
  case cancelled
}

extension SamplingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .seedOutOfRange(let seed, let nodeCount):
      "seed \(seed) is not a node of this graph, which has nodes 0..<\(nodeCount); "
        + "if the seeds are raw ids, look their global ids up first"
    case .edgeOutOfRange(let edge, let edgeCount):
      "edge \(edge) is not an edge of this relation, which has edges 0..<\(edgeCount)"
    case .fanoutBelowMinusOne(let fanout, let hop):
      "fanout \(fanout) of hop \(hop) is not a number of edges; use 0 or more, or -1 for all edges"
    case .blockTooLarge(let nodes):
      "a mini-batch reaches \(nodes) nodes, more than the 2^32 - 1 that a block can index; "
        + "use fewer seeds or smaller fanouts"
    case .differentNodeTypes(let relation):
      "relation '\(relation)' joins two node types, so its hops cannot follow each other; "
        + "sample a relation whose ends have one type"
    case .badParameter(let name, let value, let expected):
      "\(name) is \(Int(exactly: value).map { "\($0)" } ?? "\(value)"); use \(expected)"
    case .nothingToDraw(let relation):
      "relation '\(relation)' has no nodes that could be drawn; "
        + "draw from a relation that has edges, or draw nodes uniformly"
    case .storage(let error): error.description
    case .sharedMemory(let failure): failure.description
    case .cancelled: "sampling was cancelled"
    }
  }
}
