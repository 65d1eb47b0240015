import MerestoneCore

/// What went wrong in a command itself; each case carries what its message needs.
enum CommandError: Error, Equatable {
  /// The arguments do not fit each other or the graph; the text names the flag and the mend.
  case usage(String)
  /// A directory that is missing or has no manifest.
  case notAGraph(path: String)
  /// An id that the graph does not have.
  case unknownID(id: String, type: String, graph: String)
  /// A pair of nodes that no edge joins; `isReversed` where one leads the other way.
  case unknownEdge(source: String, destination: String, isReversed: Bool, graph: String)
  /// A file that was named on the command line.
  case unreadable(path: String, reason: String)
  case badLine(path: String, line: Int, expected: String, found: String)
  /// `verify` found problems and printed them.
  case damaged(path: String, problems: Int)
  case cannotPrint
  case noWorkerProgram(name: String)
  case interrupted
  case interruptedRun(graph: String, path: String)
}

extension CommandError: CustomStringConvertible {
  var description: String {
    switch self {
    case .usage(let message): message
    case .notAGraph(let path):
      "\(path) is not a graph: it has no manifest.json; make one with "
        + "`merestone preprocess EDGES --out \(path)`"
    case .unknownID(let id, let type, let graph):
      "\(graph) has no \(type) with raw id \(id); raw ids are those of the input files: "
        + "`merestone lookup \(graph) --global 0,1,2` shows some"
    case .unknownEdge(let source, let destination, let isReversed, let graph):
      "\(graph) has no edge from \(source) to \(destination); "
        + (isReversed
          ? "it has one from \(destination) to \(source): name the source first"
          : "`merestone sample \(graph) --seeds \(destination) --fanouts all` shows the edges that "
            + "lead there")
    case .unreadable(let path, let reason):
      "cannot read \(path): \(reason); check that it exists and is readable"
    case .badLine(let path, let line, let expected, let found):
      "\(path), line \(line): expected \(expected), found \(found); correct the line"
    case .damaged(let path, let problems):
      "\(path) has \(problems.grouped) \(problems == 1 ? "problem" : "problems"); "
        + "copy it again or make it again with `merestone preprocess`"
    case .cannotPrint:
      "cannot write the result to standard output; check the disk or the program that reads it"
    case .noWorkerProgram(let name):
      "cannot find the program '\(name)' to start workers with; start merestone by its full path "
        + "or set \(WorkerProgram.variable)"
    case .interrupted: "interrupted; nothing was written, run the same command again"
    case .interruptedRun(let graph, let path):
      "interrupted; `merestone train \(graph) --out \(path) --resume` continues from the last "
        + "checkpoint"
    }
  }
}
