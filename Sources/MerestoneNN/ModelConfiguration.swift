/// The shape of a model; saved with a run.
package struct ModelConfiguration: Codable, Sendable, Equatable {
  package enum Kind: String, Codable, Sendable, CaseIterable {
    /// GraphSAGE with mean aggregation: Hamilton et al., "Inductive Representation Learning on
    /// Large Graphs", NeurIPS 2017.
    case sage
    /// Kipf and Welling, "Semi-Supervised Classification with Graph Convolutional Networks",
    /// ICLR 2017.
    case gcn
    /// Dense layers over a node's own features.
    case mlp
  }

  package var kind: Kind
  /// Features per node.
  package var inputs: Int
  package var hidden: Int
  package var classes: Int
  package var layers: Int
  /// The share of hidden elements that training drops.
  package var dropout: Double
  /// The share of input features that training drops; nil for the kind's custom: ``dropout`` for
  /// `gcn` and `mlp`, 0 for `sage`.
  package var inputDropout: Double?

  package init(
    kind: Kind, inputs: Int, hidden: Int, classes: Int, layers: Int, dropout: Double,
    inputDropout: Double? = nil
  ) {
    self.kind = kind
    self.inputs = inputs
    self.hidden = hidden
    self.classes = classes
    self.layers = layers
    self.dropout = dropout
    self.inputDropout = inputDropout
  }

  /// How many hops a mini-batch for this model has.
  package var hopCount: Int { kind == .mlp ? 0 : layers }

  package var effectiveInputDropout: Double { inputDropout ?? (kind == .sage ? 0 : dropout) }

  /// Columns into and out of a layer.
  package func widths(ofLayer layer: Int) -> (inputs: Int, outputs: Int) {
    (layer == 0 ? inputs : hidden, layer == layers - 1 ? classes : hidden)
  }

  /// Whether a layer multiplies its rows before it aggregates them: aggregation costs edges times
  /// columns, so it runs on the narrower side of the product.
  package func multipliesFirst(layer: Int) -> Bool {
    let (inputs, outputs) = widths(ofLayer: layer)
    return kind == .gcn && outputs < inputs
  }

  package func validate() throws(ModelError) {
    for (field, value) in [("inputs", inputs), ("hidden", hidden), ("classes", classes)]
    where value < 1 {
      throw .badWidth(field: field, value: value)
    }
    let minimum = kind == .mlp ? 2 : 1
    guard layers >= minimum else {
      throw .tooFewLayers(kind: kind.rawValue, layers: layers, minimum: minimum)
    }
    for (field, value) in [("dropout", dropout), ("input dropout", effectiveInputDropout)]
    where !(value >= 0 && value < 1) {
      throw .badDropout(field: field, value: value)
    }
  }
}
