import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// Writes the edge files and edge columns of all shards.
struct ShardWriting {
  let sorted: SortedEdges
  let partition: Partition
  let columns: [NamedColumn]
  let elements: [ElementType]
  let writer: GraphWriter
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  private static let relation = RelationID(0)
  /// Edges and destinations that are handed on at a time; one list may have more edges.
  private static let portionEdges = 1 << 20
  private static let portionNodes = 1 << 18

  func run() throws(PreprocessError) {
    for shard in 0..<partition.nodeBounds.count - 1 {
      let edges = Int(partition.edgeBounds[shard])..<Int(partition.edgeBounds[shard + 1])
      guard !edges.isEmpty else { continue }
      let nodes = Int(partition.nodeBounds[shard])..<Int(partition.nodeBounds[shard + 1])
      try PreprocessError.storing { () throws(StorageError) in
        try writeEdges(ShardID(shard), nodes: nodes, edges: edges)
      }
      for (number, column) in columns.enumerated() {
        let path = GraphLayout.edgeColumn(number, of: Self.relation, shard: ShardID(shard))
        writer.add(
          try column.data.write(
            rows: sorted.rows, edges, element: elements[number], to: writer.path(path),
            cancellation: cancellation))
      }
    }
  }

  private func writeEdges(
    _ shard: ShardID, nodes: Range<Int>, edges: Range<Int>
  ) throws(StorageError) {
    let path = writer.path(GraphLayout.edges(Self.relation, shard: shard))
    var file = try EdgeStoreWriter(
      path: path, destinationCount: nodes.count, edgeCount: edges.count,
      maximumSource: UInt64(partition.order.count - 1), pool: pool)
    let mask = (1 as UInt64) << sorted.lowBits - 1
    var sources = [UInt64](repeating: 0, count: min(Self.portionEdges, edges.count))
    var node = nodes.lowerBound
    var edge = edges.lowerBound
    while node < nodes.upperBound {
      if cancellation.isCancelled { throw .interrupted(path: path) }
      var end = node
      var count = 0
      while end < nodes.upperBound, end - node < Self.portionNodes {
        let degree = Int(partition.inDegrees[end])
        if end > node, count + degree > Self.portionEdges { break }
        count += degree
        end += 1
      }
      if count > sources.count { sources = [UInt64](repeating: 0, count: count) }
      fill(&sources, count: count, from: edge, mask: mask)
      try file.append(
        inDegrees: partition.inDegrees.span.extracting(node..<end),
        sources: sources.span.extracting(0..<count))
      progress.advance(by: count)
      node = end
      edge += count
    }
    writer.add(try file.finish(.deferred))
  }

  private func fill(_ sources: inout [UInt64], count: Int, from edge: Int, mask: UInt64) {
    let keys = sorted.keys
    sources.withSharedBuffer { shared in
      pool.forEachTile(of: count, tile: 1 << 16) { tile in
        shared.withPart(tile) { part in
          for offset in 0..<part.count {
            part[offset] = keys[edge &+ tile.lowerBound &+ offset] & mask
          }
        }
      }
    }
  }
}
