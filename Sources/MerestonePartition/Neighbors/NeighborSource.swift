import MerestoneCore
package import MerestoneStorage

/// The symmetrised neighbourhoods of a graph, node by node, readable many times: what partitioners
/// and the locality order read instead of edges.
///
/// A node's list holds its in- and out-neighbours in any order, its own loops left out, duplicates
/// kept: a pair of nodes joined both ways is in each of the two lists twice. The lists may be a
/// sample; then an edge may be in the list of one end only.
package protocol NeighborSource: Sendable {
  var nodeCount: Int { get }

  /// The lengths of all lists together.
  var entryCount: Int { get }

  /// Blocks hold consecutive nodes, ascending, and are the same every time.
  var blockCount: Int { get }

  /// The nodes of a block; the blocks cover `0..<nodeCount` in order.
  func nodes(ofBlock block: Int) -> Range<Int>

  /// Reads a block into reused buffers. Any thread may call this with a scratch of its own.
  func read(_ block: Int, into scratch: inout NeighborScratch) throws(StorageError)
}

extension NeighborSource {
  /// Hands out every node with its list, in order.
  ///
  /// - Throws: ``PartitionError`` where a block cannot be read, and where `cancellation` is set.
  @inline(__always)
  func forEachList(
    cancellation: Cancellation? = nil, _ body: (_ node: Int, _ list: ArraySlice<UInt32>) -> Void
  ) throws(PartitionError) {
    var scratch = NeighborScratch()
    for block in 0..<blockCount {
      if cancellation?.isCancelled == true { throw .interrupted }
      do throws(StorageError) {
        try read(block, into: &scratch)
      } catch {
        throw .neighbors(error)
      }
      let first = nodes(ofBlock: block).lowerBound
      let neighbors = scratch.neighbors
      for offset in 0..<scratch.nodeCount {
        body(
          first &+ offset,
          neighbors[Int(scratch.offsets[offset])..<Int(scratch.offsets[offset &+ 1])])
      }
    }
  }
}

/// The sizes of blocks: 64 Ki nodes and 2^20 entries at most, unless one list alone is longer.
package enum NeighborBlocks {
  package static let nodeLimit = 1 << 16
  package static let entryLimit = 1 << 20
}
