package import MerestoneCore

/// One neighbour list per node in compressed form: what a streaming partitioner reads.
package struct NeighborLists: Sendable {
  /// Where each node's list starts in ``indices``. Shape `[nodeCount + 1]`.
  package let indptr: [Int]

  /// The neighbours, ascending in each list. Shape `[e]`.
  package let indices: [UInt32]

  func isEmpty(_ node: Int) -> Bool { indptr[node] == indptr[node &+ 1] }

  /// The first position of `list`, a part of one node's list, whose neighbour is `bound` or more.
  func position(in list: Range<Int>, notBelow bound: UInt32) -> Int {
    var (lower, upper) = (list.lowerBound, list.upperBound)
    while lower < upper {
      let middle = (lower &+ upper) / 2
      if indices[middle] < bound { lower = middle &+ 1 } else { upper = middle }
    }
    return lower
  }

  /// Groups `neighbors` by `nodes`, which are equally long: edge `i` puts `neighbors[i]` into the
  /// list of `nodes[i]`.
  ///
  /// - Complexity: O(*e*); 16 bytes per edge while it works, 4 in the result.
  package init(
    of nodes: [UInt32], neighbors: [UInt32], nodeCount: Int, pool: ThreadPool,
    cancellation: Cancellation?
  ) {
    let bits = UInt64(UInt64.bitWidth - UInt64(max(nodeCount, 1)).leadingZeroBitCount)
    var keys = Self.keys(high: nodes, low: neighbors, lowBits: bits, pool: pool)
    KeySort.sort(&keys, pool: pool, cancellation: cancellation)
    let mask = (1 as UInt64) << bits - 1
    indices = [UInt32](filling: keys.count, pool: pool) { tile, part in
      for offset in 0..<part.count {
        part[offset] = UInt32(truncatingIfNeeded: keys[tile.lowerBound &+ offset] & mask)
      }
    }
    var indptr = [Int](repeating: 0, count: nodeCount + 1)
    for node in nodes { indptr[Int(node) &+ 1] &+= 1 }
    for node in 0..<nodeCount { indptr[node + 1] += indptr[node] }
    self.indptr = indptr
  }

  /// `high[i] << lowBits | low[i]` for every edge, filled on all threads.
  private static func keys(
    high: [UInt32], low: [UInt32], lowBits: UInt64, pool: ThreadPool
  ) -> [UInt64] {
    [UInt64](filling: high.count, pool: pool) { tile, part in
      for offset in 0..<part.count {
        let edge = tile.lowerBound &+ offset
        part[offset] = UInt64(high[edge]) &<< lowBits | UInt64(low[edge])
      }
    }
  }
}
