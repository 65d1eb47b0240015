import CMerestoneKernels
import MerestoneCore

extension Workspace {
  /// Rows per unit of aggregation; does not touch results, since rows are independent.
  static let aggregationTile = 64

  /// Applies `map` to the rows of `x`.
  ///
  /// - Parameter x: Shape `[map.inputRows, f]`.
  /// - Returns: Shape `[map.rows, f]`.
  /// - Complexity: O(edges × f), one pass over the gathered rows.
  package func aggregate(_ x: Tensor, _ map: Aggregation) -> Tensor {
    let result = tensor(rows: map.rows, columns: x.columns)
    sum(x, map, into: result, at: 0, continues: false)
    return result
  }

  /// Adds a part of the edges of some rows to their sums, by `map` without its self terms and scales.
  ///
  /// - Parameters:
  ///   - sums: Shape `[n, f]`; edges that were added before come first in the sum.
  ///   - place: The row of `sums` that is the first of `map`.
  ///   - x: Shape `[map.inputRows, f]`.
  func addEdges(to sums: Tensor, at place: Int, _ x: Tensor, _ map: Aggregation) {
    sum(x, map, into: sums, at: place, continues: true)
  }

  private func sum(
    _ x: Tensor, _ map: Aggregation, into result: Tensor, at place: Int, continues: Bool
  ) {
    precondition(x.rows == map.inputRows, "\(x.rows) rows where \(map.inputRows) are mapped")
    precondition(
      place >= 0 && place + map.rows <= result.rows && x.columns == result.columns,
      "\(map.rows) rows from \(place) of \(result.rows)")
    // SAFETY: Int and BlockIndex are Int64 and UInt32 in memory; the map's `init` checked that the
    // edges stay inside `x`; the rows exist in `result`, and tiles of them are disjoint.
    unsafe map.indptr.withUnsafeBufferPointer { indptr in
      unsafe map.indices.withUnsafeBufferPointer { indices in
        threads.forEachTile(of: map.rows, tile: Self.aggregationTile) { rows in
          unsafe mrs_aggregate_rows(
            result.base + place * result.columns, x.base, x.columns,
            UnsafeRawPointer(indptr.baseAddress!).assumingMemoryBound(to: Int64.self),
            Self.words(of: indices),
            map.edgeCoefficients?.base, continues ? nil : map.selfCoefficients?.base, map.rows,
            continues ? nil : map.rowScales?.base, rows.lowerBound, rows.upperBound,
            continues ? MRS_CONTINUE : MRS_REPLACE)
        }
      }
    }
  }

  /// `result (+)= mapᵀ gradient`: the gradient of ``aggregate(_:_:)``.
  func aggregateGradient(
    _ gradient: Tensor, _ map: Aggregation, into result: Tensor, accumulate: Bool
  ) {
    precondition(gradient.rows == map.rows && result.rows == map.inputRows, "a gradient's shape")
    let transpose = map.transpose()
    // A self term is scaled like its row. No map has both today.
    precondition(map.selfCoefficients == nil || map.rowScales == nil, "scaled self terms")
    threads.forEachTile(of: map.inputRows, tile: Self.aggregationTile) { rows in
      // SAFETY: the transpose was built from checked edges; tiles of rows are disjoint.
      unsafe mrs_aggregate_rows(
        result.base, gradient.base, gradient.columns,
        transpose.indptr.base, transpose.indices.base,
        transpose.coefficients?.base, map.selfCoefficients?.base, map.rows,
        nil, rows.lowerBound, rows.upperBound, accumulate ? MRS_ADD : MRS_REPLACE)
    }
  }

  func buffer(copying values: [Float]) -> PooledBuffer<Float> {
    let result = buffer(of: Float.self, count: values.count)
    result.withMutableSpan { span in
      for index in values.indices { span[index] = values[index] }
    }
    return result
  }

  /// - Safety: Valid where `indices` is.
  @unsafe private static func words(
    of indices: UnsafeBufferPointer<BlockIndex>
  ) -> UnsafePointer<UInt32> {
    guard let base = indices.baseAddress else {
      return unsafe UnsafePointer(bitPattern: MemoryLayout<UInt32>.alignment)!
    }
    return unsafe UnsafeRawPointer(base).assumingMemoryBound(to: UInt32.self)
  }
}
