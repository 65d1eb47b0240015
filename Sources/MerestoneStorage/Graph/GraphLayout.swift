package import MerestoneCore

/// Where each file of a GRAPH directory lies, relative to it.
///
/// ```
/// manifest.json               what there is: GraphManifest
/// report.json                 how it was made: times, host, threads
/// ids/t0000.*                 raw and global ids of node type 0
/// shard-00003/
///   edges/r0007.csc           in-edges of relation 7: EdgeFileHeader
///   edges/r0007.packed        the pages of r0007.csc once more, bit-packed: EdgeFileHeader
///   edges/r0007.rev           out-edges of relation 7 by source, in the format of a .csc
///   edges/r0007.rev.ids       the id of the edge at each place there: EdgeIDHeader
///   edges/r0007.c02.npy       its edge column 2, and r0007.c02.npy.crc
///   edges/r0007.c02.sums.npy  the cumulative weights of edge column 2: CumulativeWeights
///   edges/r0007.c02.order.npy the order of its edges by edge column 2, times: TimeOrder
///   edges/r0007.c02.times.npy every sixteenth time in that order
///   nodes/t0001.c00.npy       node column 0 of type 1, and its .crc
/// ```
package enum GraphLayout {
  package static func edges(_ relation: RelationID, shard: ShardID) -> String {
    "\(folder(shard))\(edgeSuffix(relation))"
  }

  /// How the paths of a relation's in-edges end, in every shard.
  package static func edgeSuffix(_ relation: RelationID) -> String {
    "/edges/r\(padded(relation.rawValue, 4)).csc"
  }

  /// The second stream of pages of ``edges(_:shard:)``.
  package static func packedEdges(_ relation: RelationID, shard: ShardID) -> String {
    "\(folder(shard))\(packedSuffix(relation))"
  }

  /// How the paths of a relation's second streams end, in every shard.
  package static func packedSuffix(_ relation: RelationID) -> String {
    "/edges/r\(padded(relation.rawValue, 4)).packed"
  }

  /// Out-edges, in the shard of their source.
  package static func reverse(_ relation: RelationID, shard: ShardID) -> String {
    "\(folder(shard))/edges/r\(padded(relation.rawValue, 4)).rev"
  }

  /// The edge ids of ``reverse(_:shard:)``.
  package static func reverseIDs(_ relation: RelationID, shard: ShardID) -> String {
    reverse(relation, shard: shard) + ".ids"
  }

  package static func edgeColumn(_ column: Int, of relation: RelationID, shard: ShardID) -> String {
    edgePrefix(column, relation, shard) + ".npy"
  }

  /// The cumulative weights of an edge column.
  package static func edgeSums(_ column: Int, of relation: RelationID, shard: ShardID) -> String {
    edgePrefix(column, relation, shard) + ".sums.npy"
  }

  /// The positions of the order of an edge column of times.
  package static func edgeOrder(_ column: Int, of relation: RelationID, shard: ShardID) -> String {
    edgePrefix(column, relation, shard) + ".order.npy"
  }

  /// Times in that order.
  package static func edgeTimes(_ column: Int, of relation: RelationID, shard: ShardID) -> String {
    edgePrefix(column, relation, shard) + ".times.npy"
  }

  private static func edgePrefix(_ column: Int, _ relation: RelationID, _ shard: ShardID) -> String
  {
    "\(folder(shard))/edges/r\(padded(relation.rawValue, 4)).c\(padded(column, 2))"
  }

  package static func nodeColumn(_ column: Int, of type: NodeTypeID, shard: ShardID) -> String {
    "\(folder(shard))/nodes/t\(padded(type.rawValue, 4)).c\(padded(column, 2)).npy"
  }

  /// The common part of the names of a type's id files: `ids/t0000`.
  package static func ids(_ type: NodeTypeID) -> String { "ids/t\(padded(type.rawValue, 4))" }

  package static func folder(_ shard: ShardID) -> String { "shard-\(padded(shard.rawValue, 5))" }

  /// The folders that a graph of `shards` shards needs, parents first.
  package static func folders(shards: Int) -> [String] {
    ["ids"]
      + (0..<shards).flatMap { shard in
        let name = folder(ShardID(shard))
        return [name, name + "/edges", name + "/nodes"]
      }
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
