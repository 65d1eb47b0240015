public import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// Why a question to a ``Graph`` has no answer; each case carries what its message needs.
public enum GraphError: Error, Equatable, Sendable {
  /// The graph has no node with this raw id.
  case unknownNode(RawID)

  /// The graph has no node with this global id.
  case nodeOutOfRange(NodeID, nodeCount: Int)

  /// The graph has no edge with this global id.
  case edgeOutOfRange(EdgeID, edgeCount: Int)

  /// There is no such column; `available` names those that are there.
  case unknownColumn(name: String, available: [String])

  /// The graph was made without out-edges.
  case noOutEdges

  /// There is no such relation; `nearest` is what may be meant, `available` names those that are
  /// there.
  case unknownRelation(name: String, nearest: String?, available: [String])

  /// There is no such node type.
  case unknownNodeType(name: String, nearest: String?, available: [String])

  /// Fanouts by relation that do not fit each other; `message` names the relations and the mend.
  case badFanouts(message: String)

  /// A fanout below -1.
  case badFanout(Int, hop: Int)

  /// A batch size below 1.
  case badBatchSize(Int)

  /// A parameter that makes no sense: `expected` says which values do.
  case badParameter(name: String, value: Double, expected: String)

  /// The files of the graph are missing, damaged, or cannot be read; `message` names the file, the
  /// place, what was expected and found, and the mend.
  case store(message: String)

  /// A mini-batch did not come: nothing has moved for some time. `message` names the mini-batch and
  /// what its thread was doing.
  case stalled(message: String)

  /// Memory that was allowed could not be had.
  case memory(message: String)
}

extension GraphError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownNode(let raw):
      "no node has the raw id \(raw); check the spelling, and whether ids are integers or strings"
    case .nodeOutOfRange(let node, let nodeCount):
      "node \(node) does not exist: the graph has nodes 0..<\(nodeCount); "
        + "look raw ids up with node(_:) first"
    case .edgeOutOfRange(let edge, let edgeCount):
      "edge \(edge) does not exist: the graph has edges 0..<\(edgeCount)"
    case .unknownColumn(let name, let available):
      "there is no column '\(name)'; "
        + (available.isEmpty
          ? "the graph has none" : "there are \(available.joined(separator: ", "))")
    case .unknownRelation(let name, let nearest, let available):
      SamplingError.relationMissing(name: name, nearest: nearest, all: available).description
    case .unknownNodeType(let name, let nearest, let available):
      "there is no node type '\(name)'; "
        + (nearest.map { "did you mean '\($0)'?" }
          ?? "there are \(available.joined(separator: ", "))")
    case .badFanouts(let message): message
    case .noOutEdges:
      "the graph has no out-edges; preprocess with --reverse to store them, too"
    case .badFanout(let fanout, let hop):
      "fanout \(fanout) of hop \(hop) is not a number of edges; use 0 or more, or -1 for all edges"
    case .badBatchSize(let size): "a batch of \(size) seeds; use at least 1"
    case .badParameter(let name, let value, let expected):
      SamplingError.badParameter(name: name, value: value, expected: expected).description
    case .store(let message), .stalled(let message), .memory(let message): message
    }
  }
}

extension GraphError {
  init(_ error: StorageError) { self = .store(message: error.description) }

  init(_ error: SamplingError) {
    switch error {
    case .seedOutOfRange(let seed, let nodeCount):
      self = .nodeOutOfRange(seed, nodeCount: nodeCount)
    case .edgeOutOfRange(let edge, let edgeCount):
      self = .edgeOutOfRange(edge, edgeCount: edgeCount)
    case .fanoutBelowMinusOne(let fanout, let hop): self = .badFanout(fanout, hop: hop)
    case .badParameter(let name, let value, let expected):
      self = .badParameter(name: name, value: value, expected: expected)
    case .relationMissing(let name, let nearest, let all):
      self = .unknownRelation(name: name, nearest: nearest, available: all)
    case .relationAmbiguous, .relationTwice, .fanoutsUnequal:
      self = .badFanouts(message: error.description)
    case .sharedMemory(let failure): self = .memory(message: failure.description)
    case .storage(let inner): self.init(inner)
    case .stalled(let stall): self = .stalled(message: stall.description)
    case .blockTooLarge, .differentNodeTypes, .nothingToDraw, .cancelled, .edgeColumnMissing,
      .edgeColumnNotNumeric, .badWeight, .weightSumOverflow, .timesNotIntegers, .timesMissing,
      .timesWithoutUse, .wrongTimeCount:
      self = .store(message: error.description)
    }
  }
}
