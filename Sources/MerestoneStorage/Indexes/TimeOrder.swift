/// What the manifest says about an edge column of times whose order is stored, so that the edges that are
/// not later than a time are found in O(log list), and a list need not be gone through.
///
/// Every list has its edges once more, in the order of their times: the latest first, and among equal
/// times the earlier in the list. A shard with the edges `lower ..< upper` of the relation has two columns:
///
/// | | |
/// |---|---|
/// | `r0007.c02.order.npy` | `u32`, a row per edge: row `e - lower` belongs to place `e - start` of the order of the list that starts at edge `start`, and holds the edge's position in the list |
/// | `r0007.c02.times.npy` | `i64`: row `i` belongs to the place of edge `spacing * (⌈lower / spacing⌉ + i)`, and holds the time there |
///
/// With a spacing of 16 that is four and a half bytes per edge.
package struct TimeOrder: Codable, Sendable, Equatable {
  /// Edges per stored time, a power of two.
  package var spacing: Int

  package init(spacing: Int = Self.storedSpacing) { self.spacing = spacing }

  /// The spacing that is written: the positions between two stored times are a cache line.
  package static let storedSpacing = 16

  /// The longest list whose positions have 32 bits.
  package static let longestList = Int(UInt32.max)

  /// What an edge takes, in bytes.
  package static let bytesPerEdge = 4 + 8 / Double(storedSpacing)

  /// The multiples of the spacing among some edges, divided by it: those with a time.
  package func rows(of edges: Range<UInt64>) -> Range<UInt64> {
    SpacedRows.of(edges, spacing: spacing)
  }

  /// What the two columns are.
  static let positions = ColumnEntry(name: "order of times", element: .u32)
  static let times = ColumnEntry(name: "times in order", element: .i64)

  /// What is wrong with it for a column.
  func contradiction(in column: ColumnEntry) -> (what: String, expected: String, found: String)? {
    if !SpacedRows.isSpacing(spacing) {
      return (
        "edges per time in the order of \(column.name)", SpacedRows.spacings, "\(spacing)"
      )
    }
    if column.width != 1 || column.categories != nil || column.element.isFloatingPoint {
      return ("column \(column.name) with an order of times", "one integer per edge", "another")
    }
    return nil
  }
}

/// Columns with a row for every so many edges of a relation.
enum SpacedRows {
  /// The multiples of the spacing among some edges, divided by it.
  static func of(_ edges: Range<UInt64>, spacing: Int) -> Range<UInt64> {
    let step = UInt64(spacing)
    return (edges.lowerBound + step - 1) / step..<(edges.upperBound + step - 1) / step
  }

  /// The spacings that are read.
  static func isSpacing(_ spacing: Int) -> Bool {
    (1...4096).contains(spacing) && spacing & (spacing - 1) == 0
  }

  static let spacings = "a power of two up to 4,096"
}
