import MerestoneCore

/// Element-wise operations. Each names its gradient; `accumulate` adds to what `result` holds.
extension Workspace {
  /// `a + b`, of equal shapes.
  package func add(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(
      a.rows == b.rows && a.columns == b.columns,
      "adding [\(a.rows), \(a.columns)] and [\(b.rows), \(b.columns)]")
    let result = tensor(rows: a.rows, columns: a.columns)
    let (left, right, to) = unsafe (a.base, b.base, result.base)
    threads.forEachTile(of: a.count, tile: Self.elementTile) { range in
      // SAFETY: tiles are disjoint, and the three tensors have the same shape.
      for i in range { unsafe to[i] = left[i] + right[i] }
    }
    return result
  }

  /// `factor * a`.
  package func scale(_ a: Tensor, by factor: Float) -> Tensor {
    let result = tensor(rows: a.rows, columns: a.columns)
    scale(a, by: factor, into: result, accumulate: false)
    return result
  }

  /// `result (+)= factor * a`: also the gradient of ``add(_:_:)`` (factor 1) and of scaling.
  func scale(_ a: Tensor, by factor: Float, into result: Tensor, accumulate: Bool) {
    let (from, to) = unsafe (a.base, result.base)
    threads.forEachTile(of: a.count, tile: Self.elementTile) { range in
      // SAFETY: tiles are disjoint, and both tensors have `a.count` elements.
      if accumulate {
        for i in range { unsafe to[i] += factor * from[i] }
      } else {
        for i in range { unsafe to[i] = factor * from[i] }
      }
    }
  }

  /// `max(a, 0)`; NaN stays NaN.
  package func relu(_ a: Tensor) -> Tensor {
    let result = tensor(rows: a.rows, columns: a.columns)
    let (from, to) = unsafe (a.base, result.base)
    threads.forEachTile(of: a.count, tile: Self.elementTile) { range in
      // SAFETY: tiles are disjoint, and both tensors have `a.count` elements.
      for i in range {
        let value = unsafe from[i]
        unsafe to[i] = value < 0 ? 0 : value
      }
    }
    return result
  }

  /// `result (+)= gradient` where `output` is positive: the gradient of ``relu(_:)``.
  func reluGradient(_ gradient: Tensor, output: Tensor, into result: Tensor, accumulate: Bool) {
    let (g, y, to) = unsafe (gradient.base, output.base, result.base)
    threads.forEachTile(of: gradient.count, tile: Self.elementTile) { range in
      // SAFETY: tiles are disjoint, and the three tensors have the same shape.
      for i in range {
        let passed: Float = unsafe y[i] > 0 ? g[i] : 0
        unsafe to[i] = accumulate ? to[i] + passed : passed
      }
    }
  }

  /// `a` with `bias` added to every row.
  package func addBias(_ a: Tensor, _ bias: Tensor) -> Tensor {
    precondition(bias.count == a.columns, "\(bias.count) biases for \(a.columns) columns")
    let result = tensor(rows: a.rows, columns: a.columns)
    let (from, to, b) = unsafe (a.base, result.base, bias.base)
    let columns = a.columns
    threads.forEachTile(of: a.rows, tile: Self.tileRows) { range in
      // SAFETY: row tiles are disjoint; `bias` has one element per column.
      for row in range {
        let start = row &* columns
        for j in 0..<columns { unsafe to[start &+ j] = from[start &+ j] + b[j] }
      }
    }
    return result
  }
}
