import ArgumentParser
import Glibc
import MerestoneStorage

/// The graph that a command works on.
struct GraphArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("A graph made by `merestone preprocess`.", valueName: "graph"))
  var path: String

  func open() throws -> GraphStore { try Self.open(path) }

  /// - Throws: ``CommandError/notAGraph(path:)`` where the directory or its manifest is missing.
  static func open(_ path: String) throws -> GraphStore {
    let manifest = "\(path)/\(GraphManifest.fileName)"
    // SAFETY: the path is zero-terminated for the call.
    guard unsafe access(manifest, F_OK) == 0 || errno != ENOENT && errno != ENOTDIR else {
      throw CommandError.notAGraph(path: path)
    }
    return try GraphStore.open(path)
  }
}
