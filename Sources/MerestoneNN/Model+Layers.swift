import MerestoneCore
import MerestoneTensor

extension Model {
  /// Dropout of a layer's rows: `hop` 0 for the features, `l + 1` for the output of layer `l`.
  struct DropoutSource {
    let key: RandomKey

    func dropout(rate: Double, hop: Int, nodes: [NodeID]) -> Dropout? {
      guard rate > 0 else { return nil }
      var key = key
      key.hop = UInt8(truncatingIfNeeded: hop)
      return Dropout(rate: Float(rate), key: key, nodes: nodes)
    }
  }

  /// The seeds' logits, shape `[seeds, classes]`.
  func forward(
    _ batch: MiniBatch, features: Tensor, degrees: [Int], dropout: DropoutSource?, on tape: Tape
  ) -> Variable {
    precondition(
      features.columns == configuration.inputs,
      "\(features.columns) features where the model reads \(configuration.inputs)")
    let hops = configuration.hopCount
    precondition(hops == 0 || batch.blocks.count == hops, "a block for each of \(hops) layers")
    var rows = tape.constant(features)
    if hops == 0, let block = batch.blocks.first {
      rows = tape.prefix(rows, rows: block.destinationCount)
    }
    let nodes =
      hops == 0 ? batch.blocks.first?.sources ?? batch.inputNodes : batch.blocks[hops - 1].sources
    if let mask = dropout?.dropout(
      rate: configuration.effectiveInputDropout, hop: 0, nodes: nodes)
    {
      rows = tape.dropout(rows, mask)
    }
    for layer in layers.indices {
      let block = hops == 0 ? nil : batch.blocks[hops - 1 - layer]
      let isLast = layer == layers.count - 1
      let mask =
        isLast
        ? nil
        : dropout?.dropout(
          rate: configuration.dropout, hop: layer + 1, nodes: block?.sources ?? nodes)
      rows = run(layer, block, rows, degrees: degrees, dropout: mask, on: tape)
    }
    let isIdentity =
      batch.seedIndices.count == rows.value.rows
      && batch.seedIndices.enumerated().allSatisfy { $0.offset == Int($0.element.rawValue) }
    return isIdentity ? rows : tape.gatherRows(rows, batch.seedIndices)
  }

  /// One layer: `[s, in]` rows of a block's sources to `[d, out]` rows of its destinations; all
  /// rows where there is no block. Every layer but the last ends with relu.
  ///
  /// - Parameter areProducts: `rows` are multiplied already, for a layer that multiplies first.
  func run(
    _ index: Int, _ block: Block?, _ rows: Variable, areProducts: Bool = false, degrees: [Int],
    dropout: Dropout?, on tape: Tape
  ) -> Variable {
    let layer = layers[index]
    let activation: Activation = index == layers.count - 1 ? .none : .relu
    let weight = parameter(layer.weight, on: tape)
    let bias = parameter(layer.bias, on: tape)
    switch configuration.kind {
    case .mlp:
      return tape.linear(
        [(rows, weight)], bias: bias, activation: activation, dropout: dropout)
    case .sage:
      guard let block, let selfWeight = layer.selfWeight else {
        preconditionFailure("a sage layer without a block")
      }
      // In this order the gradient of `rows` is written once by the mean, then added to.
      let own = tape.prefix(rows, rows: block.destinationCount)
      let mean = tape.blockMean(rows, block)
      return tape.linear(
        [(own, parameter(selfWeight, on: tape)), (mean, weight)], bias: bias,
        activation: activation, dropout: dropout)
    case .gcn:
      guard let block else { preconditionFailure("a gcn layer without a block") }
      let map = Aggregation.symmetric(block, degrees: degrees, in: workspace)
      guard configuration.multipliesFirst(layer: index) else {
        return tape.linear(
          [(tape.aggregate(rows, map), weight)], bias: bias, activation: activation,
          dropout: dropout)
      }
      let products = areProducts ? rows : tape.matmul(rows, weight)
      var result = tape.addBias(tape.aggregate(products, map), bias)
      if activation == .relu { result = tape.relu(result) }
      if let dropout { result = tape.dropout(result, dropout) }
      return result
    }
  }

  private func parameter(_ index: Int, on tape: Tape) -> Variable {
    let parameter = parameters.parameters[index]
    return tape.isRecording
      ? tape.parameter(parameter.value, gradient: parameter.gradient)
      : tape.constant(parameter.value)
  }
}
