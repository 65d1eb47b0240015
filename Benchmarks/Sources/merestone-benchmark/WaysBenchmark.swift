import Foundation
import Merestone

/// The ways to read one graph: flat, packed and grouped mini-batches of Kronecker graphs, fanouts 15,
/// 10, 5, 1,024 random seeds each, beside ``Peers`` where there are any.
struct WaysBenchmark {
  let tool: Tool
  let folder: String
  let scale: Int

  /// A way of reading, and the cap that selects it.
  private struct Way {
    var name: String
    var encoding: String
    var memory: Int
    var reading: Reading
    var batches: Int
    var target: String
  }

  private var ways: [Way] {
    if scale == 26 {
      return [
        Way(
          name: "grouped, 4 GiB", encoding: "lz4", memory: 4096, reading: .grouped, batches: 2000,
          target: ">= 30 M edges/s")
      ]
    }
    return [
      Way(
        name: "flat", encoding: "lz4", memory: 1024, reading: .flat, batches: 400,
        target: ">= 10 times the best peer"),
      Way(
        name: "packed", encoding: "packed", memory: 350, reading: .packed, batches: 400,
        target: ">= 6 times the best peer"),
      Way(
        name: "grouped", encoding: "lz4", memory: 1024, reading: .grouped, batches: 400,
        target: ">= 4 times the best peer"),
    ]
  }

  func run(_ report: inout Report) throws {
    let graphs = BenchmarkGraphs(tool: tool, folder: folder)
    for way in ways {
      let path = try graphs.kronecker(scale: scale, encoding: way.encoding)
      let setting = "2^\(scale), --memory \(way.memory)MiB, fanouts 15,10,5, batch 1024"
      let graph = try Graph(
        at: path, memory: ByteCount(way.memory << 20), reading: way.reading, threads: 2)
      let sampler = try graph.sampler(.uniform(fanouts: [15, 10, 5]))
      report.add(
        Figure(
          name: "sampling \(way.name)", unit: "M edges/s",
          values: try Stopwatch.samplingRates(
            sampler, nodes: graph.nodeCount, batches: way.batches, runs: scale == 26 ? 2 : 5,
            threads: 2),
          setting: setting + ", 2 threads", target: way.target))
    }
    if scale == 22 {
      try labor(graphs, &report)
      if let peers = Peers() {
        let edges = [folder + "/kron22/edges.u32"]
        report.compare(
          ways.map { "sampling \($0.name)" }, with: try peers.rates(["dgl", "graphbolt"], edges))
        report.compare([Self.laborName], with: try peers.rates(["graphbolt-labor"], edges))
      }
    }
    if scale == 26 { try cold(ways[0], graphs, &report) }
    for way in ways {
      let path = try graphs.kronecker(scale: scale, encoding: way.encoding)
      let worker = SamplingWorker(
        path: path, memory: way.memory, reading: way.reading,
        batches: way.batches / (scale == 26 ? 2 : 1))
      let one = try worker.rates(processes: 1)
      let two = try worker.rates(processes: 2)
      report.add(
        Figure(
          name: "two processes against one, \(way.name)", unit: "times",
          values: zip(two, one).map { $0 / $1 },
          setting: "2^\(scale), \(way.memory) MiB and a thread for each",
          target: way.name == "flat" ? ">= 1.6" : ">= 1.85"))
    }
  }

  /// The first pass over a graph whose files are not in memory.
  private func cold(_ way: Way, _ graphs: BenchmarkGraphs, _ report: inout Report) throws {
    let path = try graphs.kronecker(scale: scale, encoding: way.encoding)
    var rates: [Double] = []
    for _ in 0..<3 {
      try PageCache.letGo(ofFilesIn: path)
      let graph = try Graph(
        at: path, memory: ByteCount(way.memory << 20), reading: way.reading, threads: 2)
      rates += try Stopwatch.samplingRates(
        graph.sampler(.uniform(fanouts: [15, 10, 5])), nodes: graph.nodeCount,
        batches: way.batches, runs: 1, threads: 2, warmsUp: false)
    }
    report.add(
      Figure(
        name: "sampling \(way.name), cold", unit: "M edges/s", values: rates,
        setting: "2^\(scale), --memory \(way.memory)MiB, fanouts 15,10,5, batch 1024, 2 threads, "
          + "files not in memory", target: "-"))
  }

  private static let laborName = "sampling LABOR-0, flat"

  /// LABOR-0, which other programs offer, too.
  private func labor(_ graphs: BenchmarkGraphs, _ report: inout Report) throws {
    let graph = try Graph(
      at: graphs.kronecker(scale: scale, encoding: "lz4"), memory: ByteCount(1 << 30), threads: 2)
    let sampler = try graph.sampler(.labor(fanouts: [15, 10, 5]))
    report.add(
      Figure(
        name: Self.laborName, unit: "M edges/s",
        values: try Stopwatch.samplingRates(
          sampler, nodes: graph.nodeCount, batches: 100, runs: 5, threads: 2),
        setting: "2^\(scale), --memory 1024MiB, fanouts 15,10,5, batch 1024, 2 threads",
        target: ">= 5 times GraphBolt's"))
  }
}

/// A process that samples, one of several at a time.
struct SamplingWorker {
  let path: String
  /// In MiB.
  let memory: Int
  let reading: Reading
  let batches: Int

  static let word = "sampling-worker"
  private static let runs = 3

  /// The sum of the processes' rates in each run, in million edges/s.
  func rates(processes: Int) throws -> [Double] {
    let outputs = (0..<processes).map { _ in Pipe() }
    let workers = outputs.map { output in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      process.arguments = [Self.word, path, "\(memory)", reading.rawValue, "\(batches)"]
      process.standardOutput = output
      return process
    }
    for worker in workers { try worker.run() }
    var sums = [Double](repeating: 0, count: Self.runs)
    for (worker, output) in zip(workers, outputs) {
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      worker.waitUntilExit()
      let rates = text.split(separator: "\n").compactMap { Double($0) }
      guard worker.terminationStatus == 0, rates.count == Self.runs else {
        throw Tool.Failure(description: "a sampling worker failed")
      }
      for (run, rate) in rates.enumerated() { sums[run] += rate }
    }
    return sums
  }

  /// What such a process does.
  static func work(_ arguments: [String]) throws {
    let fanouts = [15, 10, 5]
    let schemes: [String: SamplingScheme] = [
      "uniform": .uniform(fanouts: fanouts), "labor": .labor(fanouts: fanouts),
      "replacement": .uniformWithReplacement(fanouts: fanouts),
      "weighted": .weighted(by: "weight", fanouts: fanouts),
    ]
    guard arguments.count == 4 || arguments.count == 5, let memory = Int(arguments[1]),
      let reading = Reading(rawValue: arguments[2]), let batches = Int(arguments[3]),
      let scheme = schemes[arguments.count == 5 ? arguments[4] : "uniform"]
    else {
      throw Tool.Failure(
        description: "a worker takes GRAPH MEMORY READING BATCHES "
          + "[\(schemes.keys.sorted().joined(separator: "|"))]")
    }
    let graph = try Graph(
      at: arguments[0], memory: ByteCount(memory << 20), reading: reading, threads: 1)
    let rates = try Stopwatch.samplingRates(
      graph.sampler(scheme), nodes: graph.nodeCount, batches: batches,
      runs: runs, threads: 1)
    for rate in rates { print(rate) }
  }
}
