import ArgumentParser
import MerestoneCore
import MerestoneIngest

/// `merestone generate`: the group of graph generators.
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Make a synthetic graph.",
    discussion: """
      Writes a folder of raw files, as `merestone preprocess` reads them. Equal seeds give equal \
      bytes with any number of threads.

      EXAMPLES
        merestone generate communities --out raw
        merestone generate kronecker --scale 20 --out raw
      """,
    subcommands: [GenerateCommunitiesCommand.self, GenerateKroneckerCommand.self])
}

/// Where a generator writes, and how.
struct GeneratorOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The folder to write to.", valueName: "folder"))
  var out: String

  @OptionGroup var seed: SeedOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: JSONOptions
  @OptionGroup var progress: ProgressOptions

  /// Tells what was written and what to do with it.
  func report(_ graph: GeneratedGraph, preprocess flags: String, in context: Context) throws {
    if output.json {
      try context.print(
        .object([
          "folder": .string(out),
          "nodes": .integer(graph.nodes),
          "edges": .integer(graph.edges),
          "files": .array(graph.files.map { .string($0) }),
        ]))
    } else {
      try context.print(
        """
        \(out): \(graph.nodes.counted("node")), \(graph.edges.counted("edge"))
        \(graph.files.map { "  " + $0 }.joined(separator: "\n"))

        Next
          merestone preprocess \(out) --out GRAPH\(flags)
        """)
    }
  }
}

/// `merestone generate communities`.
struct GenerateCommunitiesCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "communities",
    abstract: "Planted communities with features, labels and a split.",
    usage: "merestone generate communities --out <folder> [<options>]",
    discussion: """
      Nodes belong to hidden classes. Edges run more often within a class, degrees follow a power \
      law, and each node has a noisy picture of its class as features. The features alone tell \
      about 60% of the classes, features and neighbours together more than 85%.

      Edges are undirected and written once each: preprocess with --undirected.

      EXAMPLE
        merestone generate communities --nodes 20000 --out raw
      """)

  static let handlesInterrupts = true

  @OptionGroup var options: GeneratorOptions

  @Option(help: ArgumentHelp("Number of nodes.", valueName: "n"))
  var nodes = CommunitiesGenerator.Parameters().nodes

  @Option(help: ArgumentHelp("Mean number of neighbours.", valueName: "n"))
  var meanDegree = CommunitiesGenerator.Parameters().meanDegree

  @Option(help: ArgumentHelp("Number of communities.", valueName: "n"))
  var classes = CommunitiesGenerator.Parameters().classes

  @Option(help: ArgumentHelp("Length of a feature row.", valueName: "n"))
  var features = CommunitiesGenerator.Parameters().features

  @Option(help: ArgumentHelp("Share of edges drawn within a class.", valueName: "share"))
  var homophily = CommunitiesGenerator.Parameters().homophily

  @Option(help: ArgumentHelp("Strength of the features; their noise has 1.", valueName: "x"))
  var signal = CommunitiesGenerator.Parameters().signal

  @Option(help: ArgumentHelp("Share of labels drawn anew.", valueName: "share"))
  var labelNoise = CommunitiesGenerator.Parameters().labelNoise

  @Option(help: ArgumentHelp("Share of training nodes.", valueName: "share"))
  var trainFraction = CommunitiesGenerator.Parameters().trainFraction

  @Option(help: ArgumentHelp("Share of validation nodes.", valueName: "share"))
  var validationFraction = CommunitiesGenerator.Parameters().validationFraction

  @Option(help: ArgumentHelp("Format of the edges.", valueName: "format"))
  var format: CommunitiesGenerator.Format = .tsv

  func run(in context: Context) throws {
    var parameters = CommunitiesGenerator.Parameters()
    parameters.nodes = nodes
    parameters.meanDegree = meanDegree
    parameters.classes = classes
    parameters.features = features
    parameters.homophily = homophily
    parameters.signal = signal
    parameters.labelNoise = labelNoise
    parameters.trainFraction = trainFraction
    parameters.validationFraction = validationFraction
    parameters.seed = options.seed.seed
    let pool = ThreadPool(threads: options.threads.count)
    let graph = try CommunitiesGenerator(parameters, pool: pool).write(
      to: options.out, format: format, pool: pool, cancellation: context.cancellation,
      progress: options.progress.progress(in: context))
    try options.report(graph, preprocess: " --undirected", in: context)
  }
}

/// `merestone generate kronecker`.
struct GenerateKroneckerCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "kronecker",
    abstract: "A Graph500 Kronecker graph of 2^scale nodes.",
    usage: "merestone generate kronecker --out <folder> [<options>]",
    discussion: """
      Edges are drawn by recursive quadrants with the probabilities .57, .19, .19 and .05, and ids \
      are shuffled. Duplicates and self-loops stay. Memory does not grow with the graph.

      EXAMPLE
        merestone generate kronecker --scale 20 --out raw
      """)

  static let handlesInterrupts = true

  @OptionGroup var options: GeneratorOptions

  @Option(help: ArgumentHelp("The graph has 2^scale nodes.", valueName: "n"))
  var scale = 20

  @Option(help: ArgumentHelp("Edges per node.", valueName: "n"))
  var edgeFactor = 16

  @Option(
    help: ArgumentHelp(
      "Format of the edges. Default: u32, or u64 past 2^32 nodes.", valueName: "format"))
  var format: KroneckerGenerator.Format?

  func run(in context: Context) throws {
    let generator = try KroneckerGenerator(
      scale: scale, edgeFactor: edgeFactor, seed: options.seed.seed)
    let graph = try generator.write(
      to: options.out, format: format, pool: ThreadPool(threads: options.threads.count),
      cancellation: context.cancellation, progress: options.progress.progress(in: context))
    // Nodes without edges count too: without the flag they would be left out.
    try options.report(graph, preprocess: " --node-count \(graph.nodes)", in: context)
  }
}

extension CommunitiesGenerator.Format: ExpressibleByArgument {}
extension KroneckerGenerator.Format: ExpressibleByArgument {}
