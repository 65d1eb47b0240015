import ArgumentParser
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestonePreprocess

/// `merestone plan`.
struct PlanCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Say what preprocessing would take.",
    usage: """
      merestone plan <edges> ... [<options>]
      """,
    discussion: """
      Looks at parts of the input for a second or so, makes nothing, and predicts memory, the \
      least --memory that works, temporary disk space, the size of the graph, and the time of \
      every stage on an otherwise idle machine. Takes the options of preprocess. Times rest on \
      a short trial of the processor and of the disk of --temporary.

      EXAMPLES
        merestone plan edges.tsv
        merestone plan edges.u32 --shards 8 --partitioner ldg --memory 2GiB --json

      The JSON object has the keys nodes, edges, sampledEdges, bitsPerEdge, memoryCapBytes, \
      leastMemoryBytes, peakMemoryBytes, temporaryBytes, outputBytes, seconds, and stages with \
      name, seconds, memoryBytes and temporaryBytes of each.
      """)

  static let handlesInterrupts = true

  @OptionGroup var shared: PreprocessArguments
  @OptionGroup(title: "Running") var output: JSONOptions

  func run(in context: Context) throws {
    let options = try shared.options(output: "")
    let prediction = try PreprocessPlan(options).run(cancellation: context.cancellation)
    let summary = PlanSummary(prediction: prediction, options: options)
    if output.json {
      try context.print(summary.json)
    } else {
      try context.print(summary.text)
    }
  }
}
