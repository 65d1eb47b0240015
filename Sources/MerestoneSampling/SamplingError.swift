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
  case edgeColumnMissing(name: String, relation: String, nearest: String?, all: [String])
  case edgeColumnNotNumeric(name: String, relation: String)
  case badWeight(
    column: String, value: WeightValue, edge: EdgeID, source: RawID, destination: RawID)
  case weightSumOverflow(column: String, destination: RawID)
  case timesNotIntegers(column: String)
  case timesMissing(column: String)
  case timesWithoutUse(count: Int)
  case wrongTimeCount(seeds: Int, times: Int)
  case relationMissing(name: String, nearest: String?, all: [String])
  case relationAmbiguous(name: String, all: [String])
  case relationTwice(name: String)
  case fanoutsUnequal(relation: String, hops: Int, other: String, otherHops: Int)
  case storage(StorageError)
  case sharedMemory(SharedMemory.Failure)
  case cancelled
  case stalled(Stall)
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
    case .edgeColumnMissing(let name, let relation, let nearest, let all):
      "the edges of relation '\(relation)' have no column '\(name)'; "
        + (nearest.map { "did you mean '\($0)'?" }
          ?? (all.isEmpty
            ? "they have none at all: preprocess the graph with one"
            : "they have \(all.joined(separator: ", "))"))
    case .edgeColumnNotNumeric(let name, let relation):
      "column '\(name)' of relation '\(relation)' does not hold one number per edge; "
        + "choose a numeric column"
    case .badWeight(let column, let value, let edge, let source, let destination):
      "edge \(source) -> \(destination) (id \(edge)) has weight \(value) in column '\(column)', "
        + "and weights must be finite and not negative; mend the input and preprocess it again, "
        + "or choose another column"
    case .weightSumOverflow(let column, let destination):
      "the weights of the edges into \(destination) in column '\(column)' add up to more than the "
        + "largest number; scale them down and preprocess the input again"
    case .timesNotIntegers(let column):
      "column '\(column)' does not hold whole numbers, and times must; "
        + "preprocess them as whole numbers of seconds or smaller units"
    case .timesMissing(let column):
      "sampling by the times in column '\(column)' needs a time for every seed; give one per seed"
    case .timesWithoutUse(let count):
      "\(count) seed times were given, but the sampling scheme does not use times; "
        + "choose a temporal one, or give none"
    case .wrongTimeCount(let seeds, let times):
      "there are \(times) seed times for \(seeds) seeds; give one per seed"
    case .relationMissing(let name, let nearest, let all):
      "there is no relation '\(name)'; "
        + (nearest.map { "did you mean '\($0)'?" }
          ?? "there are \(all.prefix(10).joined(separator: ", "))\(all.count > 10 ? ", ..." : "")")
    case .relationAmbiguous(let name, let all):
      "\(all.count) relations are named '\(name)'; name one of \(all.joined(separator: ", "))"
    case .relationTwice(let name):
      "relation '\(name)' has fanouts twice; give them once, one per hop"
    case .fanoutsUnequal(let relation, let hops, let other, let otherHops):
      "relation '\(relation)' has fanouts for \(hops) hops and '\(other)' for \(otherHops); give "
        + "each one per hop, 0 where a hop does not follow it"
    case .storage(let error): error.description
    case .sharedMemory(let failure): failure.description
    case .cancelled: "sampling was cancelled"
    case .stalled(let stall): stall.description
    }
  }
}
