import MerestoneCore
package import MerestoneTensor

/// Which layers the optimizer's weight decay holds small.
package enum WeightDecayScope: String, Codable, Sendable {
  /// The first layer alone, as the GCN paper has it.
  case firstLayer = "first"
  case all
  case none
}

/// A graph neural network: its parameters, and how mini-batches run through it.
///
/// Layers run the blocks of a mini-batch in reverse hop order, and each computes only the rows
/// that the next one reads: the destinations of its block. One thread owns a model; the work
/// inside is shared by the workspace's threads.
package final class Model {
  package let configuration: ModelConfiguration
  package let parameters: ParameterSet
  package let workspace: Workspace

  let layers: [Layer]
  let tape: Tape

  /// The places of one layer's parameters in ``parameters``.
  struct Layer {
    /// For rows of the destinations themselves; `sage` only.
    let selfWeight: Int?
    let weight: Int
    let bias: Int
    let inputs: Int
    let outputs: Int
  }

  /// Makes a model with Glorot-uniform weights and biases of zero.
  ///
  /// Weight `i` of parameter `p` is draw `i` of entity `p` of the seed's weight stream: Glorot and
  /// Bengio, "Understanding the difficulty of training deep feedforward neural networks",
  /// AISTATS 2010.
  package init(
    _ configuration: ModelConfiguration, seed: UInt64, weightDecay scope: WeightDecayScope,
    in workspace: Workspace
  ) throws(ModelError) {
    try configuration.validate()
    self.configuration = configuration
    self.workspace = workspace
    var shapes: [ParameterSet.Shape] = []
    var layers: [Layer] = []
    for index in 0..<configuration.layers {
      let (inputs, outputs) = configuration.widths(ofLayer: index)
      let decay: Float = scope == .all || (scope == .firstLayer && index == 0) ? 1 : 0
      func add(_ name: String, _ rows: Int) -> Int {
        shapes.append(
          ParameterSet.Shape(
            name: "layer\(index).\(name)", rows: rows, columns: outputs, weightDecayFactor: decay))
        return shapes.count - 1
      }
      layers.append(
        Layer(
          selfWeight: configuration.kind == .sage ? add("selfWeight", inputs) : nil,
          weight: add("weight", inputs), bias: add("bias", 1), inputs: inputs, outputs: outputs))
    }
    self.layers = layers
    parameters = ParameterSet(shapes, in: workspace)
    tape = Tape(workspace: workspace)
    let draws = RandomKey(seed: seed, stream: .weightInitialization).draws
    for layer in layers {
      for index in [layer.selfWeight, layer.weight].compactMap({ $0 }) {
        let bound = (6 / Double(layer.inputs + layer.outputs)).squareRoot()
        parameters.parameters[index].value.withMutableSpan { span in
          for position in span.indices {
            let unit = draws.unit(entity: UInt64(index), number: UInt32(position))
            span[position] = Float((2 * unit - 1) * bound)
          }
        }
      }
    }
  }
}
