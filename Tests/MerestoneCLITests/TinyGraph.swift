import Foundation
import MerestoneTestSupport
import Testing

/// The hand-written graph `data/club`, preprocessed into two shards, once for all tests.
enum TinyGraph {
  private static let folder = TemporaryFolder()

  static let data = packageRoot + "/data"

  static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// The graph's directory; tests only read it.
  static let club: String = {
    let path = folder.file("club.graph")
    let run = merestone(
      "preprocess", data + "/club", "--out", path, "--undirected", "--shards", "2", "--quiet")
    precondition(run.status == 0, run.notes)
    return path
  }()

  /// The graph of the trips between towns: string ids, relations and weights.
  static let trips: String = {
    let path = folder.file("trips.graph")
    let run = merestone("preprocess", data + "/trips", "--out", path, "--quiet")
    precondition(run.status == 0, run.notes)
    return path
  }()

  /// A copy that a test may damage.
  static func copy(of graph: String, in folder: TemporaryFolder) throws -> String {
    let path = folder.file("copy.graph")
    try FileManager.default.copyItem(atPath: graph, toPath: path)
    return path
  }
}

/// Text that was looked at once and has to stay, in `Tests/Snapshots`.
///
/// With `MERESTONE_RECORD=1` in the environment the files are written anew: look at what
/// `git diff` says about them.
func expectSnapshot(
  _ name: String, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let path = TinyGraph.packageRoot + "/Tests/Snapshots/\(name).txt"
  if ProcessInfo.processInfo.environment["MERESTONE_RECORD"] != nil {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return
  }
  let expected = try String(contentsOfFile: path, encoding: .utf8)
  #expect(text == expected, "\(name)", sourceLocation: sourceLocation)
}
