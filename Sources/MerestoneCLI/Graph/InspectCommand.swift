import ArgumentParser
import MerestoneStorage

/// `merestone inspect`.
struct InspectCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a graph holds and what it costs.",
    discussion: """
      Prints counts, shards, cut and balance, columns, bits per edge by stream, bytes by part, \
      the size of the partition book beside the tables that other designs need, and what each way \
      of sampling from the graph takes, with the one that --memory selects. Takes milliseconds at \
      any size: only the manifest and the headers are read.

      EXAMPLES
        merestone inspect data/demo/graph
        merestone inspect data/demo/graph --json
        merestone inspect data/demo/graph --memory 4GiB

      The JSON object has the keys nodes, edges, shards, bitsPerEdge, cutRatio, nodeImbalance, \
      edgeImbalance, partitionBookBytes, diskBytes, and more detail under nodeTypes, relations, \
      streams, parts, tableBytes, reading, flags and inputs.
      """)

  @OptionGroup var graph: GraphArgument
  @OptionGroup var memory: MemoryOptions
  @OptionGroup var output: JSONOptions

  func run(in context: Context) throws {
    let store = try graph.open()
    let summary = try GraphSummary(store, memory: memory.cap)
    if output.json {
      try context.print(summary.json)
    } else {
      try context.print(summary.text)
    }
  }
}
