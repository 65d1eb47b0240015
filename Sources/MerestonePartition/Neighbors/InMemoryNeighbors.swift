package import MerestoneStorage

/// Neighbourhoods held in memory: 4 bytes per entry, 8 per node.
package struct InMemoryNeighbors: NeighborSource {
  /// Where each node's list starts in ``neighbors``. Shape `[nodeCount + 1]`.
  let indptr: [Int]

  let neighbors: [UInt32]

  private let blockBounds: [Int]

  package var nodeCount: Int { indptr.count - 1 }
  package var entryCount: Int { neighbors.count }
  package var blockCount: Int { blockBounds.count - 1 }

  /// The neighbourhoods of the given edges, lists ascending.
  ///
  /// - Parameter blockNodes: The nodes of a block at most.
  /// - Precondition: Every end is below `nodeCount`, and the two arrays are equally long.
  package init(
    nodeCount: Int, sources: [UInt32], destinations: [UInt32],
    blockNodes: Int = NeighborBlocks.nodeLimit
  ) {
    precondition(sources.count == destinations.count, "edges with one end")
    var indptr = [Int](repeating: 0, count: nodeCount + 2)
    for (source, destination) in zip(sources, destinations) where source != destination {
      indptr[Int(source) + 2] += 1
      indptr[Int(destination) + 2] += 1
    }
    for node in 0..<nodeCount { indptr[node + 2] += indptr[node + 1] }
    var neighbors = [UInt32](repeating: 0, count: indptr[nodeCount + 1])
    for (source, destination) in zip(sources, destinations) where source != destination {
      neighbors[indptr[Int(source) + 1]] = destination
      indptr[Int(source) + 1] += 1
      neighbors[indptr[Int(destination) + 1]] = source
      indptr[Int(destination) + 1] += 1
    }
    indptr.removeLast()
    for node in 0..<nodeCount { neighbors[indptr[node]..<indptr[node + 1]].sort() }

    var bounds = [0]
    for node in 0..<nodeCount {
      let entries = indptr[node + 1] - indptr[bounds[bounds.count - 1]]
      if node - bounds[bounds.count - 1] >= blockNodes
        || (entries > NeighborBlocks.entryLimit && node > bounds[bounds.count - 1])
      {
        bounds.append(node)
      }
    }
    if nodeCount > 0 { bounds.append(nodeCount) }
    self.indptr = indptr
    self.neighbors = neighbors
    blockBounds = bounds
  }

  package func nodes(ofBlock block: Int) -> Range<Int> {
    blockBounds[block]..<blockBounds[block + 1]
  }

  package func read(_ block: Int, into scratch: inout NeighborScratch) throws(StorageError) {
    let nodes = nodes(ofBlock: block)
    let entries = indptr[nodes.lowerBound]..<indptr[nodes.upperBound]
    scratch.prepare(nodes: nodes.count, entries: entries.count)
    for (offset, node) in nodes.enumerated() {
      scratch.offsets[offset] = UInt32(indptr[node] - entries.lowerBound)
    }
    scratch.offsets[nodes.count] = UInt32(entries.count)
    scratch.neighbors.replaceSubrange(0..<entries.count, with: neighbors[entries])
  }
}
