import MerestoneCore

/// L2 normalisation of rows.
extension Workspace {
  /// Rows of a smaller norm are divided by this instead.
  static let smallestNorm: Float = 1e-12

  /// `y = x / max(|x|, 1e-12)` for every row.
  package func normalizeRows(_ x: Tensor) -> Tensor {
    let result = tensor(rows: x.rows, columns: x.columns)
    forEachRow(of: x) { row in
      let norm = self.norm(x, row: row)
      // SAFETY: each call works on its own row.
      let (from, to) = unsafe (x.base + row * x.columns, result.base + row * x.columns)
      for j in 0..<x.columns { unsafe to[j] = from[j] / norm }
    }
    return result
  }

  /// With `n` the norm: `gx (+)= (g - y (y·g)) / n`, or `g / n` for rows below the smallest norm.
  func normalizeRowsGradient(
    _ gradient: Tensor, input x: Tensor, output y: Tensor, into result: Tensor, accumulate: Bool
  ) {
    forEachRow(of: x) { row in
      let norm = self.norm(x, row: row)
      // SAFETY: each call works on its own row of equally shaped tensors.
      let start = row * x.columns
      let (g, out, to) = unsafe (gradient.base + start, y.base + start, result.base + start)
      var along: Float = 0
      if norm > Self.smallestNorm {
        for j in 0..<x.columns { unsafe along += out[j] * g[j] }
      }
      for j in 0..<x.columns {
        let value = unsafe (g[j] - out[j] * along) / norm
        unsafe to[j] = accumulate ? to[j] + value : value
      }
    }
  }

  private func norm(_ x: Tensor, row: Int) -> Float {
    // SAFETY: the row is inside the tensor.
    let line = unsafe x.base + row * x.columns
    var sum: Float = 0
    for j in 0..<x.columns { unsafe sum += line[j] * line[j] }
    return max(sum.squareRoot(), Self.smallestNorm)
  }

  func forEachRow(of x: Tensor, _ body: (Int) -> Void) {
    threads.forEachTile(of: x.rows, tile: 64) { rows in
      for row in rows { body(row) }
    }
  }
}
