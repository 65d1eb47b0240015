import Foundation
import Merestone

/// Sampling over the four relations between two node types, by way of reading, in turns.
struct RelationsBenchmark {
  let tool: Tool
  let folder: String

  private static let rounds = 3
  private static let ways: [(reading: Reading, memory: Int)] = [(.flat, 1024), (.grouped, 128)]

  func run(_ report: inout Report) throws {
    let path = try BenchmarkGraphs(tool: tool, folder: folder).typed()
    var rates = Self.ways.map { _ in [Double]() }
    for _ in 0..<Self.rounds {
      for (place, way) in Self.ways.enumerated() {
        let graph = try Graph(
          at: path, memory: ByteCount(way.memory << 20), reading: way.reading, threads: 2)
        rates[place].append(try rate(graph))
      }
    }
    for (way, rates) in zip(Self.ways, rates) {
      report.add(
        Figure(
          name: "sampling four relations, \(way.reading.rawValue)", unit: "M edges/s",
          values: rates,
          setting: "2^20, 16.8 M edges, --memory \(way.memory)MiB, fanouts 15,10,5 of each, "
            + "batch 1024, 2 threads", target: "-"))
    }
  }

  private func rate(_ graph: Graph) throws -> Double {
    let names = graph.relations.map { "\($0.source)/\($0.name)/\($0.destination)" }
    let sampler = try graph.sampler(
      TypedSamplingScheme.uniform(
        fanouts: Dictionary(uniqueKeysWithValues: names.map { ($0, [15, 10, 5]) })))
    // Seeds of the first type, all different.
    let count = try graph.nodeCount(of: graph.nodeTypes[0])
    let seeds = (0..<60 * 1024).map {
      TypedNode(type: NodeTypeID(0), node: NodeID(UInt64($0 * 2_654_435_761 % count)))
    }
    let batches = try sampler.batches(of: seeds, size: 1024, threads: 2)
    var batch = TypedMiniBatch.empty
    // The first is not counted.
    guard try batches.next(&batch) else { return 0 }
    let start = DispatchTime.now()
    var edges = 0
    while try batches.next(&batch) { edges += batch.blocks.reduce(0) { $0 + $1.edgeCount } }
    return Double(edges) / Stopwatch.seconds(since: start) / 1e6
  }
}
