import ArgumentParser
import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// `--type`, and how raw ids on the command line and in files become nodes.
struct NodeSelection: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The node type that the ids belong to.", discussion: "Default: the first.",
      valueName: "name"))
  var type: String?

  /// The chosen type's place in the manifest.
  func typeID(in store: GraphStore) throws(CommandError) -> NodeTypeID {
    guard let type else { return NodeTypeID(0) }
    let names = store.manifest.nodeTypes.map(\.name)
    guard let number = names.firstIndex(of: type) else {
      throw .usage(
        "--type \(type): \(store.path) has the node types \(names.joined(separator: ", "))"
          + (NearestName.of(type, among: names).map { "; did you mean '\($0)'?" } ?? ""))
    }
    return NodeTypeID(number)
  }

  /// The nodes whose raw ids are in a list of the command line or in a file.
  ///
  /// - Throws: ``CommandError/unknownID(id:type:graph:)`` for an id that no node has.
  static func nodes(
    list: String?, listFlag: String, file: String?, of store: GraphStore, type: NodeTypeID
  ) throws -> [NodeID] {
    let words = try file.map { path throws in try self.words(inFile: path) }
    let nodes = try nodes(
      words ?? self.words(in: list ?? ""), flag: words == nil ? listFlag : "--ids-file", of: store,
      type: type)
    guard !nodes.isEmpty else {
      throw CommandError.usage("\(file ?? listFlag) names no id; give at least one")
    }
    return nodes
  }

  /// The nodes whose raw ids some words are, repetitions kept.
  ///
  /// - Throws: ``CommandError/unknownID(id:type:graph:)`` for the first that no node has.
  static func nodes(
    _ words: [String], flag: String, of store: GraphStore, type: NodeTypeID
  ) throws -> [NodeID] {
    let entry = store.manifest.nodeTypes[type.rawValue]
    let raw = try rawIDs(words, type: entry, flag: flag)
    let ids = try store.ids(type)
    return try raw.map { raw throws in
      guard let node = try ids.global(of: raw) else {
        throw CommandError.unknownID(
          id: "\(raw)", type: "node of type \(entry.name)", graph: store.path)
      }
      return node
    }
  }

  /// The nodes of any types whose raw ids are in a list of the command line or in a file, repetitions
  /// kept.
  ///
  /// - Parameter type: Allows nodes of one type only.
  static func typedNodes(
    list: String?, listFlag: String, file: String?, of store: GraphStore, type: NodeTypeID?
  ) throws -> [TypedNode] {
    if let type {
      return try nodes(list: list, listFlag: listFlag, file: file, of: store, type: type)
        .map { TypedNode(type: type, node: $0) }
    }
    let words = try file.map { path throws in try self.words(inFile: path) }
    let nodes = try (words ?? self.words(in: list ?? "")).map { word throws in
      let raws = (UInt64(word).map { [RawID.integer($0)] } ?? []) + [.string(word)]
      for raw in raws {
        if let node = try store.typedNode(raw) { return node }
      }
      throw CommandError.unknownID(id: word, type: "node", graph: store.path)
    }
    guard !nodes.isEmpty else {
      throw CommandError.usage("\(file ?? listFlag) names no id; give at least one")
    }
    return nodes
  }

  /// Reads ids as a type spells them.
  private static func rawIDs(
    _ words: [String], type: NodeTypeEntry, flag: String
  ) throws(CommandError) -> [RawID] {
    var result: [RawID] = []
    for word in words {
      switch type.idKind {
      case .string: result.append(.string(word))
      case .integer:
        guard let value = UInt64(word) else {
          throw .usage(
            "\(flag): '\(word)' is not an integer id from 0 to \(UInt64.max), as the nodes of "
              + "type \(type.name) have; separate ids by commas")
        }
        result.append(.integer(value))
      }
    }
    return result
  }

  /// The lines of a file, without blanks around them; empty lines and `#` comments are skipped.
  private static func words(inFile path: String) throws(CommandError) -> [String] {
    try InputText.lines(of: path)
      .map { $0.trimming(while: { $0 == " " || $0 == "\t" }) }
      .filter { !$0.isEmpty && !$0.hasPrefix("#") }
  }

  /// The parts of a list, without blanks around them.
  static func words(in list: String) -> [String] {
    list.split(separator: ",").map { $0.trimming(while: { $0 == " " }) }.filter { !$0.isEmpty }
  }
}

extension Substring {
  func trimming(while predicate: (Character) -> Bool) -> String {
    let rest = drop(while: predicate)
    guard let last = rest.lastIndex(where: { !predicate($0) }) else { return "" }
    return String(rest[...last])
  }
}

extension RawID {
  /// Integers as JSON integers, strings as strings.
  var json: JSON {
    switch self {
    case .integer(let value): .unsigned(value)
    case .string(let value): .string(value)
    }
  }
}
