package import MerestoneCore

/// The operations with gradients. Values come from ``Workspace``'s methods of the same names.
///
/// Closures hold the tape unowned: a tape outlives its entries.
extension Tape {
  /// `dropout(activation(x0 w0 + x1 w1 + … + bias))`; see ``Workspace``.
  package func linear(
    _ terms: [(input: Variable, weight: Variable)], bias: Variable? = nil,
    activation: Activation = .none, dropout: Dropout? = nil
  ) -> Variable {
    precondition(!terms.isEmpty, "a linear operation without a term")
    let rows = terms[0].input.value.rows
    for term in terms { precondition(term.input.value.rows == rows, "terms differ in rows") }
    let value = workspace.linear(
      rows: rows, terms.map { ($0.input.value, $0.weight.value) }, bias: bias?.value,
      activation: activation, dropout: dropout)
    let inputs = terms.flatMap { [$0.input, $0.weight] } + (bias.map { [$0] } ?? [])
    return record(value, from: inputs) { [unowned self] gradient in
      let targets = terms.map { term in
        let input = target(of: term.input)
        return Workspace.LinearGradients(
          input: term.input.value, weight: term.weight.value,
          inputGradient: input?.gradient, accumulate: input?.accumulate ?? false,
          weightGradient: addedTarget(of: term.weight))
      }
      workspace.linearGradient(
        gradient, output: value, terms: targets,
        biasGradient: bias.flatMap { addedTarget(of: $0) }, activation: activation,
        dropout: dropout)
    }
  }

  /// `x w`, of shapes `[n, k]` and `[k, m]`.
  package func matmul(_ x: Variable, _ w: Variable) -> Variable { linear([(x, w)]) }

  /// `x` with `bias` added to every row.
  package func addBias(_ x: Variable, _ bias: Variable) -> Variable {
    let value = workspace.addBias(x.value, bias.value)
    return record(value, from: [x, bias]) { [unowned self] gradient in
      if let target = addedTarget(of: bias) { workspace.addColumnSums(of: gradient, to: target) }
      pass(gradient, to: x)
    }
  }

  /// `a + b`, of equal shapes.
  package func add(_ a: Variable, _ b: Variable) -> Variable {
    record(workspace.add(a.value, b.value), from: [a, b]) { [unowned self] gradient in
      pass(gradient, to: a)
      pass(gradient, to: b)
    }
  }

  /// `factor * a`.
  package func scale(_ a: Variable, by factor: Float) -> Variable {
    record(workspace.scale(a.value, by: factor), from: [a]) { [unowned self] gradient in
      pass(gradient, to: a, factor: factor)
    }
  }

  /// `max(a, 0)`.
  package func relu(_ a: Variable) -> Variable {
    let value = workspace.relu(a.value)
    return record(value, from: [a]) { [unowned self] gradient in
      guard let target = target(of: a) else { return }
      workspace.reluGradient(
        gradient, output: value, into: target.gradient, accumulate: target.accumulate)
    }
  }

  /// Drops elements and scales the others; the same elements of the gradient are dropped.
  package func dropout(_ a: Variable, _ dropout: Dropout) -> Variable {
    record(workspace.dropout(a.value, dropout), from: [a]) { [unowned self] gradient in
      pass(workspace.dropout(gradient, dropout), to: a)
    }
  }

  /// A weighted sum over the edges of a block.
  package func aggregate(_ x: Variable, _ map: Aggregation) -> Variable {
    record(workspace.aggregate(x.value, map), from: [x]) { [unowned self] gradient in
      guard let target = target(of: x) else { return }
      workspace.aggregateGradient(
        gradient, map, into: target.gradient, accumulate: target.accumulate)
    }
  }

  /// The mean over each destination's in-edges; zeros where there are none.
  package func blockMean(_ x: Variable, _ block: Block) -> Variable {
    aggregate(x, .mean(block, in: workspace))
  }

  /// A sum with a coefficient per edge `[e]`, and per destination `[d]` for its own row.
  package func blockWeightedSum(
    _ x: Variable, _ block: Block, edgeCoefficients: [Float], selfCoefficients: [Float]? = nil
  ) -> Variable {
    aggregate(
      x,
      .weighted(
        block, edgeCoefficients: edgeCoefficients, selfCoefficients: selfCoefficients,
        in: workspace))
  }

  /// The rows of `x` at `positions`, repetitions allowed.
  package func gatherRows(_ x: Variable, _ positions: [BlockIndex]) -> Variable {
    aggregate(x, .gather(positions, inputRows: x.value.rows, in: workspace))
  }

  /// The first rows of `x`, without a copy. Where `x` also feeds an ``aggregate(_:_:)``, take the
  /// prefix first: its gradient then adds to what the aggregation has written.
  package func prefix(_ x: Variable, rows: Int) -> Variable {
    record(x.value.prefix(rows), from: [x]) { [unowned self] gradient in
      guard let target = target(of: x) else { return }
      if !target.accumulate { workspace.fill(target.gradient, with: 0) }
      workspace.scale(gradient, by: 1, into: target.gradient.prefix(rows), accumulate: true)
    }
  }

  /// Every row divided by its L2 norm.
  package func normalizeRows(_ x: Variable) -> Variable {
    let value = workspace.normalizeRows(x.value)
    return record(value, from: [x]) { [unowned self] gradient in
      guard let target = target(of: x) else { return }
      workspace.normalizeRowsGradient(
        gradient, input: x.value, output: value, into: target.gradient,
        accumulate: target.accumulate)
    }
  }

  /// The sum of the labelled rows' cross-entropies as a `[1, 1]` variable, and its figures.
  package func crossEntropy(
    _ logits: Variable, labels: [Int32]
  ) -> (loss: Variable, figures: LossSum) {
    let figures = workspace.crossEntropy(logits.value, labels: labels)
    let value = workspace.tensor(rows: 1, columns: 1, [Float(figures.sum)])
    let loss = record(value, from: [logits]) { [unowned self] gradient in
      guard let target = target(of: logits) else { return }
      workspace.crossEntropyGradient(
        logits.value, labels: labels, factor: gradient[0, 0], into: target.gradient,
        accumulate: target.accumulate)
    }
    return (loss, figures)
  }

  /// Adds `factor * gradient` to the gradient of `variable`.
  private func pass(_ gradient: Tensor, to variable: Variable, factor: Float = 1) {
    guard let target = target(of: variable) else { return }
    workspace.scale(
      gradient, by: factor, into: target.gradient, accumulate: target.accumulate)
  }

  /// The gradient of `variable` as a sum that holds at least zeros.
  private func addedTarget(of variable: Variable) -> Tensor? {
    guard let target = target(of: variable) else { return nil }
    if !target.accumulate { workspace.fill(target.gradient, with: 0) }
    return target.gradient
  }
}
