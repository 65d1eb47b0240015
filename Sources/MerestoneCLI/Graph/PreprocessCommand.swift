import ArgumentParser
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage

/// `merestone preprocess`.
struct PreprocessCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "preprocess",
    abstract: "Turn raw edge lists into a graph directory.",
    usage: """
      merestone preprocess <edges> ... --out <graph> [<options>]
      """,
    discussion: """
      Reads text (tabs, commas or blanks; # comments; plain, gzip, zstd or LZ4), binary pairs or .npy \
      arrays, and optionally a node table and features. Ids may be integers with gaps or \
      strings; they stay your ids in every answer. Edges are directed, duplicates and \
      self-loops are kept; the counts are printed with the flags that change this.

      A column `type` of the node table makes typed nodes: each type has ids, columns and \
      features of its own, and each relation (source type, name, destination type) edges of its \
      own. Raw ids are unique over all types.

      Memory stays below --memory at any size of the graph; temporary files take the rest. The \
      directory gets its name when it is whole; what was interrupted goes on with --resume.

      EXAMPLES
        merestone preprocess edges.tsv --out graph
        merestone preprocess edges.csv.gz --columns src=payer,dst=payee \\
          --nodes people.csv --features people.npy --out graph --shards 4
        merestone preprocess data/club --out club.graph --undirected
      """)

  static let handlesInterrupts = true

  @Option(help: ArgumentHelp("The graph directory to make; it must not exist.", valueName: "graph"))
  var out: String

  @Flag(help: "Go on with an interrupted run of the same inputs and options.")
  var resume = false

  @OptionGroup var shared: PreprocessArguments
  @OptionGroup(title: "Running") var output: JSONOptions
  @OptionGroup(title: "Running") var progress: ProgressOptions

  func run(in context: Context) throws {
    var options = try shared.options(output: out)
    options.resumes = resume
    let report = try Preprocess(options).run(
      progress: progress.progress(in: context), cancellation: context.cancellation)
    let store = try GraphStore.open(out)
    let summary = PreprocessSummary(
      report: report, options: options, graph: try GraphSummary(store, memory: options.memory),
      example: report.nodes == 0
        ? "ID" : try store.ids(NodeTypeID(0)).raw(of: NodeID(0)).description)
    if output.json {
      try context.print(summary.json)
    } else {
      try context.print(summary.text)
    }
  }
}

/// What to read.
struct PreprocessInputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A table of all nodes: id, and columns such as label and split.", valueName: "file"))
  var nodes: String?

  @Option(
    help: ArgumentHelp(
      "A table that adds columns to some nodes, as --nodes.", valueName: "file"))
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "Feature rows in the order of the node table: .npy, or scipy CSR .npz. Of one node type: "
        + "type=file, once per type.", valueName: "file"))
  var features: [String] = []

  @Option(
    help: ArgumentHelp("The nodes are the integers 0 to n - 1, used or not.", valueName: "n"))
  var nodeCount: Int?

  @Option(
    help: ArgumentHelp(
      "Format of the edge files. Default: told by the name.", valueName: "format"))
  var format: EdgeFormat?

  @Option(
    help: ArgumentHelp(
      "Which edge column is what: src, dst, relation, weight, time, split; type is a column of "
        + "the node table.",
      valueName: "src=a,dst=b,..."))
  var columns: String?

  @Option(help: ArgumentHelp("What ids are.", valueName: "kind"))
  var ids: IDKind = .auto

  func apply(to options: inout PreprocessOptions) throws {
    options.nodes = nodes
    options.labels = labels
    try applyFeatures(to: &options)
    options.nodeCount = nodeCount
    options.format = format
    options.ids = ids
    if let columns { options.columns = try ColumnMapping(parsing: columns) }
  }

  private func applyFeatures(to options: inout PreprocessOptions) throws {
    for value in features {
      let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, !parts[0].isEmpty, !parts[0].contains("/") {
        let type = String(parts[0])
        guard options.typedFeatures[type] == nil else {
          throw ValidationError("--features \(value): type \(type) has features already.")
        }
        options.typedFeatures[type] = String(parts[1])
      } else {
        guard options.features == nil else {
          throw ValidationError("--features \(value): name a type for each file (type=file).")
        }
        options.features = value
      }
    }
  }
}

/// What to do with odd edges.
struct PreprocessPolicyOptions: ParsableArguments {
  @Flag(help: "Add the reverse of every edge that lacks one.")
  var undirected = false

  @Option(help: ArgumentHelp("Edges equal in all but split.", valueName: "policy"))
  var duplicates: DuplicatePolicy = .keep

  @Option(help: ArgumentHelp("Edges from a node to itself.", valueName: "policy"))
  var selfLoops: SelfLoopPolicy = .keep

  @Option(
    help: ArgumentHelp("Edges to nodes that the node table lacks.", valueName: "policy"))
  var unlistedNodes: UnlistedNodePolicy = .error

  @Option(
    help: ArgumentHelp(
      "Relations as an edge column, or each with edges of its own, as in typed graphs.",
      valueName: "layout"))
  var relations: RelationLayout = .column

  func apply(to options: inout PreprocessOptions) {
    options.isUndirected = undirected
    options.duplicates = duplicates
    options.selfLoops = selfLoops
    options.unlistedNodes = unlistedNodes
    options.relations = relations
  }
}

/// How to cut, order and store.
struct PartitionArguments: ParsableArguments {
  @Option(help: ArgumentHelp("How many shards to cut the graph into.", valueName: "n"))
  var shards = 1

  @Option(
    help: ArgumentHelp(
      "How nodes are shared out; range makes ids that do not depend on --shards.",
      valueName: "name"))
  var partitioner: Partitioner = .range

  @Option(help: ArgumentHelp("Allowed excess of the largest shard, for ldg.", valueName: "share"))
  var imbalance = 0.05

  @Option(
    help: ArgumentHelp(
      "What --imbalance bounds, training nodes aside.", valueName: "what"))
  var balance: Balance = .both

  @Option(help: ArgumentHelp("How often ldg streams over the nodes.", valueName: "n"))
  var passes = 4

  @Option(help: ArgumentHelp("Order of the nodes.", valueName: "name"))
  var order: NodeOrdering = .auto

  @Flag(help: "Store out-edges, too, each with the id of its edge.")
  var reverse = false

  @Option(
    help: ArgumentHelp(
      "Edge columns to sample by weight: their cumulative weights are stored, half a byte per edge. "
        + "Default: weight, where there is one; none for none.",
      valueName: "name,..."))
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "Edge columns to sample by time: the order of every list by them is stored, four and a half bytes "
        + "per edge. Default: time, where there is one of integers; none for none.",
      valueName: "name,..."))
  var times: String?

  @Option(
    help: ArgumentHelp(
      "Encoding of the edge pages: lz4 is the smaller; packed is read in place, edge by edge; both "
        + "stores them twice, to be read as memory allows.",
      valueName: "name"))
  var encoding: PageEncoding = .lz4

  func validate() throws {
    guard shards >= 1 else { throw ValidationError("--shards \(shards): make at least 1 shard.") }
    guard passes >= 1 else { throw ValidationError("--passes \(passes): make at least 1 pass.") }
  }

  private static func columns(_ names: String) -> IndexSelection {
    .columns(names == "none" ? [] : names.split(separator: ",").map(String.init))
  }

  func apply(to options: inout PreprocessOptions) {
    options.partition = PartitionOptions(
      shards: shards, partitioner: partitioner, ordering: order, imbalance: imbalance,
      balance: balance, passes: passes)
    options.encoding = encoding
    options.storesReverse = reverse
    if let weights { options.weights = Self.columns(weights) }
    if let times { options.times = Self.columns(times) }
  }
}

extension EdgeFormat: ExpressibleByArgument {}
extension IDKind: ExpressibleByArgument {}
extension DuplicatePolicy: ExpressibleByArgument {}
extension SelfLoopPolicy: ExpressibleByArgument {}
extension UnlistedNodePolicy: ExpressibleByArgument {}
extension RelationLayout: ExpressibleByArgument {}
extension Balance: ExpressibleByArgument {}
extension Partitioner: ExpressibleByArgument {}
extension NodeOrdering: ExpressibleByArgument {}
extension PageEncoding: ExpressibleByArgument {}
