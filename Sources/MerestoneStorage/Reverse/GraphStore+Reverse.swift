import MerestoneCore

extension GraphStore {
  /// Maps a shard's out-edges and compares their headers with the manifest; `nil` where the
  /// relation has none there, or stores none.
  func openReverse(
    _ relation: RelationID, _ shard: ShardID
  ) throws(StorageError) -> ReverseStore? {
    let entry = manifest.relations[relation.rawValue]
    guard let reverse = entry.reverse else { return nil }
    let edges = reverse.shardEdges[shard.rawValue]
    guard edges > 0 else { return nil }
    let listsName = GraphLayout.reverse(relation, shard: shard)
    let idsName = GraphLayout.reverseIDs(relation, shard: shard)
    guard let listsFile = listed[listsName] else { throw .missing(path: path + "/" + listsName) }
    guard let idsFile = listed[idsName] else { throw .missing(path: path + "/" + idsName) }
    let lists = try EdgeStore(path: path + "/" + listsName, expectedBytes: listsFile.bytes)
    let ids = try EdgeIDFile(path: path + "/" + idsName, expectedBytes: idsFile.bytes)
    let headers: [(path: String, bytes: Int, expected: UInt32, found: UInt32)] = [
      (lists.path, EdgeFileHeader.byteCount, listsFile.checksum, lists.header.checksum),
      (ids.path, EdgeIDHeader.byteCount, idsFile.checksum, ids.header.checksum),
    ]
    for header in headers where header.expected != header.found {
      throw .wrongChecksum(
        path: header.path, byteOffset: 0, byteCount: header.bytes, expected: header.expected,
        found: header.found)
    }
    let sources = book.nodes(of: NodeTypeID(entry.sourceType), in: shard)
    let destinations = UInt64(manifest.nodeTypes[entry.destinationType].count)
    let checks: [(path: String, offset: Int, field: String, expected: UInt64, found: UInt64)] = [
      (lists.path, 24, "sources", UInt64(sources.count), UInt64(lists.destinationCount)),
      (lists.path, 32, "edges", UInt64(edges), UInt64(lists.edgeCount)),
      (
        lists.path, 40, "largest destination id", destinations == 0 ? 0 : destinations - 1,
        lists.maximumSource
      ),
      (
        lists.path, 48, "largest out-degree", UInt64(reverse.maxOutDegree),
        UInt64(max(reverse.maxOutDegree, lists.maximumInDegree))
      ),
      (ids.path, 24, "edges of the relation", UInt64(entry.edgeCount), ids.header.edgeCount),
    ]
    for check in checks where check.expected != check.found {
      throw .corrupt(
        path: check.path, byteOffset: check.offset, field: check.field,
        expected: "\(check.expected)", found: "\(check.found)")
    }
    return try ReverseStore(lists: lists, ids: ids)
  }
}
