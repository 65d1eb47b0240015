import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

extension PreprocessError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .ingest(let error): error.description
    case .partition(let error): error.description
    case .storage(let error): error.description
    case .interrupted:
      "interrupted; run the same command with --resume to go on, or without it to start anew"
    case .noInputs:
      "no edges were given; name one or more edge files, or a directory that has one"
    case .mixedInputs(let directory):
      "\(directory) is a directory, but there are other inputs too; "
        + "give one directory, or files only"
    case .noFolder(let output, let folder):
      "cannot make \(output): there is no folder \(folder); create it first"
    case .unsupported(let flag, let value, let mend):
      "\(flag) \(value) is not in this version; \(mend)"
    case .invalidValue(let flag, let value, let allowed):
      "\(flag) is \(value), allowed is \(allowed)"
    case .conflict(let flags, let reason):
      "\(flags) exclude each other: \(reason)"
    case .memory(let needed, let cap, let edges, let nodes):
      (nodes.map { "preprocessing \($0.grouped) nodes" } ?? "preprocessing any graph")
        + (edges.map { " and \($0.grouped) edges" } ?? "")
        + " takes at least \(ByteCount(needed)), but the cap is \(ByteCount(cap)); "
        + "use --memory \(Self.roundedUp(needed)) or more"
    case .temporarySpace(let folder, let needed, let free):
      "\(folder) needs about \(ByteCount(needed)) for temporary files and has \(ByteCount(free)); "
        + "free space there, or choose another folder (--temporary)"
    case .journalUnreadable(let path):
      "\(path) is damaged, so there is nothing to resume; run again without --resume"
    case .cannotResume(let reason):
      "cannot resume: \(reason); run again without --resume"
    case .inputChanged(let file):
      "\(file) changed while it was being read; let nothing write to it and run again"
    case .noWeightToSum:
      "--duplicates sum needs an edge column of numbers in the role of weight; name it "
        + "(--columns weight=NAME), or use keep or drop"
    case .noIndexColumn(let flag, let name, let values, let available):
      "\(flag) \(name): the edges have no column of \(values) of that name; "
        + (available.isEmpty
          ? "there are none; use \(flag) none" : "there are \(available.joined(separator: ", "))")
    case .badWeight(let column, let value, let source, let destination):
      "the edge \(source) -> \(destination) has \(value) in column \(column), expected 0 or more and "
        + "finite; go on with other columns (--weights NAME,... or none, and --resume), or change the data"
    case .weightOverflow(let column, let destination):
      "the weights of the edges to \(destination) in column \(column) are together beyond the largest "
        + "number; go on with other columns (--weights NAME,... or none, and --resume), or scale them down"
    case .tooManyNodes(let limit):
      "the input has more than the \(limit.grouped) nodes that preprocessing can number; "
        + "split the input"
    case .columnsDiffer, .columnTaken, .idBeyondCount, .unlistedNode, .featuresNeedNodes,
      .featuresTooFew:
      dataDescription
    case .severalNodeTypes, .nodeWithoutType, .tooManyTypes, .tooManyRelations, .tooManyPieces,
      .featuresOfNoType, .featuresOfAllTypes:
      typeDescription
    }
  }

  private var dataDescription: String {
    switch self {
    case .columnsDiffer(let file, let found, let first, let expected):
      "\(file) has the edge columns [\(found.joined(separator: ", "))], expected those of \(first), "
        + "[\(expected.joined(separator: ", "))]; give all files the same columns"
    case .columnTaken(let file, let column):
      "\(file) has a column '\(column)', but the graph has one of that name already; rename it"
    case .idBeyondCount(let file, let row, let line, let id, let nodeCount):
      "\(Self.place(file, row, line)): found node \(id), expected one of 0..<\(nodeCount); "
        + "use a larger --node-count, or --unlisted-nodes add or drop"
    case .unlistedNode(let file, let row, let line, let id, let nodes):
      "\(Self.place(file, row, line)): node '\(id)' is not in the node table \(nodes); "
        + "add it there, or use --unlisted-nodes add or drop"
    case .featuresNeedNodes(let file):
      "\(file) has feature rows, but nothing says which node each belongs to, since ids are words; "
        + "name the nodes in the order of the rows (--nodes)"
    case .featuresTooFew(let file, let rows, let edges, let row, let id):
      "\(file) has \(rows) feature rows, for nodes 0..<\(rows), but \(edges), edge \(row), names "
        + "node \(id); name the nodes in the order of the rows (--nodes), or complete the features"
    default: ""
    }
  }

  private var typeDescription: String {
    switch self {
    case .severalNodeTypes(let file, let types):
      "\(file) has nodes of several types (\(types.prefix(5).joined(separator: ", "))), but only "
        + "the table of all nodes says which type each has; give the types there (--nodes)"
    case .nodeWithoutType(let file, let line, let id):
      "\(file), line \(line): node '\(id)' has no type, but other nodes have; name one"
    case .tooManyTypes(let file, let count, let limit):
      "\(file) has \(count.grouped) node types, and a graph can have \(limit.grouped); if the "
        + "column holds something else, name another one (--columns type=NAME)"
    case .tooManyRelations(let count, let limit):
      "the edges have \(count.grouped) relations (source type, name, destination type), and a graph "
        + "can have \(limit.grouped) with edge files of their own; use --relations column where "
        + "nodes have one type, or fewer relations"
    case .tooManyPieces(let relations, let shards, let limit):
      "\(relations.grouped) relations in \(shards.grouped) shards are more pieces than the "
        + "\(limit.grouped) that can be written; use fewer --shards, or --relations column where "
        + "nodes have one type"
    case .featuresOfNoType(let file, let type, let types):
      "\(file) has features of nodes of type '\(type)', but the node types are "
        + "\(types.prefix(10).joined(separator: ", ")); name the file for one of them, or give the "
        + "types in the node table (--nodes)"
    case .featuresOfAllTypes(let file, let types):
      "\(file) has features of all nodes, but nodes have several types "
        + "(\(types.prefix(5).joined(separator: ", "))); give a file for each type that has features "
        + "(--features \(types[0])=FILE, or features_\(types[0]).npy)"
    default: ""
    }
  }

  private static func place(_ file: String, _ row: Int, _ line: Int?) -> String {
    line.map { "\(file), line \($0)" } ?? "\(file), edge \(row)"
  }

  /// The least number of whole MiB or GiB that `--memory` reads.
  private static func roundedUp(_ bytes: Int) -> String {
    let unit = bytes > 8 << 30 ? 30 : 20
    return "\((bytes + (1 << unit) - 1) >> unit)\(unit == 30 ? "GiB" : "MiB")"
  }
}
