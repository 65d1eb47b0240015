import ArgumentParser
import MerestonePartition
import MerestonePreprocess

/// What `preprocess` and `plan` have in common.
struct PreprocessArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Edge files, or one folder with edges, nodes and features (see data/README.md).",
      valueName: "edges"))
  var edges: [String]

  @OptionGroup(title: "Input") var input: PreprocessInputOptions
  @OptionGroup(title: "Policies") var policies: PreprocessPolicyOptions
  @OptionGroup(title: "Partition and storage") var partition: PartitionArguments

  @Option(
    help: ArgumentHelp(
      "An existing folder for temporary files. Default: beside the output.", valueName: "folder"))
  var temporary: String?

  @OptionGroup(title: "Running") var memory: MemoryOptions
  @OptionGroup(title: "Running") var threads: ThreadOptions
  @OptionGroup(title: "Running") var seed: SeedOptions

  func options(output: String) throws -> PreprocessOptions {
    var options = PreprocessOptions(edges: edges, output: output)
    try input.apply(to: &options)
    policies.apply(to: &options)
    partition.apply(to: &options)
    options.partition.seed = seed.seed
    options.memory = memory.cap
    options.temporary = temporary
    options.threads = threads.count
    return options
  }
}
