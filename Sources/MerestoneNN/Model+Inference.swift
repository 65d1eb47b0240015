package import MerestoneCore
package import MerestoneTensor

extension Model {
  /// The logits of a mini-batch's seeds without dropout, shape `[seeds, classes]`.
  ///
  /// Parameters are those of ``loss(batch:features:labels:degrees:key:training:)``.
  package func logits(batch: MiniBatch, features: Tensor, degrees: [Int] = []) -> Tensor {
    forward(
      batch, features: features, degrees: degrees, dropout: nil,
      on: Tape(workspace: workspace, isRecording: false)
    ).value
  }

  /// One layer without dropout, for inference layer by layer over tiles of all nodes.
  ///
  /// - Parameters:
  ///   - block: All in-edges of the wanted nodes; `mlp` reads its destinations alone.
  ///   - rows: What the layer before (or the features) gave for `block.sources`, shape
  ///     `[s, inputs of the layer]`; for `mlp` the destinations suffice.
  ///   - degrees: In-degrees of `block.sources` in the whole graph; read by `gcn` alone.
  /// - Returns: The rows of the destinations, shape `[d, outputs of the layer]`: after relu, or
  ///   logits where `layer` is the last.
  package func inferLayer(
    _ layer: Int, block: Block, rows: Tensor, degrees: [Int] = []
  ) -> Tensor {
    precondition(
      rows.columns == layers[layer].inputs,
      "\(rows.columns) columns into layer \(layer), which reads \(layers[layer].inputs)")
    let tape = Tape(workspace: workspace, isRecording: false)
    let isDense = configuration.kind == .mlp
    let input = tape.constant(isDense ? rows.prefix(block.destinationCount) : rows)
    return run(layer, isDense ? nil : block, input, degrees: degrees, dropout: nil, on: tape).value
  }
}
