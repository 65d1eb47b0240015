import Foundation
import Merestone

/// Ids both ways in a graph whose ids are strings of 16 characters, on one thread.
struct LookupBenchmark {
  let tool: Tool
  let folder: String
  let count: Int

  private static let lookups = 200_000

  func run(_ report: inout Report) throws {
    let path = try BenchmarkGraphs(tool: tool, folder: folder).strings(count: count)
    let graph = try Graph(at: path)
    precondition(graph.nodeCount == count)
    let setting = "\(count) strings of 16 characters, 1 thread"
    var (toGlobal, toRaw): ([Double], [Double]) = ([], [])
    for run in 0..<5 {
      let places = (0..<Self.lookups).map { ($0 + run * Self.lookups) * 2_654_435_761 % count }
      let raws = places.map { RawID.string(BenchmarkGraphs.string($0)) }
      var start = DispatchTime.now()
      let nodes = try graph.nodes(raws)
      toGlobal.append(Double(Self.lookups) / Stopwatch.seconds(since: start) / 1e6)
      start = DispatchTime.now()
      let back = try graph.rawIDs(of: nodes)
      toRaw.append(Double(Self.lookups) / Stopwatch.seconds(since: start) / 1e6)
      precondition(back == raws)
    }
    report.add(
      Figure(
        name: "raw to global", unit: "M/s", values: toGlobal, setting: setting, target: "-"))
    report.add(
      Figure(name: "global to raw", unit: "M/s", values: toRaw, setting: setting, target: "-"))
    let files = try FileManager.default.contentsOfDirectory(atPath: path + "/ids")
    let bytes = try files.reduce(0) {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/ids/\($1)")
      return $0 + ((attributes[.size] as? Int) ?? 0)
    }
    report.add(
      Figure(
        name: "bytes per id", unit: "-", values: [Double(bytes) / Double(count)],
        setting: setting, target: "-"))
  }
}
