import MerestoneCore
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage

/// What `preprocess` says at its end.
struct PreprocessSummary {
  let report: PreprocessReport
  let options: PreprocessOptions
  let graph: GraphSummary
  /// The raw id of some node, for the example.
  let example: String

  var text: String {
    """
    \(options.output): \(report.nodes.counted("node")), \(report.edges.counted("edge")), \
    \(report.shards.counted("shard"))

    Policies, and the flags that change them
    \(policies)

    Partition and cost
    \(facts.text)

    Next
    \(next.text)
    """
  }

  private var inputBytes: Int { graph.manifest.inputs.reduce(0) { $0 + $1.bytes } }

  private var policies: String {
    report.counts.lines(
      undirected: options.isUndirected, duplicates: options.duplicates, selfLoops: options.selfLoops
    )
    .map { "  " + $0 }.joined(separator: "\n")
  }

  private var facts: TextTable {
    var table = TextTable([.left, .left])
    table.indent = 2
    table.add("partitioner", "\(options.partition.partitioner.rawValue), order \(report.order)")
    if let reason = report.orderReason { table.add("order", reason) }
    table.add(
      "edges cut", "\(report.cutRatio.asPercent), \(report.cutEdges.grouped) join two shards")
    var imbalance =
      "nodes \(report.nodeImbalance.asPercent), edges \(report.edgeImbalance.asPercent)"
    if let train = report.trainImbalance { imbalance += ", training nodes \(train.asPercent)" }
    table.add("imbalance", imbalance)
    table.add(
      "checked",
      "every node in one shard, \(report.edges.grouped) in-edges counted before sorting and after")
    table.add(
      "bytes",
      "\(ByteCount(inputBytes)) read, \(ByteCount(graph.diskBytes)) written")
    table.add(
      "memory",
      "\(ByteCount(report.peakResidentBytes)) of \(ByteCount(report.memoryCapBytes)) (--memory)")
    table.add(
      "time", "\(report.seconds.asDuration) with \(report.threads.counted("thread")) (--threads)")
    addPrediction(to: &table)
    return table
  }

  /// Predicted against actual, where there was a prediction.
  private func addPrediction(to table: inout TextTable) {
    guard let predicted = report.predicted, let actual = report.actual else { return }
    func line(_ name: String, _ expected: Int, _ found: Int) {
      table.add("predicted", "\(name) \(ByteCount(expected)), was \(ByteCount(found))")
    }
    line("memory", predicted.peakMemoryBytes, actual.peakMemoryBytes)
    line("temporary disk", predicted.temporaryBytes, actual.temporaryBytes)
    line("graph", predicted.outputBytes, actual.outputBytes)
    table.add(
      "predicted", "time \(predicted.seconds.asDuration), was \(actual.seconds.asDuration)")
  }

  private var next: TextTable {
    var table = TextTable([.left, .left])
    table.indent = 2
    table.add("merestone inspect \(options.output)", "what the graph costs, bit by bit")
    table.add("merestone verify \(options.output)", "check every byte")
    // Sampling and training follow one relation of one type.
    guard graph.manifest.nodeTypes.count == 1, graph.manifest.relations.count == 1 else {
      table.add("merestone lookup \(options.output) --global 0 --type NAME", "see a node of a type")
      return table
    }
    table.add(
      "merestone sample \(options.output) --seeds \(example) --fanouts 10,5", "ask for neighbours")
    if report.columns.node.contains("label"), report.columns.node.contains("features") {
      table.add("merestone train \(options.output) --out RUN", "learn the labels")
    }
    return table
  }

  var json: JSON {
    let counts = report.counts
    return .object([
      "graph": .string(options.output),
      "nodes": .integer(report.nodes),
      "edges": .integer(report.edges),
      "shards": .integer(report.shards),
      "cutEdges": .integer(report.cutEdges),
      "cutRatio": .number(report.cutRatio),
      "nodeImbalance": .number(report.nodeImbalance),
      "edgeImbalance": .number(report.edgeImbalance),
      "trainImbalance": report.trainImbalance.map { .number($0) } ?? .null,
      "counts": .object([
        "inputEdges": .integer(counts.inputEdges),
        "selfLoops": .integer(counts.selfLoops),
        "selfLoopsDropped": .integer(counts.selfLoopsDropped),
        "duplicates": .integer(counts.duplicates),
        "duplicatesDropped": .integer(counts.duplicatesDropped),
        "reversesAdded": .integer(counts.reversesAdded),
        "isolatedNodes": .integer(counts.isolatedNodes),
        "unlistedNodesAdded": .integer(counts.unlistedNodesAdded),
        "unlistedEdgesDropped": .integer(counts.unlistedEdgesDropped),
      ]),
      "seconds": .number(report.seconds),
      "inputBytes": .integer(inputBytes),
      "diskBytes": .integer(graph.diskBytes),
      "peakResidentBytes": .integer(report.peakResidentBytes),
      "predicted": prediction,
      "actual": .object([
        "peakMemoryBytes": .integer(report.actual?.peakMemoryBytes ?? 0),
        "temporaryBytes": .integer(report.actual?.temporaryBytes ?? 0),
        "outputBytes": .integer(report.actual?.outputBytes ?? 0),
        "seconds": .number(report.actual?.seconds ?? 0),
      ]),
    ])
  }

  private var prediction: JSON {
    guard let predicted = report.predicted else { return .null }
    return .object([
      "peakMemoryBytes": .integer(predicted.peakMemoryBytes),
      "temporaryBytes": .integer(predicted.temporaryBytes),
      "outputBytes": .integer(predicted.outputBytes),
      "seconds": .number(predicted.seconds),
    ])
  }
}
