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
              --fanouts <n,...> [--scheme <name>] [--weight <column>]
              [--time <column> --seed-times <n,...>] [--type <name>]
              [--relation <name>] [--seed <number>] [--memory <bytes>]
              [--reading <way>] [--json]
      """,
    discussion: """
      Starts from the seeds and keeps, hop by hop, up to the given number of in-edges of every \
      node reached, drawn uniformly without replacement or by another --scheme. Ids are those of your files, in and out. \
      Equal seeds of randomness give equal samples on every machine. Reads only the pages of the \
      graph that it needs, unless --reading asks for another way; all ways give the same sample.

      EXAMPLES
        merestone sample data/demo/graph --seeds 17,42 --fanouts 15,10,5
        merestone sample data/demo/graph --ids-file ids.txt --fanouts all --json
        merestone sample trips --seeds Oslo --fanouts 5,5 --scheme weighted \\
          --weight weight
        merestone sample messages --seeds 1,2 --fanouts 10,10 --scheme recent \\
          --time time --seed-times 300

      The JSON object has the keys seeds, nodes and blocks, one block per hop: destinations, \
      sources, edges as [source, destination] pairs, and edgeIds. Schemes labor and labor-star \
      add weights, one over the probability of each edge. Schemes temporal and recent follow no \
      edge that is later than the seed's time; a node that is seen as of several times is listed \
      once for each, and sourceTimes says when.
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

  @OptionGroup var scheme: SchemeOptions
  @OptionGroup var selection: NodeSelection

  @Option(
    help: ArgumentHelp(
      "The relation to follow, where the seeds' type has several to itself.", valueName: "name"))
  var relation: String?

  @Option(
    help: ArgumentHelp(
      "How to read the edges: flat decodes them all first, packed reads packed pages in place, "
        + "grouped decodes the pages that are touched.", valueName: "way"))
  var reading: ReadingPlan.Way = .grouped

  @OptionGroup var memory: MemoryOptions
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
    let topology = try open(store, relation: try relation(of: store, type: type))
    var sampler = try NeighborSampler(
      topology: topology, fanouts: fanouts.values, scheme: scheme.open(topology))
    let nodes = try NodeSelection.nodes(
      list: seeds, listFlag: "--seeds", file: idsFile, of: store, type: type)
    let batch = try sampler.sample(
      seeds: nodes, times: scheme.times(of: nodes.count),
      key: RandomKey(seed: seed.seed, stream: .query))
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

  /// Opens the relation to be read as asked for, where that fits the cap.
  private func open(_ store: GraphStore, relation: RelationID) throws -> Topology {
    let plan = ReadingPlan(store.manifest, relation: relation, memory: memory.cap, way: reading)
    let needed: ByteCount
    switch reading {
    case .flat: needed = plan.flatBytes
    case .packed:
      guard let packed = plan.packedBytes else {
        throw CommandError.usage(
          "--reading packed: the pages of \(store.path) are not packed; preprocess it with "
            + "--encoding packed, or use flat or grouped")
      }
      needed = ByteCount(packed.bytes + plan.fileBytes.bytes)
    case .grouped: needed = ByteCount(0)
    }
    guard needed <= memory.cap else {
      throw CommandError.usage(
        "--reading \(reading.rawValue) needs \(needed) for \(store.path), more than --memory "
          + "\(memory.cap); give more, or use grouped")
    }
    return try Topology.open(
      store, relation: relation, memory: memory.cap, way: reading,
      pool: ThreadPool(threads: ThreadPool.availableProcessors))
  }

  /// The relation from the type to itself, by its name where there are several.
  private func relation(of store: GraphStore, type: NodeTypeID) throws -> RelationID {
    let relations = store.manifest.relations
    let found = relations.indices.filter {
      relations[$0].sourceType == type.rawValue && relations[$0].destinationType == type.rawValue
        && (relation == nil || relations[$0].name == relation)
    }
    if found.count == 1 { return RelationID(found[0]) }
    let name = store.manifest.nodeTypes[type.rawValue].name
    guard !found.isEmpty else {
      throw CommandError.usage(
        "\(store.path) has no relation \(relation.map { "'\($0)' " } ?? "")from nodes of type \(name) "
          + "to nodes of the same type, and sampling follows one that has; choose another "
          + "--type\(relation == nil ? "" : " or --relation"), or see `merestone inspect`")
    }
    let names = found.prefix(10).map { relations[$0].name }.joined(separator: ", ")
    throw CommandError.usage(
      "\(store.path) has \(found.count) relations among nodes of type \(name) (\(names)"
        + "\(found.count > 10 ? ", ..." : "")); choose one with --relation")
  }
}

extension ReadingPlan.Way: ExpressibleByArgument {}
