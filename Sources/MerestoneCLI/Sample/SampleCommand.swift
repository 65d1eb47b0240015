public import ArgumentParser
import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// `merestone sample`.
struct SampleCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Sample neighbourhoods, walks, subgraphs or negative edges.",
    usage: """
      merestone sample <graph> --seeds <id,...> | --ids-file <file>
              --fanouts <n,...> [--scheme <name>] [--seed <number>] [--json]
      merestone sample <graph> --scheme <name> [<flags of the scheme>] ...
      """,
    discussion: """
      Starts from the seeds and keeps, hop by hop, up to the given number of in-edges of every \
      node reached, drawn uniformly without replacement; --scheme draws in other ways, or other \
      things. Ids are those of your files, in and out. Equal seeds of randomness give equal \
      samples on every machine. Reads only the pages of the graph that it needs, unless --reading \
      asks for another way; all ways give the same sample.

      SCHEMES, AND THE FLAGS THAT THEY NEED
        Neighbourhoods hop by hop: --seeds (or --ids-file) and --fanouts, for each
        relation by its name where there are several
          uniform               any of the in-edges; also around --seed-edges
          replacement           the same, with replacement
          weighted              in proportion to --weight
          weighted-replacement  the same, with replacement
          top                   those of the largest --weight
          temporal              those not later than --seed-times, by --time
          recent                the most recent of those
          labor, labor-star     LABOR, with fixed or optimised probabilities
        Walks against the edges, to where messages come from: --seeds
          walk                  --length; [--walks] [--restart]
          node2vec              --length; [--walks] [--p] [--q]
        The most important nodes around each of --seeds
          pinsage               --count; [--walks] [--length] [--restart]
          pagerank              --count; [--alpha] [--epsilon]
        Subgraphs, with all edges among their nodes
          induced               the nodes of --seeds
          ego                   what --hops or --fanouts reach from --seeds
          shadow                one for each seed: --fanouts, or --count by
                                PageRank; [--alpha] [--epsilon]
          saint-node            --count; [--step] [--epoch]
          saint-edge            --count; [--trials] [--step] [--epoch]
          saint-walk            --count, --length; the same
          cluster               --count shards of the graph; [--step] [--epoch]
        Examples of what is no edge: --seed-edges (or --edges-file, --edge-ids)
          negatives             [--count] [--law] [--replace]

      EXAMPLES
        merestone sample data/demo/graph --seeds 17,42 --fanouts 15,10,5
        merestone sample data/demo/graph --ids-file ids.txt --fanouts all --json
        merestone sample trips --seeds Oslo --fanouts 5,5 --scheme weighted \\
          --weight weight
        merestone sample messages --seeds 1,2 --fanouts 10,10 --scheme recent \\
          --time time --seed-times 300
        merestone sample dblp --seeds 17 --fanouts paper-author=10,5 \\
          --fanouts author-paper=0,5
        merestone sample data/demo/graph --scheme node2vec --seeds 17 --length 20 \\
          --walks 10 --q 0.5
        merestone sample data/demo/graph --seed-edges 17:42 --fanouts 10,5
        merestone sample data/demo/graph --scheme negatives --seed-edges 17:42 \\
          --count 5 --law degree

      The JSON object has the keys scheme and seed, and
        hop by hop   fanouts, seeds, nodes and blocks, one block per hop:
                     destinations, sources, edges as [source, destination] pairs,
                     edgeIds; with labor and labor-star weights, one over the
                     probability of each edge; with temporal and recent
                     sourceTimes (a node that is seen as of several times is
                     listed once for each); around edges also exclude, seedEdges
                     and seedEdgeIds, and seeds are their sources, their
                     destinations, and further --seeds; over several relations
                     fanouts by relation, nodes, destinations, sources and
                     sourceTimes by type, and in each block relations: relation,
                     source and destination (types), edges, edgeIds and weights
        walks        seeds, walks (each a list of nodes, --walks for each seed) and
                     edgeIds (null for a step back to the seed)
        important    seeds and neighborhoods: seed, nodes, weights
        subgraphs    nodes, edges as pairs, edgeIds, and seeds; with shadow
                     subgraphs, each with nodes (the seed first), edges, edgeIds;
                     with saint nodeNormalization and edgeNormalization, the
                     probabilities to divide by, epoch and step; with cluster
                     shards, epoch and step
        negatives    edges as given, count, negatives as pairs, count for each
                     edge, and trueEdges, the places of negatives that are edges
      """)

  @OptionGroup var graph: GraphArgument

  @Option(help: ArgumentHelp("Raw ids to start from, separated by commas.", valueName: "id,..."))
  var seeds: String?

  @Option(
    help: ArgumentHelp(
      "A file with one raw id per line; - reads standard input.", valueName: "file"))
  var idsFile: String?

  @OptionGroup var edges: EdgeSelection
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
  var reading: Reading = .grouped

  @OptionGroup var memory: MemoryOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var output: JSONOptions

  func validate() throws {
    let nodes: [SampleFlag] = (seeds == nil ? [] : [.seeds]) + (idsFile == nil ? [] : [.idsFile])
    let type: [SampleFlag] = selection.type == nil ? [] : [.type]
    try scheme.scheme.check(nodes + edges.given + type + scheme.given)
    guard scheme.relationFanouts != nil else { return }
    if let flag = edges.given.first {
      throw ValidationError("\(flag.spelling) needs --fanouts of one relation, without its name.")
    }
    if relation != nil {
      throw ValidationError("--fanouts by relation says which to follow; leave --relation away.")
    }
  }

  func run(in context: Context) throws {
    let answer = try answer(from: graph.open())
    if output.json {
      try context.print(
        .members(
          JSON.list([
            "scheme": .string(scheme.scheme.rawValue), "seed": .unsigned(seed.seed),
          ]) + answer.members))
    } else {
      try context.print(answer.text)
    }
  }

  /// Opens the relation to be read as asked for, where that fits the cap.
  func open(
    _ store: GraphStore, relation: RelationID, joinsTypes: Bool
  ) throws -> Topology {
    try checkReading(store, relation: relation)
    return try Topology.open(
      store, relation: relation, memory: memory.cap, way: reading,
      pool: ThreadPool(threads: ThreadPool.availableProcessors), joinsTypes: joinsTypes)
  }

  /// - Throws: ``CommandError/usage(_:)`` where the relation cannot be read as asked for under the cap.
  func checkReading(_ store: GraphStore, relation: RelationID) throws(CommandError) {
    let plan = ReadingPlan(store.manifest, relation: relation, memory: memory.cap, way: reading)
    switch plan.obstacle(to: reading) {
    case nil: break
    case .notPacked:
      throw CommandError.usage(
        "--reading packed: the pages of \(store.path) are not packed; preprocess it with "
          + "--encoding packed or both, or use flat or grouped")
    case .takes(let needed):
      throw CommandError.usage(
        "--reading \(reading.rawValue) needs \(needed) for \(store.path), more than --memory "
          + "\(memory.cap); give more, or use grouped")
    }
  }
}

extension Reading: ExpressibleByArgument {}
