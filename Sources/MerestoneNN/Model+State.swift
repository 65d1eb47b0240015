import MerestoneTensor

extension Model {
  /// All parameters in one stretch, for checkpoints.
  package var weights: [Float] { parameters.values.elements }

  /// Continues with saved parameters.
  package func restore(weights: [Float]) throws(ModelError) {
    guard weights.count == parameters.count else {
      throw .stateSize(what: "model", expected: parameters.count, found: weights.count)
    }
    parameters.load(weights)
  }
}
