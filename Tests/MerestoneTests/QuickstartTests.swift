import Foundation
import MerestoneCore
import MerestoneTestSupport
import Testing

@Suite("The example program of the README")
struct QuickstartTests {
  @Test("runs, and stands in the README as it is")
  func runs() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let source = try String(
      contentsOf: root.appending(path: "Tests/Quickstart/main.swift"), encoding: .utf8)
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(source)```"))

    let folder = TemporaryFolder()
    var graph = TestGraph(nodes: 100, meanInDegree: 6, shards: 2, seed: 1)
    graph.features = (0..<100).map { [Float($0), 1, 2] }
    graph.labels = (0..<100).map { $0 % 3 }
    graph.splits = (0..<100).map { $0 % 2 == 0 ? .train : .test }
    _ = try graph.store(at: folder.file("graph"))
    let process = Process()
    process.executableURL = Self.products.appending(path: "merestone-quickstart")
    process.arguments = [folder.file("graph")]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    #expect(lines.first == "100 nodes, \(graph.edgeCount) edges")
    #expect(lines.last?.hasPrefix("50 seeds reach ") == true)
  }

  /// The folder that holds the built programs: that of the running test bundle.
  static var products: URL {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
  }
}
