import CMerestoneKernels
import MerestoneCore

/// Sums over row tiles: one part per tile, added in a binary tree that depends on the number of
/// tiles alone, so that any number of threads gives the same bits.
extension Workspace {
  static func tileCount(rows: Int) -> Int { (rows + tileRows - 1) / tileRows }

  static func tile(_ index: Int, rows: Int) -> Range<Int> {
    index * tileRows..<min((index + 1) * tileRows, rows)
  }

  /// `result += ((p0 + p1) + (p2 + p3)) + …` over the rows of `parts`, which it overwrites.
  ///
  /// - Parameter parts: One row per tile, shape `[tiles, result.count]`.
  func addTree(of parts: Tensor, to result: Tensor) {
    precondition(parts.columns == result.count, "a part and its sum differ in size")
    let (tiles, width) = (parts.rows, parts.columns)
    guard tiles > 0 else { return }
    let (from, to) = unsafe (parts.base, result.base)
    threads.forEachTile(of: width, tile: 4096) { range in
      // SAFETY: each call works on its own columns of every part.
      var stride = 1
      while stride < tiles {
        var left = 0
        while left + stride < tiles {
          let a = unsafe from + left &* width
          let b = unsafe from + (left &+ stride) &* width
          for j in range { unsafe a[j] += b[j] }
          left += 2 * stride
        }
        stride *= 2
      }
      for j in range { unsafe to[j] += from[j] }
    }
  }

  /// `result += ` the column sums of `gradient`: the gradient of a bias.
  func addColumnSums(of gradient: Tensor, to result: Tensor) {
    let tiles = Self.tileCount(rows: gradient.rows)
    let parts = tensor(rows: tiles, columns: gradient.columns)
    threads.forEach(tiles) { index in
      // SAFETY: each tile writes its own row of `parts`.
      let range = Self.tile(index, rows: gradient.rows)
      let columns = gradient.columns
      unsafe mrs_column_sums(
        gradient.base + range.lowerBound * columns, range.count, columns,
        parts.base + index * columns)
    }
    addTree(of: parts, to: result)
  }
}
