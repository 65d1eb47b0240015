import MerestoneCore
import MerestoneNN
import MerestoneStorage
import MerestoneTraining

/// What `train` says at its end.
struct RunSummary {
  let summary: TrainingSummary
  let options: TrainingOptions
  let path: String

  var text: String {
    var lines = [
      "\(path): \(options.model.rawValue), \(options.layers.counted("layer")), "
        + "\(summary.parameters.counted("parameter")), \(summary.epochs.counted("epoch"))"
        + (summary.stoppedEarly ? " (ended by --patience)" : "")
    ]
    if let epoch = summary.bestEpoch, let validation = summary.bestValidation {
      lines.append(
        "best validation in epoch \(epoch): accuracy \(validation.asPercent), final training loss "
          + summary.finalLoss.formatted(decimals: 4))
    }
    var next = TextTable([.left, .left])
    next.indent = 2
    next.add("merestone evaluate \(path)", "accuracy on the test nodes")
    next.add("merestone predict \(path) --out predictions.tsv", "every node's prediction")
    return (lines + ["", "Next", next.text]).joined(separator: "\n")
  }

  var json: JSON {
    .object([
      "run": .string(path),
      "model": .string(options.model.rawValue),
      "seed": .unsigned(options.seed),
      "epochs": .integer(summary.epochs),
      "stoppedEarly": .bool(summary.stoppedEarly),
      "bestEpoch": summary.bestEpoch.map { .integer($0) } ?? .null,
      "bestValidation": summary.bestValidation.map { .number($0) } ?? .null,
      "bestValidationLoss": summary.bestValidationLoss.map { .number($0) } ?? .null,
      "finalLoss": .number(summary.finalLoss),
      "parameters": .integer(summary.parameters),
      "weightsChecksum": .string(StorageError.hex(summary.weightsChecksum)),
      "bestWeightsChecksum": .string(StorageError.hex(summary.bestWeightsChecksum)),
    ])
  }
}
