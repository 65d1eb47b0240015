package import MerestoneCore

/// Where operations run: threads to share the work and memory to put results in.
///
/// Every operation without gradients is a method here, and the ``Tape`` calls the same methods, so
/// training and inference give the same bits. Work is cut into tiles of constant size, never
/// derived from the number of threads, so results do not depend on it.
package final class Workspace: Sendable {
  package let threads: ThreadPool
  package let pool: BufferPool

  /// Rows per matrix product. Part of the results' bits: do not change it for speed alone.
  package static let tileRows = 512

  /// Elements per unit of element-wise work; does not touch results.
  static let elementTile = 1 << 15

  package init(threads: ThreadPool, pool: BufferPool = BufferPool()) {
    BLAS.prepare()
    self.threads = threads
    self.pool = pool
  }

  /// A tensor with unspecified contents, for a maker that fills it.
  package func tensor(rows: Int, columns: Int) -> Tensor {
    Tensor(
      rows: rows, columns: columns, storage: PooledBuffer(count: rows * columns, from: pool))
  }

  /// A tensor with the given elements, row by row.
  package func tensor(rows: Int, columns: Int, _ elements: [Float]) -> Tensor {
    precondition(
      elements.count == rows * columns, "\(elements.count) floats as [\(rows), \(columns)]")
    let result = tensor(rows: rows, columns: columns)
    result.withMutableSpan { span in
      for index in elements.indices { span[index] = elements[index] }
    }
    return result
  }

  package func zeros(rows: Int, columns: Int) -> Tensor {
    let result = tensor(rows: rows, columns: columns)
    fill(result, with: 0)
    return result
  }

  package func fill(_ tensor: Tensor, with value: Float) {
    threads.forEachTile(of: tensor.count, tile: Self.elementTile) { range in
      // SAFETY: tiles are disjoint parts of the tensor.
      unsafe (tensor.base + range.lowerBound).update(repeating: value, count: range.count)
    }
  }

  func buffer<Element: BitwiseCopyable>(
    of type: Element.Type, count: Int
  ) -> PooledBuffer<Element> {
    PooledBuffer(count: count, from: pool)
  }
}
