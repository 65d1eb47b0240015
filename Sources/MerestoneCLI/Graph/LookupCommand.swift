import ArgumentParser
import MerestoneCore
import MerestoneStorage

/// `merestone lookup`.
struct LookupCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "lookup",
    abstract: "Find nodes by the ids of your files, or by global ids.",
    usage: """
      merestone lookup <graph>
              --raw <id,...> | --global <id,...> | --ids-file <file>
              [--type <name>] [--json]
      """,
    discussion: """
      A raw id is what your files say; the global id is the node's place after reordering; the \
      local id is its row in its shard's files. Prints all three, the in-degree and the node's \
      plain columns.

      EXAMPLES
        merestone lookup data/demo/graph --raw 17,42
        merestone lookup data/demo/graph --global 0,1,2 --json

      The JSON object has the keys type and nodes; each node has raw, global, shard, local, \
      inDegree and columns.
      """)

  @OptionGroup var graph: GraphArgument

  @Option(help: ArgumentHelp("Raw ids, separated by commas.", valueName: "id,..."))
  var raw: String?

  @Option(help: ArgumentHelp("Global ids, separated by commas.", valueName: "id,..."))
  var global: String?

  @Option(
    help: ArgumentHelp(
      "A file with one raw id per line; - reads standard input.", valueName: "file"))
  var idsFile: String?

  @OptionGroup var selection: NodeSelection
  @OptionGroup var output: JSONOptions

  func validate() throws {
    guard [raw, global, idsFile].compactMap({ $0 }).count == 1 else {
      throw ValidationError("Give either --raw, --global or --ids-file.")
    }
  }

  func run(in context: Context) throws {
    let store = try graph.open()
    let type = try selection.typeID(in: store)
    let reader = try NodeReader(store, type: type)
    let nodes = try nodes(of: store, type: type).map { node throws in try reader.record(of: node) }
    if output.json {
      try context.print(
        .object([
          "type": .string(reader.entry.name),
          "nodes": .array(nodes.map(\.json)),
        ]))
    } else {
      try context.print(table(nodes))
    }
  }

  private func nodes(of store: GraphStore, type: NodeTypeID) throws -> [NodeID] {
    let entry = store.manifest.nodeTypes[type.rawValue]
    if let global { return try nodes(global, entry) }
    return try NodeSelection.nodes(
      list: raw, listFlag: "--raw", file: idsFile, of: store, type: type)
  }

  private func nodes(_ list: String, _ entry: NodeTypeEntry) throws(CommandError) -> [NodeID] {
    var result: [NodeID] = []
    for word in NodeSelection.words(in: list) {
      guard let value = UInt64(word), value < UInt64(entry.count) else {
        throw .usage(
          "--global: '\(word)' is not a global id; the nodes of type \(entry.name) have "
            + (entry.count == 0 ? "none" : "0 to \(entry.count - 1)"))
      }
      result.append(NodeID(value))
    }
    return result
  }

  private func table(_ nodes: [NodeRecord]) -> String {
    let columns = nodes.first?.columns.map(\.name) ?? []
    var table = TextTable(
      [.left, .right, .right, .right, .right] + columns.map { _ in .left })
    table.add(["raw", "global", "shard", "local", "in-degree"] + columns)
    for node in nodes {
      table.add(
        ["\(node.raw)", "\(node.global)", "\(node.shard)", "\(node.local)", "\(node.inDegree)"]
          + node.columns.map(\.value.plain))
    }
    return table.text
  }
}
