import CMerestoneKernels
import MerestoneCore

/// What follows a sum of matrix products, on every element.
package enum Activation: Sendable, Equatable { case none, relu }

/// The fused dense layer: everything that happens to a tile of rows happens while it is in cache.
extension Workspace {
  /// `dropout(activation(x0 w0 + x1 w1 + … + bias))`.
  ///
  /// - Parameters:
  ///   - terms: Inputs `[>= rows, k]`, of which the first `rows` rows count, and weights `[k, n]`.
  ///   - bias: Shape `[n]`; nil for none.
  ///   - dropout: Drops elements of the result; nil for none.
  package func linear(
    rows: Int, _ terms: [(input: Tensor, weight: Tensor)], bias: Tensor? = nil,
    activation: Activation = .none, dropout: Dropout? = nil
  ) -> Tensor {
    precondition(!terms.isEmpty, "a linear operation without a term")
    let columns = terms[0].weight.columns
    for (input, weight) in terms {
      precondition(
        input.rows >= rows && input.columns == weight.rows && weight.columns == columns,
        "[\(input.rows), \(input.columns)] times [\(weight.rows), \(weight.columns)]")
    }
    precondition(bias == nil || bias!.count == columns, "a bias for \(columns) columns")
    let result = tensor(rows: rows, columns: columns)
    threads.forEachTile(of: rows, tile: Self.tileRows) { range in
      // SAFETY: row tiles are disjoint, and the shapes were checked.
      let tile = unsafe result.base + range.lowerBound * columns
      if let bias {
        for row in 0..<range.count {
          unsafe (tile + row * columns).update(from: bias.base, count: columns)
        }
      }
      for (index, term) in terms.enumerated() {
        let k = term.input.columns
        unsafe BLAS.multiply(
          m: range.count, n: columns, k: k,
          term.input.base + range.lowerBound * k, .plain, term.weight.base, .plain,
          beta: index > 0 || bias != nil ? 1 : 0, into: tile)
      }
      if activation == .relu {
        for i in 0..<range.count * columns {
          let value = unsafe tile[i]
          unsafe tile[i] = value < 0 ? 0 : value
        }
      }
      if let dropout {
        unsafe dropout.apply(result.base, into: result.base, rows: range, columns: columns)
      }
    }
    return result
  }

  /// `x w`.
  package func matmul(_ x: Tensor, _ w: Tensor) -> Tensor {
    linear(rows: x.rows, [(x, w)])
  }

  /// Where one term's gradients go; nil where nobody asks.
  struct LinearGradients {
    let input: Tensor
    let weight: Tensor
    /// `gz wᵀ`, written or (`accumulate`) added.
    let inputGradient: Tensor?
    let accumulate: Bool
    /// `+= xᵀ gz`.
    let weightGradient: Tensor?
  }

  /// The gradients of ``linear(rows:_:bias:activation:dropout:)``.
  ///
  /// With `z` the sum before the activation and `gz` its gradient: `gx = gz wᵀ`, `gw = xᵀ gz`,
  /// `gb = ` column sums of `gz`. Where relu is followed by dropout, an element was kept and
  /// positive exactly where the output is positive, so no mask is stored or drawn again.
  ///
  /// - Parameter gradient: Of the result; overwritten with `gz`.
  func linearGradient(
    _ gradient: Tensor, output: Tensor, terms: [LinearGradients], biasGradient: Tensor?,
    activation: Activation, dropout: Dropout?
  ) {
    let (rows, columns) = (gradient.rows, gradient.columns)
    let tiles = Self.tileCount(rows: rows)
    let weightParts = terms.map { term in
      term.weightGradient.map { tensor(rows: tiles, columns: $0.count) }
    }
    let biasParts = tensor(rows: tiles, columns: columns)
    threads.forEach(tiles) { index in
      // SAFETY: each call works on its own tile of rows and its own row of every part.
      let range = Self.tile(index, rows: rows)
      let start = range.lowerBound * columns
      let gz = unsafe gradient.base + start
      let sums = unsafe biasParts.base + index * columns
      switch activation {
      case .relu:
        unsafe mrs_relu_gradient_rows(
          gz, output.base + start, dropout?.scale ?? 1, range.count, columns, sums)
      case .none:
        if let dropout {
          unsafe dropout.apply(gradient.base, into: gradient.base, rows: range, columns: columns)
        }
        unsafe mrs_column_sums(gz, range.count, columns, sums)
      }
      for (term, parts) in zip(terms, weightParts) {
        let k = term.weight.rows
        if let target = term.inputGradient {
          unsafe BLAS.multiply(
            m: range.count, n: k, k: columns, gz, .plain, term.weight.base, .transposed,
            beta: term.accumulate ? 1 : 0, into: target.base + range.lowerBound * k)
        }
        if let parts {
          unsafe BLAS.multiply(
            m: k, n: columns, k: range.count,
            term.input.base + range.lowerBound * k, .transposed, gz, .plain,
            beta: 0, into: parts.base + index * parts.columns)
        }
      }
    }
    for (term, parts) in zip(terms, weightParts) {
      if let parts, let target = term.weightGradient { addTree(of: parts, to: target) }
    }
    if let biasGradient { addTree(of: biasParts, to: biasGradient) }
  }
}
