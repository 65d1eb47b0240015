package import MerestoneCore

/// An ``Aggregation`` whose edges come in parts, so that only a part of the neighbours' rows is in
/// memory at a time: a node with many neighbours takes no more than others.
///
/// The result has the bits that the aggregation gives at once, however the edges are cut.
package struct NeighborSums {
  private let sums: Tensor
  private let workspace: Workspace
  // The edges of each row that were added, for a mean; `nil` for a symmetric sum.
  private var counts: [Int]?

  /// Starts ``Aggregation/mean(_:in:)`` of `rows` rows with `columns` columns.
  package static func mean(rows: Int, columns: Int, in workspace: Workspace) -> NeighborSums {
    NeighborSums(
      sums: workspace.zeros(rows: rows, columns: columns), workspace: workspace,
      counts: [Int](repeating: 0, count: rows))
  }

  /// Starts ``Aggregation/symmetric(_:degrees:in:)`` of the rows' self terms.
  ///
  /// - Parameters:
  ///   - own: The destinations' rows, shape `[n, f]`.
  ///   - degrees: Their in-degrees, shape `[n]`.
  package static func symmetric(
    own: Tensor, degrees: [Int], in workspace: Workspace
  ) -> NeighborSums {
    precondition(degrees.count == own.rows, "\(degrees.count) degrees of \(own.rows) nodes")
    let columns = own.columns
    let sums = workspace.tensor(rows: own.rows, columns: columns)
    own.withSpan { own in
      sums.withMutableSpan { sums in
        for row in degrees.indices {
          let root = Aggregation.symmetricRoot(of: degrees[row])
          let weight = root * root
          for index in row * columns..<(row + 1) * columns { sums[index] = weight * own[index] }
        }
      }
    }
    return NeighborSums(sums: sums, workspace: workspace, counts: nil)
  }

  /// Adds edges of some rows, after those that they have.
  ///
  /// - Parameters:
  ///   - block: Its destinations are rows that follow each other.
  ///   - place: The first of them.
  ///   - rows: The rows of `block.sources`, shape `[s, f]`.
  ///   - degrees: In-degrees of `block.sources`; read by a symmetric sum alone.
  package mutating func add(_ block: Block, at place: Int, rows: Tensor, degrees: [Int] = []) {
    guard counts != nil else {
      workspace.addEdges(
        to: sums, at: place, rows, .symmetric(block, degrees: degrees, in: workspace))
      return
    }
    for row in 0..<block.destinationCount {
      counts![place + row] += block.indptr[row + 1] - block.indptr[row]
    }
    workspace.addEdges(to: sums, at: place, rows, .sum(block, in: workspace))
  }

  /// The aggregated rows, shape `[n, f]`, once all edges were added.
  package consuming func finish() -> Tensor {
    if let counts {
      let columns = sums.columns
      sums.withMutableSpan { sums in
        for row in counts.indices {
          let scale = Aggregation.meanScale(of: counts[row])
          for index in row * columns..<(row + 1) * columns { sums[index] = scale * sums[index] }
        }
      }
    }
    return sums
  }
}
