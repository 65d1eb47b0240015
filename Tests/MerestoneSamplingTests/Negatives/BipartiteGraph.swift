import MerestoneCore
import MerestoneTestSupport

@testable import MerestoneSampling
@testable import MerestoneStorage

/// A relation from one node type to another, in one shard.
struct BipartiteGraph {
  /// The sources of every destination's in-edges, ascending.
  var lists: [[UInt64]]
  var sourceCount: Int

  /// Stores the graph and opens its relation, decoded and page by page.
  func topologies(in folder: TemporaryFolder) throws -> [Topology] {
    let path = folder.file("bipartite")
    let writer = try GraphWriter(output: path, shards: 1)
    let sources = lists.flatMap { $0 }
    let degrees = lists.map { UInt64($0.count) }
    var edges = try EdgeStoreWriter(
      path: writer.path(GraphLayout.edges(RelationID(0), shard: ShardID(0))),
      destinationCount: lists.count, edgeCount: sources.count,
      maximumSource: UInt64(sourceCount - 1))
    try edges.append(inDegrees: degrees.span, sources: sources.span)
    writer.add(try edges.finish())
    let counts = [("author", sourceCount), ("paper", lists.count)]
    try writer.commit(
      GraphManifest(
        nodeTypes: counts.map {
          NodeTypeEntry(name: $0, count: $1, idKind: .integer, rawIDStorage: .identity)
        },
        relations: [
          RelationEntry(
            sourceType: 0, name: "writes", destinationType: 1, edgeCount: sources.count,
            idBytes: 1, maxInDegree: lists.map(\.count).max() ?? 0)
        ],
        book: PartitionBook(
          nodeBounds: counts.map { [0, UInt64($1)] }, edgeBounds: [[0, UInt64(sources.count)]])))
    let store = try GraphStore.open(path)
    return try [ByteCount(1 << 30), ByteCount(0)].map {
      try Topology.open(store, memory: $0, pool: ThreadPool(threads: 1), joinsTypes: true)
    }
  }
}
