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
  func run(
    _ index: Int, _ block: Block?, _ rows: Variable, degrees: [Int], dropout: Dropout?,
    on tape: Tape
  ) -> Variable {
    switch (configuration.kind, block) {
    case (.mlp, _):
      return combine(index, own: rows, neighbors: rows, dropout: dropout, on: tape)
    case (.sage, let block?):
      // In this order the gradient of `rows` is written once by the mean, then added to.
      let own = tape.prefix(rows, rows: block.destinationCount)
      let mean = tape.blockMean(rows, block)
      return combine(index, own: own, neighbors: mean, dropout: dropout, on: tape)
    case (.gcn, let block?):
      let map = Aggregation.symmetric(block, degrees: degrees, in: workspace)
      let values =
        configuration.multipliesFirst(layer: index)
        ? tape.matmul(rows, parameter(layers[index].weight, on: tape)) : rows
      let sums = tape.aggregate(values, map)
      return combine(index, own: sums, neighbors: sums, dropout: dropout, on: tape)
    case (_, nil):
      preconditionFailure("a \(configuration.kind.rawValue) layer without a block")
    }
  }

  /// The end of a layer: what its destinations have of their own and from their neighbours, to
  /// `[d, out]` rows.
  ///
  /// - Parameters:
  ///   - own: Their rows, shape `[d, in]`; read by `sage` and `mlp`.
  ///   - neighbors: What was aggregated for them: the mean for `sage`, the symmetric sum for `gcn`,
  ///     of products where the layer multiplies first. `mlp` does not read it.
  func combine(
    _ index: Int, own: Variable, neighbors: Variable, dropout: Dropout?, on tape: Tape
  ) -> Variable {
    let layer = layers[index]
    let activation: Activation = index == layers.count - 1 ? .none : .relu
    let bias = parameter(layer.bias, on: tape)
    let inputs: [(Variable, Variable)]
    switch configuration.kind {
    case .mlp:
      inputs = [(own, parameter(layer.weight, on: tape))]
    case .sage:
      guard let selfWeight = layer.selfWeight else {
        preconditionFailure("a sage layer without weights for a node's own row")
      }
      inputs = [
        (own, parameter(selfWeight, on: tape)), (neighbors, parameter(layer.weight, on: tape)),
      ]
    case .gcn:
      guard !configuration.multipliesFirst(layer: index) else {
        var result = tape.addBias(neighbors, bias)
        if activation == .relu { result = tape.relu(result) }
        if let dropout { result = tape.dropout(result, dropout) }
        return result
      }
      inputs = [(neighbors, parameter(layer.weight, on: tape))]
    }
    return tape.linear(inputs, bias: bias, activation: activation, dropout: dropout)
  }

  private func parameter(_ index: Int, on tape: Tape) -> Variable {
    let parameter = parameters.parameters[index]
    return tape.isRecording
      ? tape.parameter(parameter.value, gradient: parameter.gradient)
      : tape.constant(parameter.value)
  }
}
