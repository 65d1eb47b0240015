/// What the manifest says about an edge column whose cumulative weights are stored, so that edges can
/// be drawn in proportion to them without adding anything up first.
///
/// Of every list the running sums `C[i] = C[i - 1] + w[i]`, doubles added in list order, are stored for
/// some edges: a shard with the edges `lower ..< upper` of the relation has an `f64` column
/// (`r0007.c02.sums.npy`) whose row `i` belongs to edge `spacing * (⌈lower / spacing⌉ + i)` and holds
/// the sum of the weights *before* that edge in its list; 0 where the list begins there. With a spacing
/// of 16 that is half a byte per edge.
package struct CumulativeWeights: Codable, Sendable, Equatable {
  /// Edges per stored sum, a power of two.
  package var spacing: Int

  /// Whether no edge has a running sum equal to that before it: none weighs 0, or so little that the
  /// sum stays the same.
  package var everyEdgeCounts: Bool

  package init(spacing: Int = Self.storedSpacing, everyEdgeCounts: Bool) {
    self.spacing = spacing
    self.everyEdgeCounts = everyEdgeCounts
  }

  /// The spacing that is written: sixteen `f32` weights are a cache line.
  package static let storedSpacing = 16

  /// The multiples of the spacing among some edges, divided by it: those with a row.
  package func rows(of edges: Range<UInt64>) -> Range<UInt64> {
    SpacedRows.of(edges, spacing: spacing)
  }

  /// What the column of sums is.
  static let entry = ColumnEntry(name: "cumulative weights", element: .f64)

  /// What is wrong with it for a column.
  func contradiction(in column: ColumnEntry) -> (what: String, expected: String, found: String)? {
    if !SpacedRows.isSpacing(spacing) {
      return (
        "edges per cumulative weight of \(column.name)", SpacedRows.spacings, "\(spacing)"
      )
    }
    if column.width != 1 || column.categories != nil {
      return ("column \(column.name) with cumulative weights", "one number per edge", "another")
    }
    return nil
  }
}
