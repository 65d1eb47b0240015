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

  /// Starts to aggregate what a layer reads of the neighbours of some nodes, part by part.
  ///
  /// - Parameters:
  ///   - own: The nodes' rows of what is aggregated: the layer's input, or its products
  ///     (``inferProducts(_:rows:)``) where it multiplies first. Shape `[d, f]`.
  ///   - degrees: The nodes' in-degrees in the whole graph; read by `gcn` alone.
  /// - Returns: `nil` for a model that reads no neighbours.
  package func neighborSums(own: Tensor, degrees: [Int] = []) -> NeighborSums? {
    switch configuration.kind {
    case .mlp: nil
    case .sage: .mean(rows: own.rows, columns: own.columns, in: workspace)
    case .gcn: .symmetric(own: own, degrees: degrees, in: workspace)
    }
  }

  /// One layer without dropout, for inference layer by layer over tiles of all nodes.
  ///
  /// - Parameters:
  ///   - own: The wanted nodes' rows of the layer's input, shape `[d, inputs of the layer]`, or of
  ///     its products where it multiplies first.
  ///   - neighbors: What was aggregated for them, from ``neighborSums(own:degrees:)``, shape of
  ///     `own`; `nil` where a model reads no neighbours.
  /// - Returns: Their rows, shape `[d, outputs of the layer]`: after relu, or logits where `layer` is
  ///   the last.
  package func inferLayer(_ layer: Int, own: Tensor, neighbors: Tensor?) -> Tensor {
    let width =
      configuration.multipliesFirst(layer: layer) ? layers[layer].outputs : layers[layer].inputs
    precondition(
      own.columns == width, "\(own.columns) columns into layer \(layer), which reads \(width)")
    precondition(
      (neighbors == nil) == (configuration.kind == .mlp),
      "what a layer of \(configuration.kind.rawValue) reads of neighbours")
    let tape = Tape(workspace: workspace, isRecording: false)
    return combine(
      layer, own: tape.constant(own), neighbors: tape.constant(neighbors ?? own), dropout: nil,
      on: tape
    ).value
  }

  /// The rows times the weights of a layer that multiplies first
  /// (``ModelConfiguration/multipliesFirst(layer:)``), so that inference over overlapping blocks
  /// multiplies each row once. Shape `[n, outputs of the layer]`.
  package func inferProducts(_ layer: Int, rows: Tensor) -> Tensor {
    workspace.matmul(rows, parameters.parameters[layers[layer].weight].value)
  }
}
