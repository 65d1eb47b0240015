package import MerestoneCore

/// A weighted sum of neighbour rows as a linear map: `out[r] = scale[r] (self[r] x[r] + Σ c[e] x[source(e)])`.
///
/// Holds the block's edges with their coefficients, and their transpose once a gradient has asked
/// for it: edges by source, ascending by edge, so that gradients are sums in a fixed order
/// without atomics.
package final class Aggregation {
  /// Output rows `d` and input rows `s`.
  package let rows: Int
  package let inputRows: Int

  let indptr: [Int]
  let indices: [BlockIndex]
  /// `c`, shape `[e]`; nil for ones.
  let edgeCoefficients: PooledBuffer<Float>?
  /// `self`, shape `[d]`; nil for zeros.
  let selfCoefficients: PooledBuffer<Float>?
  /// `scale`, shape `[d]`; nil for ones.
  let rowScales: PooledBuffer<Float>?

  private let workspace: Workspace
  private var cachedTranspose: Transpose?

  /// The map's edges by source.
  struct Transpose {
    let indptr: PooledBuffer<Int64>
    let indices: PooledBuffer<UInt32>
    let coefficients: PooledBuffer<Float>?
  }

  private init(
    rows: Int, inputRows: Int, indptr: [Int], indices: [BlockIndex],
    edgeCoefficients: PooledBuffer<Float>?, selfCoefficients: PooledBuffer<Float>?,
    rowScales: PooledBuffer<Float>?, workspace: Workspace
  ) {
    precondition(
      indptr.count == rows + 1 && indptr.first == 0 && indptr.last == indices.count,
      "an indptr of \(indptr.count) entries for \(rows) rows and \(indices.count) edges")
    // The kernel trusts what is checked here.
    var isAscending = true
    for row in 0..<rows where indptr[row] > indptr[row + 1] { isAscending = false }
    var largest: UInt32 = 0
    for index in indices { largest = max(largest, index.rawValue) }
    precondition(isAscending, "the indptr of a block descends")
    precondition(
      indices.isEmpty || Int(largest) < inputRows, "source \(largest) of \(inputRows) in a block")
    precondition(
      selfCoefficients == nil || rows <= inputRows, "\(rows) self terms over \(inputRows) rows")
    self.rows = rows
    self.inputRows = inputRows
    self.indptr = indptr
    self.indices = indices
    self.edgeCoefficients = edgeCoefficients
    self.selfCoefficients = selfCoefficients
    self.rowScales = rowScales
    self.workspace = workspace
  }

  /// The sum over each destination's in-edges.
  static func sum(_ block: Block, in workspace: Workspace) -> Aggregation {
    Aggregation(
      rows: block.destinationCount, inputRows: block.sourceCount, indptr: block.indptr,
      indices: block.indices, edgeCoefficients: nil, selfCoefficients: nil, rowScales: nil,
      workspace: workspace)
  }

  /// The mean over each destination's in-edges; zeros where there are none.
  package static func mean(_ block: Block, in workspace: Workspace) -> Aggregation {
    let scales = workspace.buffer(of: Float.self, count: block.destinationCount)
    scales.withMutableSpan { scales in
      for row in 0..<block.destinationCount {
        scales[row] = Self.meanScale(of: block.indptr[row + 1] - block.indptr[row])
      }
    }
    return Aggregation(
      rows: block.destinationCount, inputRows: block.sourceCount, indptr: block.indptr,
      indices: block.indices, edgeCoefficients: nil, selfCoefficients: nil, rowScales: scales,
      workspace: workspace)
  }

  /// The symmetric normalisation `D^-1/2 (A + I) D^-1/2` of Kipf and Welling, "Semi-Supervised
  /// Classification with Graph Convolutional Networks", ICLR 2017.
  ///
  /// - Parameter degrees: In-degrees in the whole graph, without the added self-loop; the first
  ///   `block.sourceCount` belong to the block's sources.
  package static func symmetric(
    _ block: Block, degrees: [Int], in workspace: Workspace
  ) -> Aggregation {
    precondition(
      degrees.count >= block.sourceCount, "\(degrees.count) degrees of \(block.sourceCount) nodes")
    let roots = workspace.buffer(of: Float.self, count: block.sourceCount)
    let edges = workspace.buffer(of: Float.self, count: block.edgeCount)
    let selves = workspace.buffer(of: Float.self, count: block.destinationCount)
    roots.withMutableSpan { roots in
      for node in 0..<block.sourceCount {
        roots[node] = Self.symmetricRoot(of: degrees[node])
      }
      edges.withMutableSpan { edges in
        selves.withMutableSpan { selves in
          for row in 0..<block.destinationCount {
            selves[row] = roots[row] * roots[row]
            for edge in block.indptr[row]..<block.indptr[row + 1] {
              edges[edge] = roots[row] * roots[Int(block.indices[edge].rawValue)]
            }
          }
        }
      }
    }
    return Aggregation(
      rows: block.destinationCount, inputRows: block.sourceCount, indptr: block.indptr,
      indices: block.indices, edgeCoefficients: edges, selfCoefficients: selves, rowScales: nil,
      workspace: workspace)
  }

  /// What a mean over `count` edges multiplies their sum by.
  static func meanScale(of count: Int) -> Float { 1 / Float(max(1, count)) }

  /// A node's factor in the coefficients of ``symmetric(_:degrees:in:)``.
  static func symmetricRoot(of degree: Int) -> Float {
    Float(1 / (Double(degree) + 1).squareRoot())
  }

  /// A sum with a coefficient per edge, and per destination for its own row.
  ///
  /// - Parameters:
  ///   - edgeCoefficients: Shape `[e]`.
  ///   - selfCoefficients: Shape `[d]`; nil for zeros.
  package static func weighted(
    _ block: Block, edgeCoefficients: [Float], selfCoefficients: [Float]? = nil,
    in workspace: Workspace
  ) -> Aggregation {
    precondition(edgeCoefficients.count == block.edgeCount, "one coefficient per edge")
    precondition(
      selfCoefficients == nil || selfCoefficients!.count == block.destinationCount,
      "one self coefficient per destination")
    return Aggregation(
      rows: block.destinationCount, inputRows: block.sourceCount, indptr: block.indptr,
      indices: block.indices, edgeCoefficients: workspace.buffer(copying: edgeCoefficients),
      selfCoefficients: selfCoefficients.map { workspace.buffer(copying: $0) }, rowScales: nil,
      workspace: workspace)
  }

  /// The selection `out[i] = x[positions[i]]`; repetitions are allowed.
  package static func gather(
    _ positions: [BlockIndex], inputRows: Int, in workspace: Workspace
  ) -> Aggregation {
    Aggregation(
      rows: positions.count, inputRows: inputRows, indptr: Array(0...positions.count),
      indices: positions, edgeCoefficients: nil, selfCoefficients: nil, rowScales: nil,
      workspace: workspace)
  }

  /// Edges by source, by counting; ascending by edge within a source.
  func transpose() -> Transpose {
    if let cachedTranspose { return cachedTranspose }
    let starts = workspace.buffer(of: Int64.self, count: inputRows + 1)
    let destinations = workspace.buffer(of: UInt32.self, count: indices.count)
    let coefficients: PooledBuffer<Float>? =
      edgeCoefficients != nil || rowScales != nil
      ? workspace.buffer(of: Float.self, count: indices.count) : nil
    let next = workspace.buffer(of: Int64.self, count: inputRows + 1)
    let (edge, scale) = unsafe (edgeCoefficients?.base, rowScales?.base)
    let (to, weight, place, start) = unsafe (
      destinations.base, coefficients?.base, next.base, starts.base
    )
    let (indptr, indices, rows, inputRows) = (indptr, indices, rows, inputRows)
    // SAFETY: `init` checked that every index is below `inputRows` and that `indptr` ascends to
    // the number of edges; each edge takes one place of its own.
    unsafe place.update(repeating: 0, count: inputRows + 1)
    for index in indices { unsafe place[Int(index.rawValue)] += 1 }
    var total: Int64 = 0
    for row in 0..<inputRows {
      unsafe start[row] = total
      let count = unsafe place[row]
      unsafe place[row] = total
      total &+= count
    }
    unsafe start[inputRows] = total
    for row in 0..<rows {
      let rowScale = unsafe scale?[row] ?? 1
      for position in indptr[row]..<indptr[row + 1] {
        let source = Int(indices[position].rawValue)
        let slot = unsafe Int(place[source])
        unsafe place[source] = Int64(slot &+ 1)
        unsafe to[slot] = UInt32(truncatingIfNeeded: row)
        if let weight = unsafe weight {
          unsafe weight[slot] = rowScale * (edge?[position] ?? 1)
        }
      }
    }
    let result = Transpose(indptr: starts, indices: destinations, coefficients: coefficients)
    cachedTranspose = result
    return result
  }
}
