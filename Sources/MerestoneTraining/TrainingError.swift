package import MerestoneSampling
package import MerestoneStorage
package import MerestoneTransport

/// What went wrong in training, evaluation or prediction.
package enum TrainingError: Error, Sendable {
  /// The options do not fit each other or the graph; the text names the flag and the mend.
  case usage(String)

  /// The graph lacks a column that the task needs.
  case missingColumn(name: String, purpose: String, flag: String, available: [String])

  /// No node carries the wanted split, or none of them has a label.
  case noNodes(split: String, column: String)

  case runExists(path: String)
  case noRun(path: String)
  case unreadable(path: String)
  case damagedCheckpoint(path: String, reason: String)

  /// `run.json` is damaged or of another version.
  case damagedRecord(path: String, reason: String)

  /// An option of a resumed run is not what it was when the run was started.
  case changedOption(flag: String, expected: String, found: String)

  /// The graph is not the one that the run was trained on; both by their fingerprints.
  case changedGraph(graph: String, expected: String, found: String)

  /// The graph of a run is not where it was.
  case missingGraph(run: String, graph: String)

  /// The loss is not a number any more.
  case diverged(epoch: Int, step: Int)

  /// Workers loaded different BLAS kernels.
  case differentCores(expected: String, found: String)

  /// A worker could not go on and said why.
  case workerFailed(rank: Int, message: String, exitCode: Int32)

  case storage(StorageError)
  case sampling(SamplingError)
  case transport(TransportError)
  case interrupted
}

extension TrainingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .usage(let message): message
    case .missingColumn(let name, let purpose, let flag, let available):
      "the graph has no node column '\(name)' for \(purpose); it has "
        + (available.isEmpty ? "none" : available.joined(separator: ", "))
        + "; name one with \(flag), or preprocess the graph with --nodes and --features"
    case .noNodes(let split, let column):
      "no labelled node is marked '\(split)' in column '\(column)'; "
        + "name the column that holds the split with --split-column"
    case .runExists(let path):
      "\(path) exists already; choose another --out, or continue it with --resume"
    case .noRun(let path):
      "\(path) is not a run: it has no run.json; give the directory that train wrote with --out"
    case .unreadable(let path): "cannot read \(path); check that it exists and is readable"
    case .damagedCheckpoint(let path, let reason):
      "\(path) is not a usable checkpoint: \(reason); train again with another --out"
    case .damagedRecord(let path, let reason):
      "\(path) is not the record of a run: \(reason); train again with another --out"
    case .changedOption(let flag, let expected, let found):
      "cannot resume: \(flag) was \(expected) when the run began and is \(found) now; leave it out, "
        + "or start a new run with another --out"
    case .changedGraph(let graph, let expected, let found):
      "\(graph) is not the graph that the run was trained on: its fingerprint was \(expected) and "
        + "is \(found) now; bring that graph back, or train again with another --out"
    case .missingGraph(let run, let graph):
      "\(run) was trained on \(graph), and there is no graph now; move it back, or tell its new "
        + "place with `merestone train GRAPH --out \(run) --resume`"
    case .diverged(let epoch, let step):
      "the loss is not a finite number in epoch \(epoch), step \(step); "
        + "try a lower --learning-rate, and check the features with `merestone verify`"
    case .differentCores(let expected, let found):
      "workers use different BLAS kernels (\(expected) and \(found)), so their results would "
        + "differ; set OPENBLAS_CORETYPE to one of them for all"
    case .workerFailed(let rank, let message, _): "worker \(rank): \(message)"
    case .storage(let error): error.description
    case .sampling(let error): error.description
    case .transport(let error): error.description
    case .interrupted: "interrupted; --resume continues from the last checkpoint"
    }
  }
}

extension TrainingError {
  /// What the command exits with.
  package var exitCode: Int32 {
    switch self {
    case .usage, .runExists, .noRun, .missingColumn, .noNodes, .changedOption, .changedGraph: 64
    case .damagedCheckpoint, .damagedRecord, .missingGraph: 65
    case .storage(let error), .sampling(.storage(let error)): error.isInputOutput ? 74 : 65
    case .unreadable, .sampling(.sharedMemory): 74
    case .workerFailed(_, _, let exitCode): exitCode
    case .interrupted, .transport(.interrupted), .sampling(.cancelled): 130
    case .diverged, .differentCores, .sampling, .transport: 1
    }
  }
}
