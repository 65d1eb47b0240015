import ArgumentParser
import MerestoneCore
import MerestoneStorage

/// `merestone verify`.
struct VerifyCommand: ContextualCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every byte of a graph, and that its parts fit each other.",
    usage: """
      merestone verify <graph> [--json] [--threads <n>] [--quiet]
      """,
    discussion: """
      Reads all files and compares sizes and checksums; then checks that neighbour lists are in \
      order, degrees add up, boundaries match, and raw ids lead back to their nodes. Prints one \
      line per problem with file and byte, and exits with 65 where there are any.

      EXAMPLE
        merestone verify data/demo/graph
      """)

  static let handlesInterrupts = true

  @OptionGroup var graph: GraphArgument
  @OptionGroup var output: JSONOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var progress: ProgressOptions

  func run(in context: Context) throws {
    let problems = try Verification.run(
      graph.path, pool: ThreadPool(threads: threads.count),
      progress: progress.progress(in: context), cancellation: context.cancellation)
    if output.json {
      try context.print(json(problems))
    } else {
      for problem in problems { try context.print("\(problem)") }
      if problems.isEmpty { try context.print("\(graph.path): no problems") }
    }
    if !problems.isEmpty {
      throw CommandError.damaged(path: graph.path, problems: problems.count)
    }
  }

  private func json(_ problems: [Verification.Problem]) -> JSON {
    .object([
      "graph": .string(graph.path),
      "problems": .array(problems.map { .string("\($0)") }),
    ])
  }
}
