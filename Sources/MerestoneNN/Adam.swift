import MerestoneCore
package import MerestoneTensor

/// Options of ``Adam``; saved with a run.
package struct AdamConfiguration: Codable, Sendable, Equatable {
  package var learningRate: Double
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double
  /// The L2 penalty: `weightDecay * factor * value` is added to a parameter's gradient.
  package var weightDecay: Double

  package init(
    learningRate: Double = 0.01, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }
}

/// The Adam optimizer: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
package final class Adam {
  package var configuration: AdamConfiguration
  private let parameters: ParameterSet
  private let workspace: Workspace
  private let first: Tensor
  private let second: Tensor
  private var stepCount = 0

  /// All that the optimizer remembers: restoring it continues to the bit.
  package struct State: Sendable, Equatable {
    package var stepCount: Int
    /// First moments of all parameters, then second moments. Shape `[2 * parameters.count]`.
    package var moments: [Float]

    package init(stepCount: Int, moments: [Float]) {
      self.stepCount = stepCount
      self.moments = moments
    }
  }

  package init(
    _ configuration: AdamConfiguration, of parameters: ParameterSet, in workspace: Workspace
  ) {
    self.configuration = configuration
    self.parameters = parameters
    self.workspace = workspace
    first = workspace.zeros(rows: 1, columns: parameters.count)
    second = workspace.zeros(rows: 1, columns: parameters.count)
  }

  /// Updates all parameters from their gradients.
  ///
  /// - Parameter gradientScale: Multiplies the gradients first: one over the step's seed count.
  package func step(gradientScale: Float) {
    stepCount += 1
    let beta1 = Float(configuration.beta1)
    let beta2 = Float(configuration.beta2)
    // m / (1 - b1^t) and v / (1 - b2^t) of the paper, moved into the step size and the root.
    let firstCorrection = 1 - Self.power(configuration.beta1, stepCount)
    let secondCorrection = 1 - Self.power(configuration.beta2, stepCount)
    let size = Float(configuration.learningRate / firstCorrection)
    let rootScale = Float(1 / secondCorrection.squareRoot())
    let epsilon = Float(configuration.epsilon)
    let decays = parameters.parameters.map {
      Float(configuration.weightDecay) * $0.weightDecayFactor
    }
    for (parameter, decay) in zip(parameters.parameters, decays) {
      let m = first.part(from: parameter.offset, rows: 1, columns: parameter.value.count)
      let v = second.part(from: parameter.offset, rows: 1, columns: parameter.value.count)
      m.withMutableSpan { m in
        v.withMutableSpan { v in
          parameter.value.withMutableSpan { w in
            parameter.gradient.withSpan { g in
              for i in g.indices {
                let gradient = g[i] * gradientScale + decay * w[i]
                m[i] = beta1 * m[i] + (1 - beta1) * gradient
                v[i] = beta2 * v[i] + (1 - beta2) * (gradient * gradient)
                w[i] -= size * m[i] / (v[i].squareRoot() * rootScale + epsilon)
              }
            }
          }
        }
      }
    }
  }

  package var state: State {
    State(stepCount: stepCount, moments: first.elements + second.elements)
  }

  /// Continues from a saved state.
  package func restore(_ state: State) throws(ModelError) {
    let count = parameters.count
    guard state.moments.count == 2 * count else {
      throw .stateSize(what: "optimizer state", expected: 2 * count, found: state.moments.count)
    }
    stepCount = state.stepCount
    first.withMutableSpan { span in
      for i in span.indices { span[i] = state.moments[i] }
    }
    second.withMutableSpan { span in
      for i in span.indices { span[i] = state.moments[count + i] }
    }
  }

  /// `base^exponent` by squaring: the same bits on every machine.
  private static func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
