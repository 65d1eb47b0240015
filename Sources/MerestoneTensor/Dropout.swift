import CMerestoneKernels
package import MerestoneCore

/// Which elements of a matrix are dropped: a function of each row's node and the column alone.
///
/// The draw of element (row, column) is word `column % 4` of draw number `column / 4` of the
/// row's node, so the mask depends neither on a row's place in a batch nor on tiles or threads.
/// Kept elements are divided by `1 - rate` (Srivastava et al., "Dropout", JMLR 2014).
package struct Dropout: Sendable {
  package let rate: Float
  package let draws: RandomDraws

  /// The node of every row; more nodes than rows are allowed. Shape `[>= rows]`.
  package let nodes: [NodeID]

  /// An element is dropped where its 32-bit word is below this.
  let threshold: UInt32

  /// - Precondition: `rate` is in `0..<1`.
  package init(rate: Float, key: RandomKey, nodes: [NodeID]) {
    precondition(rate >= 0 && rate < 1, "a dropout rate of \(rate)")
    self.rate = rate
    self.draws = key.draws
    self.nodes = nodes
    self.threshold = UInt32(min((Double(rate) * 0x1p32).rounded(), 0xFFFF_FFFF))
  }

  var scale: Float { 1 / (1 - rate) }

  /// Applies the mask to some rows.
  /// - Safety: `from` and `to` cover these rows; they may be equal.
  @unsafe func apply(
    _ from: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, rows: Range<Int>,
    columns: Int
  ) {
    precondition(rows.upperBound <= nodes.count, "\(nodes.count) nodes for rows \(rows)")
    guard !rows.isEmpty else { return }
    // SAFETY: NodeID is a frozen struct around one UInt64; the rows have nodes, as checked.
    unsafe nodes.withUnsafeBufferPointer { nodes in
      let entities = unsafe UnsafeRawPointer(nodes.baseAddress! + rows.lowerBound)
        .assumingMemoryBound(to: UInt64.self)
      unsafe mrs_dropout_rows(
        to + rows.lowerBound * columns, from + rows.lowerBound * columns, rows.count, columns,
        entities, draws.key.x, draws.key.y, threshold, scale)
    }
  }
}

extension Workspace {
  /// Drops elements of `a` and scales the others.
  package func dropout(_ a: Tensor, _ dropout: Dropout) -> Tensor {
    let result = tensor(rows: a.rows, columns: a.columns)
    threads.forEachTile(of: a.rows, tile: 64) { rows in
      // SAFETY: row tiles are disjoint, and both tensors have the same shape.
      unsafe dropout.apply(a.base, into: result.base, rows: rows, columns: a.columns)
    }
    return result
  }
}
