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
  ///   - areProducts: `rows` come from ``inferProducts(_:rows:)``.
  ///   - degrees: In-degrees of `block.sources` in the whole graph; read by `gcn` alone.
  /// - Returns: The rows of the destinations, shape `[d, outputs of the layer]`: after relu, or
  ///   logits where `layer` is the last.
  package func inferLayer(
    _ layer: Int, block: Block, rows: Tensor, areProducts: Bool = false, degrees: [Int] = []
  ) -> Tensor {
    let width = areProducts ? layers[layer].outputs : layers[layer].inputs
    precondition(
      rows.columns == width, "\(rows.columns) columns into layer \(layer), which reads \(width)")
    let tape = Tape(workspace: workspace, isRecording: false)
    let isDense = configuration.kind == .mlp
    let input = tape.constant(isDense ? rows.prefix(block.destinationCount) : rows)
    return run(
      layer, isDense ? nil : block, input, areProducts: areProducts, degrees: degrees,
      dropout: nil, on: tape
    ).value
  }

  /// The rows times the weights of a layer that multiplies first
  /// (``ModelConfiguration/multipliesFirst(layer:)``), so that inference over overlapping blocks
  /// multiplies each row once. Shape `[n, outputs of the layer]`.
  package func inferProducts(_ layer: Int, rows: Tensor) -> Tensor {
    workspace.matmul(rows, parameters.parameters[layers[layer].weight].value)
  }
}
