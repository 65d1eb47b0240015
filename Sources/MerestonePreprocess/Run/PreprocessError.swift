package import MerestoneCore
package import MerestoneIngest
package import MerestonePartition
package import MerestoneStorage

/// Why a graph could not be made; each case carries what its message needs.
package enum PreprocessError: Error, Equatable, Sendable {
  case ingest(IngestError)
  case partition(PartitionError)
  case storage(StorageError)
  case interrupted

  case noInputs
  case mixedInputs(directory: String)
  case noFolder(output: String, folder: String)
  /// The value of a flag asks for something that this version does not have.
  case unsupported(flag: String, value: String, mend: String)
  case invalidValue(flag: String, value: String, allowed: String)
  case conflict(flags: String, reason: String)
  case memory(neededBytes: Int, capBytes: Int, edges: Int?, nodes: Int?)
  case temporarySpace(folder: String, neededBytes: Int, freeBytes: Int)
  case journalUnreadable(path: String)
  case cannotResume(reason: String)
  case inputChanged(file: String)
  case noWeightToSum
  /// `values` says what a column must hold.
  case noIndexColumn(flag: String, name: String, values: String, available: [String])
  case badWeight(column: String, value: String, source: RawID, destination: RawID)
  case weightOverflow(column: String, destination: RawID)
  case tooManyNodes(limit: Int)

  case columnsDiffer(file: String, found: [String], first: String, expected: [String])
  case columnTaken(file: String, column: String)
  case idBeyondCount(file: String, row: Int, line: Int?, id: String, nodeCount: Int)
  case unlistedNode(file: String, row: Int, line: Int?, id: String, nodes: String)
  case featuresNeedNodes(file: String)
  case featuresTooFew(file: String, rows: Int, edges: String, row: Int, id: String)
  case severalNodeTypes(file: String, types: [String])
  case nodeWithoutType(file: String, line: Int, id: String)
  case tooManyTypes(file: String, count: Int, limit: Int)
  case tooManyRelations(count: Int, limit: Int)
  case tooManyPieces(relations: Int, shards: Int, limit: Int)
  case featuresOfNoType(file: String, type: String, types: [String])
  case featuresOfAllTypes(file: String, types: [String])
}

extension PreprocessError {
  /// The command's exit code: 64 usage, 65 bad input data, 74 I/O, 130 interrupted.
  package var exitCode: Int32 {
    switch self {
    case .interrupted: 130
    case .ingest(.interrupted), .partition(.interrupted), .storage(.interrupted): 130
    case .ingest(let error): error.isInputOutput ? 74 : error.isUsage ? 64 : 65
    case .storage(.alreadyExists), .storage(.locked): 64
    case .storage(let error): error.isInputOutput ? 74 : 65
    case .partition(.shardsOutOfRange(let shards, _)): shards < 1 ? 64 : 65
    case .partition(.tooManyShards), .partition(.imbalanceOutOfRange): 64
    case .partition(.inconsistent): 1
    case .partition(.tooManyNodes): 65
    case .partition(.neighbors(let error)): error.isInputOutput ? 74 : 65
    case .noInputs, .mixedInputs, .unsupported, .invalidValue, .conflict, .memory, .noFolder,
      .journalUnreadable,
      .cannotResume, .noWeightToSum, .noIndexColumn:
      64
    case .temporarySpace: 74
    case .inputChanged, .badWeight, .weightOverflow, .tooManyNodes, .columnsDiffer, .columnTaken,
      .idBeyondCount,
      .unlistedNode, .featuresNeedNodes, .featuresTooFew, .severalNodeTypes, .nodeWithoutType,
      .tooManyTypes, .tooManyRelations, .tooManyPieces, .featuresOfNoType, .featuresOfAllTypes:
      65
    }
  }

  /// One error for an interruption, whichever layer noticed it.
  var unified: PreprocessError { exitCode == 130 ? .interrupted : self }

  /// Whether the staging folder is worth keeping: nothing is wrong with inputs and flags, or with those
  /// only that a resumed run may choose anew.
  var isResumable: Bool {
    switch self {
    case .badWeight, .weightOverflow: true
    default: exitCode == 130 || exitCode == 74
    }
  }
}
