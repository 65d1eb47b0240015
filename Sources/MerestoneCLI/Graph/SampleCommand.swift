import ArgumentParser
import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// `merestone sample`.
struct SampleCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Sample the neighbourhood of some nodes.",
    usage: """
      merestone sample <graph> --seeds <id,...> | --ids-file <file>
              --fanouts <n,...> [--type <name>] [--seed <number>] [--json]
      """,
    discussion: """
      Starts from the seeds and keeps, hop by hop, up to the given number of in-edges of every \
      node reached, drawn uniformly without replacement. Ids are those of your files, in and out. \
      Equal seeds of randomness give equal samples on every machine. Reads only the pages of the \
      graph that it needs.

      EXAMPLES
        merestone sample data/demo/graph --seeds 17,42 --fanouts 15,10,5
        merestone sample data/demo/graph --ids-file ids.txt --fanouts all --json

      The JSON object has the keys seeds, nodes and blocks, one block per hop: destinations, \
      sources, edges as [source, destination] pairs, and edgeIds.
      """)

  @OptionGroup var graph: GraphArgument

  @Option(help: ArgumentHelp("Raw ids to start from, separated by commas.", valueName: "id,..."))
  var seeds: String?

  @Option(
    help: ArgumentHelp(
      "A file with one raw id per line; - reads standard input.", valueName: "file"))
  var idsFile: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "In-edges kept per node, one number per hop; 'all' keeps every edge.",
      valueName: "n,..."),
    transform: Fanouts.init(parsing:))
  var fanouts: Fanouts

  @OptionGroup var selection: NodeSelection
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: JSONOptions

  func validate() throws {
    guard (seeds == nil) != (idsFile == nil) else {
      throw ValidationError("Give either --seeds or --ids-file.")
    }
  }

  func run(in context: Context) throws {
    let store = try graph.open()
    let type = try selection.typeID(in: store)
    let topology = try Topology(store: store, relation: try relation(of: store, type: type))
    var sampler = try NeighborSampler(topology: topology, fanouts: fanouts.values)
    let nodes = try NodeSelection.nodes(
      list: seeds, listFlag: "--seeds", file: idsFile, of: store, type: type)
    let batch = try sampler.sample(
      seeds: nodes, key: RandomKey(seed: seed.seed, stream: .query))
    let ids = try store.ids(type)
    let subgraph = try SampledSubgraph(batch) { nodes throws in
      try nodes.map { node throws in try ids.raw(of: node) }
    }
    if output.json {
      try context.print(subgraph.json(fanouts: fanouts.values, seed: seed.seed))
    } else {
      try context.print(subgraph.text(fanouts: fanouts.values))
    }
  }

  /// The first relation from the type to itself.
  private func relation(of store: GraphStore, type: NodeTypeID) throws -> RelationID {
    let number = store.manifest.relations.firstIndex {
      $0.sourceType == type.rawValue && $0.destinationType == type.rawValue
    }
    guard let number else {
      throw CommandError.usage(
        "\(store.path) has no relation among nodes of type "
          + "\(store.manifest.nodeTypes[type.rawValue].name); choose another with --type")
    }
    return RelationID(number)
  }
}
