import ArgumentParser
import MerestoneStorage

/// `merestone inspect`.
struct InspectCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a graph holds and what it costs.",
    discussion: """
      Prints counts, shards, cut and balance, columns, bits per edge by stream, bytes by part, \
      and the size of the partition book beside the tables that other designs need. Takes \
      milliseconds at any size: only the manifest and the headers are read.

      EXAMPLES
        merestone inspect data/demo/graph
        merestone inspect data/demo/graph --json

      The JSON object has the keys nodes, edges, shards, bitsPerEdge, cutRatio, nodeImbalance, \
      edgeImbalance, partitionBookBytes, diskBytes, and more detail under nodeTypes, relations, \
      streams, parts, tableBytes, flags and inputs.
      """)

  @OptionGroup var graph: GraphArgument
  @OptionGroup var output: JSONOptions

  func run(in context: Context) throws {
    let store = try graph.open()
    let summary = try GraphSummary(store)
    if output.json {
      try context.print(summary.json)
    } else {
      try context.print(summary.text)
    }
  }
}
