/// What is wrong with a model's description or its saved state.
package enum ModelError: Error, Equatable, Sendable {
  case badWidth(field: String, value: Int)
  case tooFewLayers(kind: String, layers: Int, minimum: Int)
  case badDropout(field: String, value: Double)
  case stateSize(what: String, expected: Int, found: Int)
}

extension ModelError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .badWidth(let field, let value):
      "a model needs \(field) of at least 1, found \(value)"
    case .tooFewLayers(let kind, let layers, let minimum):
      "a \(kind) model needs at least \(minimum) layers, found \(layers); set --layers \(minimum)"
    case .badDropout(let field, let value):
      "\(field) must be at least 0 and below 1, found \(value)"
    case .stateSize(let what, let expected, let found):
      "the saved \(what) has \(found) numbers where this model has \(expected); "
        + "resume with the model options that the run was started with"
    }
  }
}
