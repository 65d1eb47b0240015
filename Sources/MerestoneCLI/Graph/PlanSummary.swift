import MerestoneCore
import MerestonePreprocess

/// What `plan` says.
struct PlanSummary {
  let prediction: PreprocessPrediction
  let options: PreprocessOptions

  private var fits: Bool { prediction.leastMemoryBytes <= options.memory.bytes }

  var text: String {
    """
    About \(prediction.nodes.counted("node")) and \(prediction.edges.counted("edge")), after a look \
    at \(prediction.sampledEdges.counted("edge"))

    \(facts.text)

    Stages
    \(stages.text)
    """
  }

  private var facts: TextTable {
    var table = TextTable([.left, .left])
    table.indent = 2
    table.add(
      "memory",
      "\(ByteCount(prediction.peakMemoryBytes)) of \(options.memory) (--memory)"
        + (fits ? "" : ", which is too little"))
    table.add("least memory", "--memory \(prediction.leastMemoryBytes >> 20)MiB")
    table.add("temporary disk", "\(ByteCount(prediction.temporaryBytes)) (--temporary)")
    table.add(
      "graph",
      "\(ByteCount(prediction.outputBytes)), "
        + "\(prediction.bitsPerEdge.formatted(decimals: 1)) bits per edge")
    table.add("time", prediction.seconds.asDuration)
    return table
  }

  private var stages: TextTable {
    var table = TextTable([.left, .right, .right, .right])
    table.indent = 2
    table.add("stage", "time", "memory", "temporary disk")
    for stage in prediction.stages {
      table.add(
        stage.name, stage.seconds.asDuration, "\(ByteCount(stage.memoryBytes))",
        "\(ByteCount(stage.temporaryBytes))")
    }
    return table
  }

  var json: JSON {
    .object([
      "nodes": .integer(prediction.nodes),
      "edges": .integer(prediction.edges),
      "sampledEdges": .integer(prediction.sampledEdges),
      "bitsPerEdge": .number(prediction.bitsPerEdge),
      "memoryCapBytes": .integer(options.memory.bytes),
      "leastMemoryBytes": .integer(prediction.leastMemoryBytes),
      "peakMemoryBytes": .integer(prediction.peakMemoryBytes),
      "temporaryBytes": .integer(prediction.temporaryBytes),
      "outputBytes": .integer(prediction.outputBytes),
      "seconds": .number(prediction.seconds),
      "stages": .array(
        prediction.stages.map { stage in
          .object([
            "name": .string(stage.name),
            "seconds": .number(stage.seconds),
            "memoryBytes": .integer(stage.memoryBytes),
            "temporaryBytes": .integer(stage.temporaryBytes),
          ])
        }),
    ])
  }
}
